#include "reconcile.hpp"

#include <map>

namespace syncline {

namespace {

bool changed(const ReconcileInput& in, Side s) {
  return !changed_groups(in.kind, in.now[s].doc, in.base[s], in.carried[s]).empty();
}

Decision both_there(const ReconcileInput& in) {
  Decision d;
  d.action = Action::update;
  MergeInput m{in.kind, {in.now.mailbox.doc, in.now.crm.doc}, in.base, in.carried, in.policy, std::nullopt};
  const auto mailbox_ms = in.now.mailbox.changed_ms, crm_ms = in.now.crm.changed_ms;
  if (mailbox_ms != 0 && crm_ms != 0 && mailbox_ms != crm_ms) m.newer = mailbox_ms > crm_ms ? Side::mailbox : Side::crm;
  d.merge = merge(m);
  if (!d.merge.open_conflicts.empty()) {
    d.action = Action::conflict;
    d.reason = "both_changed";
    return d;
  }
  const bool writes = !d.merge.fields.mailbox.empty() || !d.merge.fields.crm.empty();
  if (writes)
    d.reason = d.merge.losers.empty() ? "changed" : "both_changed_settled";
  else if (changed(in, Side::mailbox) || changed(in, Side::crm))
    d.reason = "same_change";
  else
    d.action = Action::nothing;
  return d;
}

/// What was written on a side since the last common state, group by group.
std::vector<Loser> edits(const ReconcileInput& in, Side s) {
  std::map<std::string, Loser> out;
  const std::set<std::string> groups = changed_groups(in.kind, in.now[s].doc, in.base[s], in.carried[s]);
  for (const std::string& g : groups) out[g] = {g, s, {}};
  for (const auto& m : in.now[s].doc)
    if (const auto it = out.find(std::string(group_of(in.kind, m.key()))); it != out.end())
      it->second.value[m.key()] = m.value();
  std::vector<Loser> losers;
  for (auto& [g, l] : out) losers.push_back(std::move(l));
  return losers;
}

Decision one_gone(const ReconcileInput& in, Side gone) {
  const Side rest = other(gone);
  if (in.now[rest].presence == Presence::left) return {Action::unlink, rest, "deleted_and_left", {}, false};
  Decision d{Action::remove, rest, gone == Side::mailbox ? "deleted_in_mailbox" : "deleted_in_crm", {}, false};
  const bool ours = in.written[rest] != 0 && content_hash(in.now[rest].doc) == in.written[rest];
  if (ours || !changed(in, rest)) return d;
  // What a person wrote after the last common state comes back, or is lost by the policy; then it is kept as a loser.
  if (in.edit_outlives) return {Action::create, gone, "edited_after_deletion", {}, true};
  d.merge.losers = edits(in, rest);
  return d;
}

}  // namespace

Decision reconcile(const ReconcileInput& in) {
  const Presence m = in.now.mailbox.presence, c = in.now.crm.presence;
  if (!in.linked) {
    if (m == Presence::there && c == Presence::there) return both_there(in);  // matched: linked for the first time
    if (m == Presence::there) return {Action::create, Side::crm, "new_in_mailbox", {}, false};
    if (c == Presence::there) return {Action::create, Side::mailbox, "new_in_crm", {}, false};
    return {};
  }
  if (m == Presence::gone && c == Presence::gone) return {Action::unlink, Side::crm, "deleted_on_both", {}, false};
  if (m == Presence::gone) return one_gone(in, Side::mailbox);
  if (c == Presence::gone) return one_gone(in, Side::crm);
  if (m == Presence::left || c == Presence::left) {
    const Side rest = m == Presence::left ? Side::crm : Side::mailbox;
    const bool both = m == c;
    if (!in.left_removes || both) return {Action::unlink, rest, "left_filter", {}, false};
    return {Action::remove, rest, "left_filter", {}, false};
  }
  return both_there(in);
}

}  // namespace syncline
