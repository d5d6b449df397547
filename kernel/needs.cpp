#include "needs.hpp"

#include <algorithm>

#include "report.hpp"
#include "token.hpp"

namespace syncline {

namespace {

constexpr std::string_view place = "needs";

/// Visits every object of the document that holds a place for a need.
template <class F>
void each_place(json::value& v, const F& visit) {
  if (auto* a = v.if_array()) {
    for (auto& e : *a) each_place(e, visit);
  } else if (auto* o = v.if_object()) {
    if (const auto* at = o->if_contains(place); at != nullptr && at->is_string()) visit(*o);
    for (auto& m : *o) each_place(m.value(), visit);
  }
}

bool can_make(const PassContext& ctx, const std::string& kind) {
  const std::uint32_t caps = ctx.endpoint.crm->caps(kind).flags;
  return (caps & SY_CAN_CREATE) != 0 && (caps & (SY_TOKEN_KEYED | SY_TOKEN_FIND)) != 0;
}

/// Fills the place in every document that waits for `helper`; `made` empty: the place is left out.
void fill(PassContext& ctx, Intent& intent, const IntentOp& helper, const std::string& made) {
  for (IntentOp& op : intent.ops) {
    if (op.done || std::find(op.needs.begin(), op.needs.end(), helper.key) == op.needs.end()) continue;
    std::erase(op.needs, helper.key);
    json::value doc = parse_object(op.op.doc, "an operation's document");
    each_place(doc, [&](json::object& o) {
      if (o.at(place).as_string() != helper.key) return;
      o.erase(place);
      if (const auto* a = o.if_contains("address"); a != nullptr && a->is_string())
        ctx.parties.forget(std::string(a->get_string()));
      if (made.empty()) return;
      o["type"] = helper.op.kind;
      o["id"] = made;
    });
    op.op.doc = json::serialize(doc);
  }
}

void finish(PassContext& ctx, IntentOp& helper, const char* event, json::object details) {
  Batch batch;
  batch.remove_token(ctx.state.org, helper.op.token);
  batch.remove(Claim{ctx.state.org, ctx.state.id, 0, helper.key, {}, 0, 0});
  details["operation"] = "create";
  details["verdict"] = event;
  details["stage"] = "kernel";
  details["made"] = helper.op.kind;
  helper.activity = note_activity(ctx, batch, "email", other(helper.side), helper.source_id, event, std::move(details));
  helper.done = true;
  ctx.carried.append(batch);
}

void made(PassContext& ctx, Intent& intent, IntentOp& helper, const std::string& id) {
  fill(ctx, intent, helper, id);
  finish(ctx, helper, "created", {{"reason", "needed"}, {"args", {{"kind", helper.op.kind}, {"id", id}}}});
  log_item(SY_INFO, ctx.settings.name, helper.source_id, "created the " + helper.op.kind + " " + id + " that it needs");
}

void left_out(PassContext& ctx, Intent& intent, IntentOp& helper, const Done& d) {
  fill(ctx, intent, helper, "");
  finish(ctx, helper, "left_out", {{"reason", "need_refused"}, {"args", {{"kind", helper.op.kind}, {"text", d.text}}}});
  log_item(SY_WARN, ctx.settings.name, helper.source_id,
           "the " + helper.op.kind + " that it needs was refused, it goes on without: " + d.text);
}

}  // namespace

void add_needs(PassContext& ctx, WorkItem& w, IntentOp& op, std::vector<IntentOp>& helpers) {
  std::map<std::string, std::string> keys;  // name → key
  for (const Need& n : w.ruled.needs) {
    if (!can_make(ctx, n.kind)) continue;
    keys[n.name] = n.key;
    if (std::find(op.needs.begin(), op.needs.end(), n.key) == op.needs.end()) op.needs.push_back(n.key);
    if (std::any_of(helpers.begin(), helpers.end(), [&](const IntentOp& h) { return h.key == n.key; })) continue;
    IntentOp helper;
    helper.side = op.side;
    helper.helper = true;
    helper.op.verb = SY_CREATE;
    helper.op.kind = n.kind;
    helper.op.doc = json::serialize(n.doc);
    helper.op.token = create_token(ctx.state.organization, n.kind, n.key, 0);
    helper.key = n.key;
    helper.source_id = op.source_id;
    helper.reason = "needed";
    helpers.push_back(std::move(helper));
  }
  json::value doc = w.ruled.doc;
  each_place(doc, [&](json::object& o) {
    const auto it = keys.find(std::string(o.at(place).as_string()));
    if (it == keys.end())
      o.erase(place);
    else
      o[place] = it->second;
  });
  op.op.doc = json::serialize(doc);
}

bool settle_need(PassContext& ctx, Intent& intent, IntentOp& helper, const Done& d) {
  switch (d.code) {
    case SY_OK: made(ctx, intent, helper, d.id); return true;
    case SY_EXISTS: {
      const auto found = ctx.endpoint[helper.side]->find(ctx.budget(), helper.op);
      if (found && !found->partial())
        made(ctx, intent, helper, found->id);
      else
        left_out(ctx, intent, helper, d);
      return true;
    }
    case SY_RETRY:
    case SY_CANCELED:
    case SY_AUTH:
    case SY_FULL: return false;
    case SY_BROKEN:
      if (++helper.attempts < ctx.settings.retry_max) return false;
      [[fallthrough]];
    default: left_out(ctx, intent, helper, d); return true;
  }
}

void recover_need(PassContext& ctx, Intent& intent, IntentOp& helper) {
  if ((ctx.endpoint[helper.side]->caps(helper.op.kind).flags & SY_TOKEN_FIND) == 0) return;  // keyed: sent again
  const auto found = ctx.endpoint[helper.side]->find(ctx.budget(), helper.op);
  if (found && !found->partial()) made(ctx, intent, helper, found->id);
}

void drop_unneeded(PassContext& ctx, Intent& intent, const std::vector<std::optional<Done>>& done) {
  for (IntentOp& helper : intent.ops) {
    if (!helper.helper || helper.done) continue;
    bool needed = false;
    for (std::size_t i = 0; i < intent.ops.size(); ++i) {
      const IntentOp& op = intent.ops[i];
      needed =
          needed || (!op.done && !done[i] && std::find(op.needs.begin(), op.needs.end(), helper.key) != op.needs.end());
    }
    if (!needed) finish(ctx, helper, "left_out", {{"reason", "not_needed"}, {"args", {{"kind", helper.op.kind}}}});
  }
}

bool needs_settled(const Intent& intent, const IntentOp& op) {
  return std::none_of(op.needs.begin(), op.needs.end(), [&](const std::string& key) {
    return std::any_of(intent.ops.begin(), intent.ops.end(),
                       [&](const IntentOp& h) { return h.helper && !h.done && h.key == key; });
  });
}

}  // namespace syncline
