// What rules need and may not fetch themselves: gathered before they run, in batches per page, never per item.
#include <syncline/formats/ascii.hpp>

#include "pass.hpp"

namespace syncline {

std::optional<json::value> PartyCache::find(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(formats::lower(address));
  if (it == entries_.end()) return std::nullopt;
  const std::int64_t age = clock_() - it->second.at_ms;
  if (age < 0 || age > keep_ms_) return std::nullopt;
  return it->second.candidates;
}

void PartyCache::put(const std::string& address, json::value candidates) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= limit_) entries_.clear();  // bounded; it refills with what is used
  entries_.insert_or_assign(formats::lower(address), Entry{std::move(candidates), clock_()});
}

void PartyCache::forget(const std::string& address) {
  const std::lock_guard lock(mutex_);
  entries_.erase(formats::lower(address));
}

namespace {

void addresses_in(const json::object& doc, std::set<std::string>& out) {
  const auto one = [&](const json::value& v) {
    if (const auto* o = v.if_object())
      if (const auto* a = o->if_contains("address"); a != nullptr && a->is_string() && !a->get_string().empty())
        out.emplace(a->get_string());
  };
  for (const std::string_view name : {"from", "sender"})
    if (const auto* v = doc.if_contains(name)) one(*v);
  for (const std::string_view name : {"to", "cc", "bcc"})
    if (const auto* v = doc.if_contains(name); v != nullptr && v->is_array())
      for (const auto& a : v->get_array()) one(a);
}

std::string text_in(const json::object& doc, std::string_view name) {
  const auto* v = doc.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

json::value parsed(std::string_view text) {
  json::error_code ec;
  json::value v = json::parse(text, ec);
  if (ec) throw Error(SY_BROKEN, "the directory's answer is not JSON");
  return v;
}

/// What the directory says of each address; of what it was not asked, or could not say, nothing stands here: unknown.
json::object parties_for(PassContext& ctx, const std::set<std::string>& wanted) {
  json::object out;
  std::vector<std::string> ask;
  for (const std::string& a : wanted) {
    if (auto known = ctx.parties.find(a))
      out[a] = std::move(*known);
    else
      ask.push_back(a);
  }
  const DirectoryHandle directory = ctx.endpoint.crm->directory();
  if (ask.empty() || !directory) return out;
  const auto answers = directory.parties(ctx.budget(), ask);
  for (std::size_t i = 0; i < ask.size(); ++i) {
    json::value v = parsed(answers[i]);
    ctx.parties.put(ask[i], v);
    out[ask[i]] = std::move(v);
  }
  return out;
}

/// Nullopt: there is nobody to ask.
std::optional<json::object> records_for(PassContext& ctx, std::string_view kind, const std::set<std::string>& wanted) {
  json::object out;
  const DirectoryHandle directory = ctx.endpoint.crm->directory();
  if (!directory) return std::nullopt;
  if (wanted.empty()) return out;
  const std::vector<std::string> ask(wanted.begin(), wanted.end());
  const auto answers = directory.records(ctx.budget(), kind, ask);
  for (std::size_t i = 0; i < ask.size(); ++i) out[ask[i]] = parsed(answers[i]);
  return out;
}

}  // namespace

namespace {
json::object link_fact(const Link& l, const std::string& principal) {
  json::object out{{"state", name_of(l.state)}, {"mailbox", l.side.mailbox.id}, {"crm", l.side.crm.id}};
  if (!l.cause.empty()) out["cause"] = l.cause;
  out["owner"] = l.owner.empty() ? principal : l.owner;
  if (l.by_hand) out["by_hand"] = true;
  if (!one_way(l.kind)) out["base"] = json::object{{"mailbox", l.base.mailbox}, {"crm", l.base.crm}};
  return out;
}
}  // namespace

json::object basic_facts(const PassContext& ctx, const WorkItem& w, Side side) {
  json::object facts{{"user", ctx.settings.user}, {"now", ctx.clock()}, {"linked", w.link.has_value()}};
  if (const auto& item = w.item[side]; item && !item->marks.empty())
    facts["marks"] = parse_object(item->marks, "an item's marks");
  const std::int64_t confirmed = ctx.state.confirmed_ms != 0 ? ctx.state.confirmed_ms : ctx.clock();
  if (w.request) {
    json::object asked{{"verb", w.request->verb}};
    for (const std::string_view name : {"by", "regarding"})
      if (const auto* v = w.request->args.if_contains(name)) asked[name] = *v;
    facts["request"] = std::move(asked);
  }
  facts["received_after"] = ctx.settings.received_after_ms.value_or(confirmed);
  return facts;
}

std::vector<std::string> record_keys(const json::object& doc) {
  std::vector<std::string> out;
  for (const auto& [member, prefix] :
       {std::pair{"message_id", ""}, std::pair{"token", "token:"}, std::pair{"conversation", "conversation:"}})
    if (std::string value = text_in(doc, member); !value.empty()) out.push_back(prefix + std::move(value));
  return out;
}

void gather_facts(PassContext& ctx, std::vector<WorkItem*>& items, std::map<const WorkItem*, json::object>& facts) {
  std::set<std::string> wants;
  for (const Stage& s : ctx.stages)
    for (std::string& f : s.facts()) wants.insert(std::move(f));
  std::set<std::string> addresses;
  std::map<std::string, std::set<std::string>> keys;  // by kind
  std::map<const WorkItem*, std::vector<std::string>> wanted;
  for (const WorkItem* w : items) {
    facts[w] = basic_facts(ctx, *w, w->side());
    if (wants.contains("parties")) addresses_in(w->filtered.doc, addresses);
    std::set<std::string>& asked = keys[w->kind()];
    if (one_way(w->kind()))
      if (std::string id = text_in(w->filtered.doc, "message_id"); !id.empty()) asked.insert(std::move(id));
    if (!wants.contains("records_by_key")) continue;
    wanted[w] = wanted_keys(ctx.stages, w->kind(), proposed(*w), facts[w]);
    asked.insert(wanted[w].begin(), wanted[w].end());
  }
  const json::object parties = parties_for(ctx, addresses);
  std::map<std::string, std::optional<json::object>> records;
  for (const auto& [kind, ask] : keys) records[kind] = records_for(ctx, kind, ask);
  for (const WorkItem* w : items) {
    json::object& f = facts[w];
    const json::object& doc = w->filtered.doc;
    if (const auto& l = w->link ? w->link : w->ended; l && wants.contains("link"))
      f["link"] = link_fact(*l, ctx.state.principal);
    std::set<std::string> mine;
    addresses_in(doc, mine);
    json::object own_parties;
    for (const std::string& a : mine)
      if (const auto* v = parties.if_contains(a)) own_parties[a] = *v;
    f["parties"] = std::move(own_parties);
    json::array page;
    for (const std::string& key : wanted[w])
      if (ctx.planned_keys.contains(key)) page.emplace_back(key);
    f["page"] = std::move(page);
    const std::string id = text_in(doc, "message_id");
    if (id.empty()) f["records"] = json::array();
    const auto& found = records[w->kind()];
    if (!found) continue;
    if (const auto* v = found->if_contains(id)) f["records"] = *v;
    json::object own_records;
    for (const std::string& key : wanted[w])
      if (const auto* v = found->if_contains(key)) own_records[key] = *v;
    f["records_by_key"] = std::move(own_records);
  }
}

}  // namespace syncline
