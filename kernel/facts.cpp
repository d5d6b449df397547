// What rules need and may not fetch themselves: gathered before they run, in batches per page, never per item.
#include <algorithm>

#include "pass.hpp"

namespace syncline {

std::optional<json::value> PartyCache::find(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(address);
  if (it == entries_.end() || clock_() - it->second.at_ms > keep_ms_) return std::nullopt;
  return it->second.candidates;
}

void PartyCache::put(const std::string& address, json::value candidates) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= limit_) entries_.clear();  // bounded; it refills with what is used
  entries_.insert_or_assign(address, Entry{std::move(candidates), clock_()});
}

void PartyCache::forget(const std::string& address) {
  const std::lock_guard lock(mutex_);
  entries_.erase(address);
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

json::object records_for(PassContext& ctx, std::string_view kind, const std::set<std::string>& wanted) {
  json::object out;
  const DirectoryHandle directory = ctx.endpoint.crm->directory();
  if (wanted.empty() || !directory) return out;
  const std::vector<std::string> ask(wanted.begin(), wanted.end());
  const auto answers = directory.records(ctx.budget(), kind, ask);
  for (std::size_t i = 0; i < ask.size(); ++i) out[ask[i]] = parsed(answers[i]);
  return out;
}

}  // namespace

json::object basic_facts(const PassContext& ctx, const WorkItem& w) {
  json::object facts{{"user", ctx.settings.user}, {"now", ctx.clock()}, {"linked", w.link.has_value()}};
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

void gather_facts(PassContext& ctx, std::vector<WorkItem*>& items, std::map<const WorkItem*, json::object>& facts,
                  const std::vector<const WorkItem*>& accepted) {
  std::set<std::string> wants;
  for (const Stage& s : ctx.stages)
    for (std::string& f : s.facts()) wants.insert(std::move(f));
  std::set<std::string> addresses, keys;
  for (const WorkItem* w : items) {
    const json::object& doc = w->filtered.doc;
    if (wants.contains("parties")) addresses_in(doc, addresses);
    if (!one_way(w->kind())) continue;
    if (const std::string id = text_in(doc, "message_id"); !id.empty()) keys.insert(id);
    if (wants.contains("correlation"))
      if (const std::string id = text_in(doc, "in_reply_to"); !id.empty()) keys.insert(id);
  }
  const json::object parties = parties_for(ctx, addresses);
  const json::object records = records_for(ctx, "email", keys);
  json::array page;
  for (const WorkItem* w : accepted)
    if (const std::string id = text_in(w->filtered.doc, "message_id"); !id.empty()) page.emplace_back(id);
  for (const std::string& id : ctx.planned_keys) page.emplace_back(id);
  for (const WorkItem* w : items) {
    json::object& f = facts[w];
    f = basic_facts(ctx, *w);
    const json::object& doc = w->filtered.doc;
    if (w->link)
      f["link"] = json::object{
          {"state", name_of(w->link->state)}, {"mailbox", w->link->side.mailbox.id}, {"crm", w->link->side.crm.id}};
    std::set<std::string> mine;
    addresses_in(doc, mine);
    json::object own_parties;
    for (const std::string& a : mine)
      if (const auto* v = parties.if_contains(a)) own_parties[a] = *v;
    f["parties"] = std::move(own_parties);
    if (const auto* v = records.if_contains(text_in(doc, "message_id")))
      f["records"] = *v;
    else if (text_in(doc, "message_id").empty())
      f["records"] = json::array();
    if (const auto* v = records.if_contains(text_in(doc, "in_reply_to"))) f["correlation"] = *v;
    f["page"] = page;
  }
}

}  // namespace syncline
