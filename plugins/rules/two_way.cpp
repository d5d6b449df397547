#include "two_way_rules.hpp"

namespace syncline::rules {

namespace {

bool done(std::string_view status) { return status == "completed" || status == "canceled"; }

const json::object& part(const json::object& facts, std::string_view name) {
  static const json::object none;
  const auto* v = facts.if_contains(name);
  return v != nullptr && v->is_object() ? v->get_object() : none;
}

bool owned(const Case& c) {
  const std::string owner = text_of(part(c.facts, "link"), "owner");
  return owner.empty() || owner == text_of(c.user(), "principal");
}

std::string asked_for(const Case& c) { return text_of(part(c.facts, "request"), "verb"); }

json::object of_kind(std::string_view kind) { return {{"kind", kind}}; }

Verdict hold(std::string reason, const json::object& args = {}) {
  Verdict v;
  v.decision = SY_HOLD;
  v.reason = std::move(reason);
  v.args = json::serialize(args);
  return v;
}

}  // namespace

Verdict UserFilters::run(const Change& change) const {
  if (change.side != SY_CRM) return {};
  Proposal p;
  p.kind = change.kind;
  p.doc = change.doc;
  p.facts = change.facts;
  const Case c(p);
  if (c.words("filters." + std::string(change.kind)).empty()) return hold("no_filter", of_kind(change.kind));
  const json::object& marks = part(c.facts, "marks");
  const std::string owner = text_of(marks, "owner");
  if (!owner.empty() && owner != text_of(c.user(), "principal")) return hold("not_yours");
  const auto* active = marks.if_contains("active");
  if (active != nullptr && active->is_bool() && !active->get_bool()) return hold("not_active");
  if (change.kind == "task" && !flag_of(c.facts, "linked") && done(c.text("status"))) return hold("not_open");
  return {};
}

Ruling Tracking::judge(const Proposal& p) const {
  if (p.verb != SY_CREATE || p.side != SY_CRM) return {};
  const Case c(p);
  const json::object& link = part(c.facts, "link");
  if (c.asked() || (!link.empty() && text_of(link, "state") != "tombstone")) return {};  // made anew, for its link
  if (c.word("track." + std::string(p.kind), "manual") == "all")
    return say(SY_CONFIRM, "tracked_by_option", of_kind(p.kind));
  return say(SY_VETO, "not_tracked", of_kind(p.kind));
}

Ruling Returning::judge(const Proposal& p) const {
  if (p.verb != SY_CREATE) return {};
  const Case c(p);
  const std::string cause = text_of(part(c.facts, "link"), "cause");
  if (cause.empty() || c.asked()) return {};
  if ((cause == "deleted_in_crm" || cause == "left_filter") && p.side == SY_CRM) return say(SY_VETO, "stays_local");
  if (cause != "deleted_in_mailbox" || p.side != SY_MAILBOX) return {};
  return p.kind == "contact" && owned(c) ? say(SY_CONFIRM, "returns") : say(SY_VETO, "stays_deleted");
}

Ruling Deletion::judge(const Proposal& p) const {
  if (p.verb != SY_DELETE) return {};
  const Case c(p);
  const bool contact = p.kind == "contact";
  if (asked_for(c) == "untrack") {
    if (!contact || owned(c) || c.word("untrack.contact.non_owner", "unlink") == "delete_crm")
      return say(SY_CONFIRM, "untracked_and_deleted");
    return say(SY_UNLINK, "not_your_contact");
  }
  if (p.side == SY_CRM) {
    if (contact) return say(SY_UNLINK, "contacts_stay");
    const std::int64_t setting = c.number("delete.task", 0);
    if (setting == 2 || (setting == 1 && done(c.text("status"))))
      return say(SY_UNLINK, "task_stays", {{"setting", setting}});
    return say(SY_CONFIRM, "task_goes");
  }
  if (contact) return owned(c) ? say(SY_UNLINK, "your_contact_stays") : say(SY_CONFIRM, "contact_goes");
  return done(c.text("status")) ? say(SY_UNLINK, "done_stays") : say(SY_CONFIRM, "open_goes");
}

}  // namespace syncline::rules
