// The requests that carry out one operation: a change set, so that nothing is left half done.
#include <algorithm>

#include "items.hpp"
#include "odata.hpp"
#include "syncline/formats/time.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

std::set<std::string, std::less<>> fields_of(const Operation& op) {
  boost::system::error_code failed;
  const json::value list = json::parse(op.fields.empty() ? "[]" : std::string_view(op.fields), failed);
  if (failed || !list.is_array()) throw Error(SY_INVALID, "the operation's list of fields is not a JSON array");
  std::set<std::string, std::less<>> out;
  for (const json::value& f : list.get_array())
    if (f.is_string()) out.emplace(f.get_string());
  return out;
}

/// The table that a document's subkind names; the first where it names none.
const ItemTable& table_of(const ItemKind& kind, const json::object& doc) {
  const std::string subkind = text_of(doc, "subkind");
  if (subkind.empty()) return kind.tables.front();
  for (const ItemTable& t : kind.tables)
    if (t.subkind == subkind) return t;
  throw Error(SY_INVALID, "crm: the profile has no table for this subkind of " + kind.kind);
}

std::string wanted_status(const json::object& doc) {
  const std::string status = text_of(doc, "status");
  return status.empty() ? "not_started" : status;
}

void put_state(const ItemTable& table, const FinalState& s, json::object& body) {
  body[table.state] = s.state;
  body[table.status] = s.status;
}

}  // namespace

Member ItemTarget::write(const ItemTable& table, const std::string& id, std::string_view if_match,
                         json::object body) const {
  Member out;
  out.method = "PATCH";
  out.path = table.set + "(" + id + ")";
  out.headers.emplace_back("If-Match", if_match.empty() ? "*" : std::string(if_match));
  out.body = json::serialize(body);
  return out;
}

/// The last write tells the row as it left it: nobody can come in between.
void ItemTarget::answer_with_row(Plan& plan, const Scope& scope) const {
  Member& last = plan.part.back();
  last.path = Select{last.path, item_columns(*plan.table, scope), {}, {}, {}}.path();
  const std::string more = item_preference(*plan.table);
  last.headers.emplace_back("Prefer", "return=representation" + (more.empty() ? more : "," + more));
}

void ItemTarget::plan_create(const Call& call, const ItemKind& kind, Plan& plan, bool owned) {
  const auto token = guid(plan.op->token);
  if (!token) throw Error(SY_INVALID, "the token of this create is not a UUID");
  const json::object doc = document_of(plan.op->doc);
  plan.table = &table_of(kind, doc);
  plan.id = *token;
  const Scope scope = scope_of(*client_, *organization_, host_, call, *plan.table);
  json::object body = item_columns_of(*plan.table, scope, doc, nullptr, plan.losses);
  std::optional<FinalState> closing;
  if (!plan.table->states.empty()) {
    const auto state = state_of(*plan.table, wanted_status(doc));
    if (!state) plan.losses.add("status", "a " + plan.table->subkind + " has no such state in the CRM");
    if (state && state->state == 0) body[plan.table->status] = state->status;
    if (state && state->state != 0) closing = state;
  }
  if (!plan.table->begun.empty()) body[plan.table->begun] = formats::to_iso(host_.now_ms());
  const std::string owner = owned && !plan.table->owner.empty() ? owner_(call) : std::string();
  if (!owner.empty()) {
    std::string nav =
        organization_->table(host_, call, plan.table->table)->binds(plan.table->owner, plan.table->owner_table);
    if (nav.empty()) nav = plan.table->owner_bind;
    if (const auto set = organization_->set_of(host_, call, plan.table->owner_table))
      body[nav + "@odata.bind"] = "/" + *set + "(" + owner + ")";
    plan.owned = true;
  }
  Member make = write(*plan.table, plan.id, {}, std::move(body));
  make.headers = {{"If-None-Match", "*"}};
  if (const DuplicateMap& twins = client_->profile().duplicates; !twins.header.empty())
    make.headers.emplace_back(twins.header, twins.value);
  plan.part.push_back(std::move(make));
  if (closing) {
    json::object state;
    put_state(*plan.table, *closing, state);
    plan.part.push_back(write(*plan.table, plan.id, "*", std::move(state)));
  }
  answer_with_row(plan, scope);
}

/// What is closed is read-only: it is opened, written and closed again in one change set.
void ItemTarget::plan_update(const Call& call, Plan& plan, const Row& row) {
  const ItemTable& table = *plan.table;
  const json::object doc = document_of(plan.op->doc);
  const std::set<std::string, std::less<>> fields = fields_of(*plan.op);
  const Scope scope = scope_of(*client_, *organization_, host_, call, table);
  json::object body = item_columns_of(table, scope, doc, &fields, plan.losses);
  std::vector<json::object> steps;
  if (table.states.empty()) {
    steps.push_back(std::move(body));
  } else {
    const std::int64_t state_now = number_of(row.values, table.state).value_or(0);
    const std::string now = status_of(table, row.values);
    const std::string wanted = fields.contains("status") ? wanted_status(doc) : now;
    std::optional<FinalState> goal = state_of(table, wanted);
    if (!goal) plan.losses.add("status", "a " + table.subkind + " has no such state in the CRM");
    // What keeps its status keeps it exactly, also where it is one of the organization's own.
    if (!goal || wanted == now) goal = FinalState{state_now, number_of(row.values, table.status).value_or(0)};
    const bool moves = goal->state != state_now || goal->status != number_of(row.values, table.status);
    if (state_now != 0 && (!body.empty() || goal->state == 0 || moves)) {
      const auto open = state_of(table, "not_started");
      json::object reopen;
      put_state(table, goal->state == 0 ? *goal : open.value_or(FinalState{0, 1}), reopen);
      steps.push_back(std::move(reopen));
    } else if (goal->state == 0 && moves) {
      put_state(table, *goal, body);
    }
    if (!body.empty()) steps.push_back(std::move(body));
    if (goal->state != 0 && (state_now == 0 || !steps.empty())) {
      json::object close;
      put_state(table, *goal, close);
      steps.push_back(std::move(close));
    }
  }
  std::erase_if(steps, [](const json::object& s) { return s.empty(); });
  if (steps.empty()) {  // nothing that the CRM could take: the row is told as it is
    Member look;
    look.method = "GET";
    look.path = table.set + "(" + plan.id + ")";
    plan.part.push_back(std::move(look));
  }
  for (json::object& s : steps)
    plan.part.push_back(write(table, plan.id, plan.part.empty() ? plan.op->if_version : "*", std::move(s)));
  answer_with_row(plan, scope);
}

ItemTarget::Plan ItemTarget::plan(const Call& call, const ItemKind& kind, const Operation& op, const Rows& rows) {
  Plan out;
  out.op = &op;
  try {
    if (op.verb == SY_CREATE) {
      plan_create(call, kind, out, true);
      return out;
    }
    const auto id = guid(op.id);
    if (!id) throw Error(SY_GONE, "crm: no " + kind.kind + " can have this id");
    out.id = *id;
    out.table = &kind.tables.front();
    Row row;
    if (!out.table->states.empty()) {
      const auto at = rows.there.find(*id);
      if (at == rows.there.end()) throw Error(SY_GONE, "crm: this " + kind.kind + " is not there any more");
      row = at->second;
      out.table = row.table;
      if (!op.if_version.empty() && text_of(row.values, "@odata.etag") != op.if_version)
        throw Error(SY_CONFLICT, "crm: somebody changed this " + kind.kind + " meanwhile; it is read again");
    }
    if (op.verb == SY_UPDATE) {
      plan_update(call, out, row);
      return out;
    }
    Member gone;
    gone.method = "DELETE";
    gone.path = out.table->set + "(" + *id + ")";
    gone.headers.emplace_back("If-Match", op.if_version.empty() ? "*" : op.if_version);
    out.part.push_back(std::move(gone));
  } catch (const Error& e) {
    const auto* no = dynamic_cast<const Refused*>(&e);
    if (no != nullptr ? no->of_the_call() : e.code() == SY_AUTH || e.code() == SY_CANCELED || e.code() == SY_RETRY)
      throw;
    out.failed = Done::failed(e);
  }
  return out;
}

}  // namespace syncline::crm
