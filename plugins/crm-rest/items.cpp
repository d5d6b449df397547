#include "items.hpp"

#include <algorithm>

#include "odata.hpp"

namespace syncline::crm {
namespace json = boost::json;

namespace {

constexpr std::size_t reads_at_once = 25;  // rows with their documents in one answer

Scope scope_of_facts(const Client& client, const TableFacts* facts) {
  Scope out;
  out.addresses = client.settings().addresses;
  if (facts != nullptr) out.secured = facts->secured;
  return out;
}

Member reading(const ItemTable& table, const Scope& scope, const std::string& id) {
  Member out;
  out.method = "GET";
  out.path = Select{table.set + "(" + id + ")", item_columns(table, scope), {}, {}, {}}.path();
  if (std::string wish = item_preference(table); !wish.empty()) out.headers.emplace_back("Prefer", std::move(wish));
  return out;
}

/// A row that we may not see, in a table that we may read.
bool hidden(const Refused& e) { return e.status() == 403 && lower(e.server_code()) == "0x80048405"; }

}  // namespace

Scope scope_of(Client& client, Organization& organization, const Host& host, const Call& call, const ItemTable& table) {
  const bool new_here = organization.known_table(table.table) == nullptr;
  const auto facts = organization.table(host, call, table.table);
  Scope out = scope_of_facts(client, facts.get());
  if (!new_here) return out;
  for (const ItemField& f : table.fields)
    for (const std::string& c : f.columns)
      if (out.secured.contains(c))
        host.log(SY_WARN, "",
                 "crm: the column " + c + " of " + table.set + " is under field security: " + std::string(f.top()) +
                     " is not carried, since what is hidden cannot be told from what is empty");
  return out;
}

/// Before anything was read the secured columns are not known; no document has been handed out then either.
Caps ItemTarget::caps(const ItemKind& kind) const {
  std::set<std::string, std::less<>> fields;
  for (const ItemTable& t : kind.tables)
    fields.merge(scope_of_facts(*client_, organization_->known_table(t.table).get()).fields(t));
  return {SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE | SY_IF_VERSION | SY_TOKEN_KEYED | SY_TOKEN_FIND | SY_MARKS,
          100, 0, json::serialize(json::value_from(fields))};
}

/// The rows of these ids as they are now, from whichever table of the kind has them.
ItemTarget::Rows ItemTarget::rows_of(const Call& call, const ItemKind& kind, const std::vector<std::string>& ids) {
  Rows out;
  std::vector<std::string> left = ids;
  for (const ItemTable& table : kind.tables) {
    if (left.empty()) break;
    const Scope scope = scope_of(*client_, *organization_, host_, call, table);
    std::vector<std::string> missing;
    for (std::size_t at = 0; at < left.size(); at += reads_at_once) {
      call.check();
      const std::size_t end = std::min(at + reads_at_once, left.size());
      std::vector<BatchPart> parts;
      for (std::size_t i = at; i < end; ++i) parts.push_back({reading(table, scope, left[i])});
      const std::vector<net::Response> answers = run_batch(*client_, host_, call, parts);
      for (std::size_t i = at; i < end; ++i) {
        const net::Response& answer = answers[i - at];
        if (answer.ok()) {
          out.there[left[i]] = {&table, Client::object_of(answer, "GET " + table.set)};
          continue;
        }
        if (answer.status == 0)
          throw Error(SY_RETRY, "crm: POST $batch: the answer is not complete; it is tried again");
        const Refused no = refusal(client_->profile(), "GET " + table.set, answer);
        if (no.code() != SY_GONE && !hidden(no)) throw no;
        if (no.code() == SY_GONE && client_->profile().knows(no.server_code())) ++out.absent[left[i]];
        missing.push_back(left[i]);
      }
    }
    left = std::move(missing);
  }
  return out;
}

void ItemTarget::fetch(const Call& call, const ItemKind& kind, std::span<const std::string_view> ids,
                       const ItemSink& sink) {
  std::vector<std::string> keys;
  for (const std::string_view id : ids)
    if (auto key = guid(id)) keys.push_back(std::move(*key));
  const Rows rows = rows_of(call, kind, keys);
  for (const std::string_view id : ids) {
    const auto key = guid(id);
    const auto at = key ? rows.there.find(*key) : rows.there.end();
    const auto absent = key ? rows.absent.find(*key) : rows.absent.end();
    Item item;
    if (at != rows.there.end()) {
      const ItemTable& table = *at->second.table;
      item = item_of(kind, table, scope_of(*client_, *organization_, host_, call, table), at->second.values);
    } else {
      item.kind = kind.kind;
      // Who may read a whole table is told that a row does not exist; what is hidden bears another code.
      item.flags =
          absent != rows.absent.end() && absent->second == kind.tables.size() ? SY_ITEM_GONE : SY_ITEM_INVISIBLE;
    }
    item.id = std::string(id);
    if (!sink(item)) return;
  }
}

std::optional<Item> ItemTarget::find(const Call& call, const ItemKind& kind, const Operation& op) {
  const auto token = guid(op.token);
  if (!token) return std::nullopt;
  std::optional<Item> out;
  const std::vector<std::string_view> ids{*token};
  fetch(call, kind, ids, [&](const Item& item) {
    if (!item.invisible() && !item.gone()) out = item;
    return true;
  });
  return out;
}

Done ItemTarget::result(const Call& call, const ItemKind& kind, Plan& plan, const net::Response& answer) {
  if (answer.status == 0) throw Error(SY_RETRY, "crm: POST $batch: the server did not come to it; it is tried again");
  const std::string what = plan.part.back().method + " " + plan.table->set;
  if (!answer.ok()) return refused(call, kind, plan, refusal(client_->profile(), what, answer));
  Done out;
  out.id = plan.id;
  if (!plan.losses.never.empty()) out.never = json::serialize(json::value_from(plan.losses.never));
  out.text = plan.losses.note;
  if (plan.op->verb == SY_DELETE) return out;
  const Scope scope = scope_of(*client_, *organization_, host_, call, *plan.table);
  json::object row;
  if (!answer.body.empty()) {
    row = Client::object_of(answer, what);
  } else {  // the row was asked for and did not come
    const Rows now = rows_of(call, kind, {plan.id});
    if (now.there.empty())
      throw Error(SY_GONE, "crm: somebody deleted this " + kind.kind + " while it was being written");
    row = now.there.begin()->second.values;
  }
  const Item item = item_of(kind, *plan.table, scope, row);
  if (plan.part.back().method == "GET" && !plan.op->if_version.empty() && item.version != plan.op->if_version)
    throw Error(SY_CONFLICT, "crm: somebody changed this " + kind.kind + " meanwhile; it is read again");
  out.version = item.version;
  out.doc = item.doc;
  out.changed_ms = item.changed_ms;
  return out;
}

/// What a refusal means for the one operation.
Done ItemTarget::refused(const Call& call, const ItemKind& kind, Plan& plan, const Refused& no) {
  if (no.of_the_call()) throw no;
  const bool create = plan.op->verb == SY_CREATE;
  const DuplicateMap& twins = client_->profile().duplicates;
  if (create && !twins.code.empty() && lower(no.server_code()) == lower(twins.code))
    throw Error(SY_INVALID,
                "crm: the organization's duplicate detection rules say that this " + kind.kind +
                    " is there already, so it was not made; merge the two or change the rule in the CRM, then retry it",
                0, no.server_code());
  if (create && no.status() == 412) throw Refused(no.status(), SY_EXISTS, no.what(), 0, no.server_code());
  if (!create && no.code() == SY_EXISTS)
    throw Error(SY_INVALID, std::string(no.what()) + "; another record has a key that this one would get", 0,
                no.server_code());
  if (create && plan.owned && no.code() == SY_DENIED) {  // perhaps only giving it to somebody is what is not allowed
    Plan again;
    again.op = plan.op;
    plan_create(call, kind, again, false);
    again.losses.add("owner", "the application user may not give records to others");
    const std::vector<net::Response> answers = run_batch(*client_, host_, call, {again.part});
    return result(call, kind, again, answers.front());
  }
  throw no;
}

/// One request for several operations. None of them may concern the same record as another.
void ItemTarget::run(const Call& call, const ItemKind& kind, std::span<const Operation> ops, std::size_t first,
                     const DoneSink& done) {
  std::vector<std::string> known;  // where the table, or the state, has to be known before
  for (const Operation& op : ops)
    if (const auto id = guid(op.id); id && op.verb != SY_CREATE && !kind.tables.front().states.empty())
      known.push_back(*id);
  const Rows rows = known.empty() ? Rows{} : rows_of(call, kind, known);
  std::vector<Plan> plans;
  std::vector<BatchPart> parts;
  for (const Operation& op : ops) {
    plans.push_back(plan(call, kind, op, rows));
    if (!plans.back().failed) parts.push_back(plans.back().part);
  }
  const std::vector<net::Response> answers =
      parts.empty() ? std::vector<net::Response>{} : run_batch(*client_, host_, call, parts);
  std::size_t next = 0;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    Done out;
    if (plans[i].failed) {
      out = *plans[i].failed;
    } else {
      try {
        out = result(call, kind, plans[i], answers[next++]);
      } catch (const Refused& e) {
        if (e.of_the_call()) throw;
        out = Done::failed(e);
      } catch (const Error& e) {
        if (e.code() == SY_AUTH || e.code() == SY_CANCELED || e.code() == SY_RETRY) throw;
        out = Done::failed(e);
      }
    }
    done(first + i, out);
  }
}

void ItemTarget::apply(const Call& call, const ItemKind& kind, std::span<const Operation> ops, const DoneSink& done) {
  constexpr std::size_t most = 50;
  std::size_t first = 0;
  while (first < ops.size()) {
    call.check();
    std::set<std::string> met;
    std::size_t end = first;
    while (end < ops.size() && end - first < most) {
      const std::string& id = ops[end].verb == SY_CREATE ? ops[end].token : ops[end].id;
      if (!met.insert(lower(id)).second) break;  // the later one needs to see what the earlier one did
      ++end;
    }
    run(call, kind, ops.subspan(first, end - first), first, done);
    first = end;
  }
}

}  // namespace syncline::crm
