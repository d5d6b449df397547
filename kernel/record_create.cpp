// What became of creates, and of items that were linked instead.
#include <algorithm>

#include "org_feeds.hpp"
#include "record.hpp"
#include "report.hpp"
#include "token.hpp"

namespace syncline {

std::string message_id(const json::object& doc) {
  const auto* v = doc.if_contains("message_id");
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

void count(PassContext& ctx, std::string_view what, std::int64_t n) {
  const auto* v = ctx.state.counters.if_contains(what);
  ctx.state.counters[what] = (v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : 0) + n;
}

std::optional<json::object> stored_document(PassContext& ctx, const IntentOp& op, const Done& d) {
  if (!d.doc.empty()) return normalise(parse_object(d.doc, "the answer's document"));
  std::optional<json::object> out;
  try {
    const std::string id = d.id.empty() ? op.op.id : d.id;
    ctx.endpoint[op.side]->fetch(ctx.budget(), op.op.kind, std::vector<std::string>{id}, SY_WHOLE, [&](const Item& i) {
      if (i.version == d.version && !i.gone() && !i.invisible())
        out = normalise(parse_object(i.doc, "an item's document"));
      return true;
    });
  } catch (const Error& e) {
    log_item(SY_DEBUG, ctx.settings.name, op.op.id, std::string("read-back failed, what was sent counts: ") + e.what());
  }
  return out;
}

Pending look_again(const PassContext& ctx, Side side, const std::string& id, const std::string& kind,
                   const std::string& version) {
  Pending p;
  p.pair = ctx.state.id;
  p.side = side;
  p.id = id;
  p.kind = kind;
  p.version = version;
  p.since_ms = ctx.clock();
  return p;
}

void put_seen_twin(PassContext& ctx, Batch& batch, const Link& link, Side side, std::vector<std::string> keys) {
  if (one_way(link.kind)) return;
  auto s = ctx.ledger.seen(ctx.state.id, side, link.side[side].id);
  if (s)
    batch.remove(*s);
  else
    s = Seen{};
  s->pair = ctx.state.id;
  s->side = side;
  s->id = link.side[side].id;
  s->kind = link.kind;
  s->version = link.side[side].version;
  s->link = link.id;
  s->verdict = "linked";
  s->fingerprint = ctx.settings.fingerprint;
  s->keys = side == Side::mailbox ? std::move(keys) : std::vector<std::string>();
  ctx.linked_in_carried[side].insert(s->id);
  batch.put(*s);
}

void remember_record(const PassContext& ctx, Link& l, const WorkItem& w) {
  if (!w.item.crm || w.item.crm->gone() || w.item.crm->invisible()) return;
  l.owner = mark_of(*w.item.crm, "owner");
  if (l.owner == ctx.state.principal) l.owner.clear();
}

namespace {

/// A mailbox that wants its items gone is asked again once the link is confirmed.
void let_go(PassContext& ctx, Batch& batch, const Link& l) {
  if (consumes(ctx, l.kind))
    batch.put(look_again(ctx, Side::mailbox, l.side.mailbox.id, l.kind, l.side.mailbox.version));
}

/// Two pairs may decide to make the same record before either has told; the token then makes one of it, and who comes
/// second has made nothing.
bool made_by_others(PassContext& ctx, const IntentOp& op, const std::string& record) {
  if (op.key.empty() || op.side != Side::crm) return false;
  const auto links = ctx.ledger.links_of_record(ctx.state.org, op.op.kind, record);
  return std::any_of(links.begin(), links.end(), [&](const Link& l) {
    return l.pair != ctx.state.id && l.token == op.op.token && l.state != LinkState::tombstone;
  });
}

void finish_create(Batch& batch, PassContext& ctx, const IntentOp& op) {
  batch.remove_token(ctx.state.org, op.op.token);
  if (!op.key.empty()) batch.remove(Claim{ctx.state.org, ctx.state.id, 0, op.key, {}, 0, 0});
  const json::object doc = parse_object(op.op.doc, "an operation's document");
  Spool& spool = ctx.spool;
  ctx.after_carried.push_back([&spool, doc] { spool.remove_all(doc); });
}

}  // namespace

void record_create(PassContext& ctx, Batch& batch, const IntentOp& op, WorkItem& w, Done d) {
  if (!one_way(op.op.kind) && op.repeated) {  // the answer may show an edit of what an earlier request made
    batch.put(look_again(ctx, op.side, d.id, op.op.kind, d.version));
    d.version = "adopted";
    d.doc = op.op.doc;
  }
  const Side to = op.side, from = other(to);
  const bool theirs = made_by_others(ctx, op, d.id);
  Link l;
  if (op.link != 0)
    if (auto old = ctx.ledger.link(op.link)) {  // made anew: the old link stays as what it was, ended
      old->state = LinkState::tombstone;
      old->cause = "made_anew";
      old->since_ms = ctx.clock();
      batch.put(*old, ctx.state.org);
    }
  l.id = ctx.ledger.next_id();
  l.pair = ctx.state.id;
  l.kind = op.op.kind;
  // A row of its own says that a walk has shown it before it was recorded.
  const auto shown = ctx.ledger.pending(ctx.state.id, to, d.id);
  l.state = shown && !shown->gone ? LinkState::live : LinkState::unconfirmed;
  l.confirm_side = to;
  l.confirm_walk = walks_of(ctx, to, l.kind).first;
  l.key = op.key;
  l.token = op.op.token;
  l.generation = op.generation;
  l.since_ms = ctx.clock();
  l.side[from] = {op.source_id, op.source_version, 0, 0};
  l.side[to] = {d.id, d.version, 0, 0};
  l.by_hand = w.request.has_value();
  remember_record(ctx, l, w);
  if (!w.pending.version.empty() && w.pending.version != op.source_version)
    w.pending.revision = 0;  // a newer change: it stays
  if (!d.never.empty()) {
    const json::value fields = json::parse(d.never);
    for (const auto& f : fields.as_array()) l.never.emplace_back(f.as_string());
  }
  if (!one_way(l.kind)) {
    const auto stored = stored_document(ctx, op, d);
    l.base[from] = op.source_doc;
    l.base[to] = stored ? *stored : normalise(parse_object(op.op.doc, "an operation's document"));
    if (!stored) batch.put(look_again(ctx, to, d.id, l.kind, d.version));  // that side counts as changed
    for (const Side s : both_sides) l.side[s].hash = content_hash(l.base[s]);
  }
  batch.put(l, ctx.state.org);
  put_seen_twin(ctx, batch, l, to, {token_key(l.token)});
  if (const std::string id = message_id(parse_object(op.op.doc, "an operation's document")); !id.empty())
    add_known_link(ctx, batch, ctx.ledger.known(ctx.state.org, message_key(id)), {ctx.state.id, l.id, l.side.crm.id});
  finish_create(batch, ctx, op);
  w.link = l;
  json::object details{
      {"operation", "create"}, {"where", name_of(to)}, {"id", d.id}, {"link", l.id}, {"why", op.reason}};
  if (!l.never.empty()) details["never_stored"] = json::array(l.never.begin(), l.never.end());
  json::array notes;
  for (const Note& n : w.ruled.notes)
    notes.emplace_back(json::object{{"stage", n.stage}, {"reason", n.reason}, {"args", n.args}});
  if (!notes.empty()) details["rules"] = std::move(notes);
  if (theirs) details["operation"] = "link";
  settle(ctx, batch, w, "linked", "kernel", theirs ? "made_meanwhile" : "created", {{"id", d.id}}, std::move(details));
  let_go(ctx, batch, l);
  ++(theirs ? ctx.counts.linked : ctx.counts.created);
  count(ctx, theirs ? "linked" : "created");
  log_item(
      SY_INFO, ctx.settings.name, op.source_id,
      (theirs ? "linked to what another pair has made in " : "created in ") + std::string(name_of(to)) + " as " + d.id);
}

void tombstone(PassContext& ctx, Batch& batch, WorkItem& w, const std::string& cause, const std::string& operation,
               std::optional<Side> deleted) {
  Link l = *w.link;
  const Side o = other(w.side());
  l.state = LinkState::tombstone;
  l.cause = cause;
  l.since_ms = ctx.clock();
  const auto& own = w.item[w.side()];
  const bool own_changed =
      w.now[w.side()].presence == Presence::there && own && own->version != l.side[w.side()].version;
  const bool once_more = operation == "unlink" && own_changed && cause.starts_with("deleted_in_");
  if (operation == "unlink") {  // both stay as they are; what was changed while the other was deleted is looked at anew
    if (own_changed && !once_more) l.side[w.side()].version = own->version;
    if (w.now[o].presence == Presence::there && w.item[o]->version != l.side[o].version) w.other_pending.reset();
  }
  batch.put(l, ctx.state.org);
  w.link = l;
  const bool ruled = w.ruled.outcome == RulesResult::Outcome::unlink;
  const std::string stage = ruled ? w.ruled.stage : "kernel", reason = ruled ? w.ruled.reason : cause;
  const json::object args = ruled ? w.ruled.args : json::object();
  const std::string& id = l.side[o].id;
  if (auto twin = id.empty() ? std::nullopt : ctx.ledger.seen(ctx.state.id, o, id)) {
    batch.remove(*twin);
    if (w.now[o].presence == Presence::there && operation == "unlink") {
      twin->verdict = "ended";
      twin->stage = stage;
      twin->reason = reason;
      twin->args = args;
      twin->keys.clear();
      twin->trace.push_back(
          note_activity(ctx, batch, l.kind, o, id, "ended",
                        {{"verdict", "ended"}, {"stage", stage}, {"reason", reason}, {"args", args}, {"link", l.id}}));
      if (twin->trace.size() > trace_limit) twin->trace.erase(twin->trace.begin() + 1);
      batch.put(*twin);
    }
  }
  const bool there = w.now[w.side()].presence == Presence::there && deleted != w.side();
  settle(ctx, batch, w, there ? "ended" : "removed", stage, reason, args,
         {{"operation", operation}, {"link", l.id}, {"why", cause}});
  if (once_more) batch.put(look_again(ctx, w.side(), w.id(), w.kind(), own->version));
}

bool failed_create(PassContext& ctx, Batch& batch, IntentOp& op, WorkItem& w, const Done& d) {
  switch (d.code) {
    case SY_EXISTS: {  // the token or key is taken: find says by what
      const auto found = ctx.endpoint[op.side]->find(ctx.budget(), op.op);
      if (found && found->partial()) return false;  // recovery goes on where it stopped
      if (found) {
        Done ok;
        ok.id = found->id;
        ok.version = found->version;
        op.repeated = true;
        record_create(ctx, batch, op, w, ok);
        return true;
      }
      break;
    }
    case SY_GONE: {  // deleted by somebody between our requests: never made anew
      Link l;
      l.id = op.link != 0 ? op.link : ctx.ledger.next_id();
      l.pair = ctx.state.id;
      l.kind = op.op.kind;
      l.side[other(op.side)] = {op.source_id, op.source_version, 0, 0};
      l.side[op.side] = {op.op.token, "", 0, 0};
      l.generation = op.generation;
      l.key = op.key;
      l.token = op.op.token;
      w.link = l;
      finish_create(batch, ctx, op);
      tombstone(ctx, batch, w, "deleted_while_created", "create");
      return true;
    }
    case SY_RETRY:
    case SY_CANCELED:
    case SY_BROKEN:
    case SY_AUTH:
      if (++op.attempts < ctx.settings.retry_max || d.code != SY_BROKEN)
        return false;  // not known whether it happened: recovery looks
      break;
    default: break;
  }
  finish_create(batch, ctx, op);
  put_in_quarantine(ctx, batch, w, "endpoint", d);
  ++ctx.counts.failed;
  return true;
}

void link_to_record(PassContext& ctx, Batch& batch, WorkItem& w) {
  const auto* id = w.ruled.args.if_contains("id");
  const auto* version = w.ruled.args.if_contains("version");
  Link l;
  l.id = ctx.ledger.next_id();
  l.pair = ctx.state.id;
  l.kind = w.kind();
  l.confirm_walk = walks_of(ctx, Side::crm, l.kind).first;  // unconfirmed: it may be deleted before it is recorded
  l.since_ms = ctx.clock();
  l.key = w.key;
  l.side.mailbox = {w.id(), w.item.mailbox ? w.item.mailbox->version : w.pending.version, 0, 0};
  l.side.crm = {id != nullptr && id->is_string() ? std::string(id->get_string()) : "",
                version != nullptr && version->is_string() ? std::string(version->get_string()) : "", 0, 0};
  if (l.side.crm.id.empty())
    throw Error(SY_BROKEN, "rule " + w.ruled.stage + " wants to link and does not say to what");
  batch.put(l, ctx.state.org);
  if (const std::string mid = message_id(w.filtered.doc); !mid.empty())
    add_known_link(ctx, batch, ctx.ledger.known(ctx.state.org, message_key(mid)), {ctx.state.id, l.id, l.side.crm.id});
  w.link = l;
  ++ctx.counts.linked;
  count(ctx, "linked");
  settle(ctx, batch, w, "linked", w.ruled.stage, w.ruled.reason, w.ruled.args,
         {{"operation", "link"}, {"link", l.id}, {"id", l.side.crm.id}});
  log_item(SY_INFO, ctx.settings.name, w.id(), "linked to " + l.side.crm.id + " (" + w.ruled.reason + ")");
  let_go(ctx, batch, l);
}

}  // namespace syncline
