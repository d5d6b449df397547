#include "marks.hpp"

#include "report.hpp"

namespace syncline {

namespace {

constexpr std::size_t page_size = 100;

MarkState state_on(const Item& item) {
  if (item.marks.empty()) return MarkState::none;
  const json::object marks = parse_object(item.marks, "an item's marks");
  const auto* v = marks.if_contains("state");
  boost::system::error_code failed;
  const auto n = v == nullptr ? -1 : v->to_number<int>(failed);
  return failed || n < 0 || n > 4 ? MarkState::none : static_cast<MarkState>(n);
}

/// Named properties travel with copies and invitations: what another organization's client put there is not for us.
bool foreign(const PassContext& ctx, const Item& item) {
  const std::string organization = mark_of(item, "organization");
  return !organization.empty() && organization != ctx.state.organization;
}

bool live(const std::optional<Link>& link) { return link && link->state != LinkState::tombstone; }

std::string ended_marks(const PassContext& ctx) {
  return json::serialize(json::object{{"state", 0}, {"organization", ctx.state.organization}});
}

/// Marks the items of one kind.
class Marking {
 public:
  Marking(PassContext& ctx, std::string kind) : ctx_(ctx), kind_(std::move(kind)) {}

  void add(const WantedMark& wanted) {
    auto link = ctx_.ledger.link_of_item(ctx_.state.id, Side::mailbox, ctx_.state.org, kind_, wanted.id);
    if (!link || !carries_states(ctx_, kind_)) {
      batch_.remove(wanted);
      return;
    }
    Operation op;
    op.verb = SY_MARK;
    op.kind = kind_;
    op.id = wanted.id;
    // A person's edit in between would be taken for ours: of what is in step the version is minded.
    if (live(link) && !one_way(kind_)) op.if_version = link->side.mailbox.version;
    op.marks = live(link) ? linked_marks(ctx_, link->side.crm.id) : ended_marks(ctx_);
    ops_.push_back(std::move(op));
    links_.push_back(std::move(*link));
    wanted_.push_back(wanted);
  }

  void write() {
    const std::uint32_t most = ctx_.endpoint.mailbox->caps(kind_).max_batch;
    const std::size_t step = most == 0 ? std::max<std::size_t>(ops_.size(), 1) : most;
    for (std::size_t at = 0; at < ops_.size(); at += step) {
      ctx_.check();
      ctx_.renew();
      const std::span<const Operation> some(ops_.data() + at, std::min(step, ops_.size() - at));
      ctx_.endpoint.mailbox->apply(ctx_.budget(), some, [&](std::size_t i, const Done& d) { record(at + i, d); });
    }
    ctx_.commit(std::move(batch_));
  }

 private:
  void record(std::size_t i, const Done& d) {
    Link& link = links_[i];
    switch (d.code) {
      case SY_OK:
        // The feed will show the item once more: as it is now, it is known.
        if (!one_way(kind_)) {
          link.side.mailbox.version = d.version;
          batch_.put(link, ctx_.state.org);
        }
        batch_.remove(wanted_[i]);
        log_item(SY_DEBUG, ctx_.settings.name, link.side.mailbox.id, "marked in mailbox");
        return;
      case SY_GONE: batch_.remove(wanted_[i]); return;
      case SY_CONFLICT:  // changed meanwhile: marked when that is in step
      case SY_RETRY:
      case SY_CANCELED:
      case SY_AUTH: return;
      default:
        batch_.remove(wanted_[i]);
        log_item(SY_WARN, ctx_.settings.name, link.side.mailbox.id,
                 "the mailbox refused the mark that says how the item is linked: " + d.text);
    }
  }

  PassContext& ctx_;
  std::string kind_;
  std::vector<Operation> ops_;
  std::vector<Link> links_;
  std::vector<WantedMark> wanted_;
  Batch batch_;
};

}  // namespace

bool carries_states(const PassContext& ctx, std::string_view kind) {
  return (ctx.endpoint.mailbox->caps(kind).flags & SY_STATES) != 0;
}

std::string linked_marks(const PassContext& ctx, const std::string& record) {
  return json::serialize(json::object{{"state", 2}, {"organization", ctx.state.organization}, {"record", record}});
}

void want_mark(PassContext& ctx, Batch& batch, const WorkItem& w) {
  if (ctx.planning || !w.link || !carries_states(ctx, w.kind())) return;
  const auto& item = w.item.mailbox;
  if (item && w.now.mailbox.presence != Presence::there) return;
  if (!item && w.side() == Side::crm) return;  // made by us just now, with its mark
  const bool linked = live(w.link);
  if (item) {
    if (foreign(ctx, *item)) return;
    const MarkState now = state_on(*item);
    if (linked && now == MarkState::linked && mark_of(*item, "record") == w.link->side.crm.id) return;
    if (!linked && (now == MarkState::none || now == MarkState::ended)) return;
  }
  batch.put(WantedMark{ctx.state.id, w.link->side.mailbox.id, w.kind()});
}

void ask_by_mark(PassContext& ctx, WorkItem& w) {
  if (w.request || ctx.planning || w.side() != Side::mailbox || !carries_states(ctx, w.kind())) return;
  const auto& item = w.item.mailbox;
  if (!item || w.now.mailbox.presence != Presence::there || foreign(ctx, *item)) return;
  const MarkState state = state_on(*item);
  const bool wanted = state == MarkState::to_link     ? !live(w.link)
                      : state == MarkState::to_unlink ? live(w.link)
                                                      : state == MarkState::to_delete && live(w.link);
  if (!wanted) return;
  Request r;
  r.pair = ctx.state.id;
  r.id = ctx.ledger.next_id();
  r.at_ms = ctx.clock();
  r.verb = state == MarkState::to_link ? "track" : "untrack";
  r.args = {{"side", "mailbox"}, {"item", w.id()}, {"kind", w.kind()}, {"by", ctx.state.address}, {"from", "mark"}};
  if (state == MarkState::to_delete) r.args["delete"] = true;
  Batch batch;
  batch.put(r);
  ctx.carried.append(batch);
  ctx.asked[{Side::mailbox, w.id()}] = r;
  w.request = std::move(r);
}

bool belongs_elsewhere(PassContext& ctx, WorkItem& w) {
  if (w.request || w.side() != Side::mailbox || live(w.link) || !carries_states(ctx, w.kind())) return false;
  const auto& item = w.item.mailbox;
  if (!item || w.now.mailbox.presence != Presence::there || !foreign(ctx, *item)) return false;
  if (state_on(*item) != MarkState::linked) return false;
  Batch batch;
  settle(ctx, batch, w, "refused", "kernel", "linked_elsewhere", {{"organization", mark_of(*item, "organization")}});
  ctx.carried.append(batch);
  return true;
}

bool only_marked(const PassContext& ctx, const WorkItem& w) {
  return w.side() == Side::mailbox && w.seen && carries_states(ctx, w.kind()) && w.link->side.mailbox.hash != 0 &&
         content_hash(w.now.mailbox.doc) == w.link->side.mailbox.hash;
}

void write_marks(PassContext& ctx) {
  if (ctx.planning) return;
  std::vector<std::int64_t> after;
  for (auto page = ctx.ledger.wanted_marks(ctx.state.id, after, page_size); !page.empty();
       page = ctx.ledger.wanted_marks(ctx.state.id, after, page_size)) {
    std::map<std::string, Marking> by_kind;
    for (const WantedMark& m : page) by_kind.try_emplace(m.kind, ctx, m.kind).first->second.add(m);
    for (auto& [kind, marking] : by_kind) marking.write();
  }
}

}  // namespace syncline
