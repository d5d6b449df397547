#include "requests.hpp"

#include "report.hpp"

namespace syncline {

namespace {

constexpr std::int64_t keep_answers_ms = std::int64_t{24} * 3600 * 1000;

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

bool flag_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_bool() && v->get_bool();
}

/// The CRM's record as it is now; its version guards what is written.
void read_record(PassContext& ctx, WorkItem& w) {
  const std::string& id = w.link->side.crm.id;
  w.item.crm.reset();
  ctx.endpoint.crm->fetch(ctx.budget(), w.kind(), std::vector<std::string>{id}, SY_HEAD, [&](const Item& i) {
    if (i.id == id && !i.gone() && !i.invisible()) w.item.crm = i;
    return true;
  });
}

void end(PassContext& ctx, WorkItem& w, const std::string& verdict, const std::string& reason, json::object args = {}) {
  Batch batch;
  settle(ctx, batch, w, verdict, "kernel", reason, std::move(args), {{"request", w.request->verb}});
  ctx.carried.append(batch);
}

std::string verdict_now(const WorkItem& w) {
  if (w.link && w.link->state != LinkState::tombstone) return "linked";
  return w.seen && !w.seen->verdict.empty() && w.seen->verdict != "linked" ? w.seen->verdict : "ended";
}

void set_regarding(WorkItem& w) {
  w.decision.action = Action::update;
  w.decision.side = Side::crm;
  w.decision.reason = "regarding_set";
  w.decision.merge.fields.crm = {"regarding"};
  w.decision.merge.wanted.crm = {{"regarding", w.request->args.at("regarding")}};
}

void untrack(PassContext& ctx, WorkItem& w) {
  if (!w.link || w.link->state == LinkState::tombstone) return end(ctx, w, verdict_now(w), "not_tracked");
  w.decision = {Action::unlink, Side::crm, "untracked", {}, false};
  if (!flag_of(w.request->args, "delete")) return;
  if ((ctx.endpoint.crm->caps(w.kind()).flags & SY_CAN_DELETE) == 0)
    return end(ctx, w, verdict_now(w), "delete_unsupported");
  read_record(ctx, w);
  if (w.item.crm) w.decision = {Action::remove, Side::crm, "untracked", {}, false};
}

/// A link that had ended is taken up again when its record is still there.
void track_again(PassContext& ctx, WorkItem& w) {
  read_record(ctx, w);
  if (!w.item.crm) {
    w.generation = w.link->generation + 1;
    w.link.reset();
    w.decision = {Action::create, Side::crm, "tracked", {}, false};
    return;
  }
  take_up(ctx, w, *w.link);
  Batch batch;
  batch.put(*w.link, ctx.state.org);
  ctx.carried.append(batch);
  if (w.request->args.contains("regarding")) return set_regarding(w);
  end(ctx, w, "linked", "tracked_again", {{"id", w.link->side.crm.id}});
}

void track(PassContext& ctx, WorkItem& w) {
  if (w.link && w.link->state == LinkState::tombstone && w.now.mailbox.presence == Presence::there)
    return track_again(ctx, w);
  if (w.link && w.link->state != LinkState::tombstone) {
    if (!w.request->args.contains("regarding"))
      return end(ctx, w, "linked", "already_tracked", {{"id", w.link->side.crm.id}});
    read_record(ctx, w);
    if (!w.item.crm) return end(ctx, w, "linked", "gone_in_crm", {{"id", w.link->side.crm.id}});
    return set_regarding(w);
  }
  if (w.now.mailbox.presence != Presence::there) return end(ctx, w, "removed", "source_gone");
  w.decision = {Action::create, Side::crm, "tracked", {}, false};
}

}  // namespace

bool about_item(const Request& r) { return r.verb == "track" || r.verb == "regarding" || r.verb == "untrack"; }

void take_item_request(PassContext& ctx, const Request& r) {
  if (!r.done.empty()) {  // answered; nobody came back for it
    if (ctx.clock() - r.at_ms < keep_answers_ms) return;
    Batch b;
    b.remove(r);
    ctx.commit(std::move(b));
    return;
  }
  const Side side = text_of(r.args, "side") == "crm" ? Side::crm : Side::mailbox;
  const std::string item = text_of(r.args, "item");
  ctx.asked[{side, item}] = r;
  Pending p = ctx.ledger.pending(ctx.state.id, side, item).value_or(Pending{});
  if (p.revision != 0 && p.not_before_ms == 0) return;
  p.pair = ctx.state.id;
  p.side = side;
  p.id = item;
  p.kind = text_of(r.args, "kind");
  p.since_ms = ctx.clock();
  p.not_before_ms = 0;  // asked for now
  Batch b;
  b.put(p);
  ctx.commit(std::move(b));
}

namespace {

/// Of a two-way item the request only says how it is looked at: what follows is read, reconciled and judged as ever.
bool decide_two_way(PassContext& ctx, WorkItem& w) {
  const bool linked = w.link && w.link->state != LinkState::tombstone;
  const auto fields = carried_fields(*ctx.endpoint.crm, w.kind());
  if (w.request->args.contains("regarding") && fields && !fields->contains("regarding")) {
    end(ctx, w, verdict_now(w), "not_offered", {{"verb", "regarding"}, {"kind", w.kind()}});
    return true;
  }
  if (w.request->verb == "untrack") {
    if (!linked) {
      end(ctx, w, verdict_now(w), "not_tracked");
    } else if (!flag_of(w.request->args, "delete")) {
      w.decision = {Action::unlink, Side::crm, "untracked", {}, false};
    } else if ((ctx.endpoint.crm->caps(w.kind()).flags & SY_CAN_DELETE) == 0) {
      end(ctx, w, verdict_now(w), "delete_unsupported");
    } else {
      w.decision = {Action::remove, Side::crm, "untracked", {}, false};
    }
    return w.settled;
  }
  if (linked) return false;
  if (w.now[w.side()].presence != Presence::there) {
    end(ctx, w, "removed", "source_gone");
    return true;
  }
  if (!w.link) return false;
  // The other side's item of a link that has ended is what it was; where it is gone, this one is made there anew.
  const std::string& twin = w.link->side[other(w.side())].id;
  bool there = false;
  if (!twin.empty())
    read_items(ctx, other(w.side()), w.kind(), {twin}, SY_HEAD,
               [&](const Item& i) { there = there || !(i.gone() || i.invisible()); });
  if (there) {
    take_up(ctx, w, *w.link);
  } else {
    w.generation = w.link->generation + 1;
    w.link.reset();
  }
  return false;
}

}  // namespace

bool decide_request(PassContext& ctx, WorkItem& w) {
  if (!w.request) return false;
  if (!one_way(w.kind())) return decide_two_way(ctx, w);
  if (w.request->verb == "untrack")
    untrack(ctx, w);
  else
    track(ctx, w);
  return w.settled || w.decision.action != Action::create;
}

void answer_request(PassContext& ctx, Batch& batch, const WorkItem& w, std::string_view verdict, std::string_view stage,
                    std::string_view reason, const json::object& args) {
  if (!w.request || ctx.planning) return;
  Request r = *w.request;
  r.at_ms = ctx.clock();
  r.done = {{"at", ctx.clock()}, {"verdict", verdict}, {"stage", stage}, {"reason", reason}, {"args", args}};
  batch.put(r);
  ctx.asked.erase({w.side(), w.id()});
}

}  // namespace syncline
