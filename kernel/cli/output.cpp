#include "output.hpp"

#include <ctime>
#include <iostream>

#include "exit_code.hpp"

namespace syncline {

std::string instant_text(std::int64_t utc_ms) {
  if (utc_ms == 0) return "never";
  const std::time_t s = static_cast<std::time_t>(utc_ms / 1000);
  std::tm tm{};
  ::gmtime_r(&s, &tm);
  std::array<char, 32> buf{};
  std::strftime(buf.data(), buf.size(), "%Y-%m-%d %H:%M:%SZ", &tm);
  return buf.data();
}

std::string end_text(PairEnd end) {
  switch (end) {
    case PairEnd::done: return "done";
    case PairEnd::waits_for_confirmation: return "waits_for_confirmation";
    case PairEnd::held_elsewhere: return "held_elsewhere";
    case PairEnd::failed: return "failed";
  }
  return "done";
}

json::object report_json(const PairReport& r) {
  json::object o{{"pair", r.name}, {"end", end_text(r.end)}, {"counts", counts_json(r.counts)}};
  if (r.code != SY_OK) o["error"] = json::object{{"code", code_name(r.code)}, {"text", r.error}};
  if (!r.waiting.empty()) o["waiting"] = r.waiting;
  if (!r.planned.empty()) {
    json::array ops;
    for (const PlannedOp& p : r.planned)
      ops.emplace_back(json::object{{"side", name_of(p.side)},
                                    {"operation", p.verb == SY_CREATE   ? "create"
                                                  : p.verb == SY_UPDATE ? "update"
                                                                        : "delete"},
                                    {"kind", p.kind},
                                    {"item", p.item},
                                    {"why", p.reason}});
    o["operations"] = std::move(ops);
  }
  return o;
}

void print_plan(const PairReport& r) {
  std::cout << r.name << ": ";
  if (r.end == PairEnd::failed) {
    std::cout << "cannot be planned: " << r.error << "\n";
    return;
  }
  std::cout << "would be " << counts_line(r.counts) << "\n";
  for (const auto& [reason, n] : r.counts.refused_by) std::cout << "    refused " << n << " × " << reason << "\n";
  std::size_t shown = 0;
  for (const PlannedOp& p : r.planned) {
    if (++shown > 5) {
      std::cout << "    … and " << r.planned.size() - 5 << " more (--json lists them)\n";
      break;
    }
    std::cout << "    "
              << (p.verb == SY_CREATE   ? "create"
                  : p.verb == SY_UPDATE ? "update"
                                        : "delete")
              << " " << p.kind << " in " << name_of(p.side) << " from " << p.item << " (" << p.reason << ")\n";
  }
}

int exit_code_of(const std::vector<PairReport>& reports) {
  int code = exit_code::ok;
  const auto worse = [&](int c) { code = std::max(code, c); };
  for (const PairReport& r : reports) {
    if (r.end == PairEnd::held_elsewhere) worse(exit_code::try_again);
    if (r.end == PairEnd::failed) worse(exit_code::of(r.code));
    if (r.end == PairEnd::waits_for_confirmation) worse(exit_code::stopped);
    if (r.counts.failed != 0 || r.counts.quarantined != 0) worse(exit_code::items_failed);
    if (r.counts.waiting != 0) worse(exit_code::try_again);
  }
  return code;
}

std::string kernel_words(std::string_view reason, const json::object& args) {
  static const std::map<std::string_view, std::string_view> sentences{
      {"created", "it was created there as {id}"},
      {"new_in_mailbox", "it is new in the mailbox"},
      {"new_in_crm", "it is new in the CRM"},
      {"in_step", "both sides agree"},
      {"made_meanwhile", "another pair had made the same record, {id}, in the meantime"},
      {"changed", "one side changed"},
      {"same_change", "both sides made the same change"},
      {"moved", "a person moved it, which gave it another id (it was {from}); its link goes on"},
      {"delete_denied", "it may not be deleted there: it stays, and its link has ended"},
      {"edit_lost", "the item was deleted on the other side; what had been written here is kept in this history"},
      {"both_changed_settled", "both sides changed the same thing; the policy chose, and the other value is kept here"},
      {"deleted_in_mailbox", "it was deleted in the mailbox"},
      {"deleted_in_crm", "it was deleted in the CRM"},
      {"deleted_on_both", "it was deleted on both sides"},
      {"deleted_while_created", "somebody deleted the record while it was being created; it is not made anew"},
      {"edited_after_deletion", "it was deleted on one side and edited on the other: the edit stays"},
      {"left_filter",
       "it left the filter or is not visible any more; that is no deletion (left_filter says what follows)"},
      {"landed_late", "our own request to create it arrived after the source had gone; it is taken back"},
      {"made_anew", "it was made anew after a deletion"},
      {"source_gone", "it vanished from the mailbox before it could be read"},
      {"failure_purged",
       "it failed ({code}) and nobody looked after it for {days} days: given up; `syncline track` tries again"},
      {"dropped", "{by} gave it up ({code}); it is looked at again when it changes"},
      {"nothing_to_do", "nothing follows from it"},
      {"tracked", "a person asked for it"},
      {"tracked_again", "it is tracked again as {id}"},
      {"already_tracked", "it is tracked already, as {id}"},
      {"not_tracked", "it is not tracked"},
      {"untracked", "a person ended its tracking"},
      {"regarding_set", "what it is about was set on {id}"},
      {"gone_in_crm", "its record is not in the CRM any more, or not visible"},
      {"update_refused", "the CRM refused the change: {text}"},
      {"delete_unsupported", "this CRM connection cannot delete such records; untrack it without --delete"},
      {"not_offered", "{verb} is not offered for a {kind}"},
      {"consumed", "the CRM has it, so it was removed from the mailbox (delete_after_processing)"},
      {"needed", "a {kind} that it needs was created as {id}"},
      {"need_refused", "the {kind} that it would need was refused, it went on without: {text}"},
      {"not_needed", "the {kind} that was begun for it is not needed any more"},
      {"linked_elsewhere", "another organization ({organization}) has linked it; `track` takes it over"},
      {"read_only", "the {side} cannot be written to"}};
  const auto it = sentences.find(reason);
  return it == sentences.end() ? std::string(reason) : fill_sentence(it->second, args);
}

}  // namespace syncline
