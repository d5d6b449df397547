// two_way_rules.hpp: what decides about contacts and tasks (phone calls, letters and faxes among them): what comes into
// the mailbox, what goes into the CRM, and what a deletion on one side does to the other. Each is pure.
#pragma once

#include "facts.hpp"

namespace syncline::rules {

/// What stages for two-way kinds have in common.
template <template <class> class Stage, class T>
class TwoWay : public Stage<T> {
 public:
  static constexpr std::array<sy_option, 0> options{};
  static constexpr std::uint32_t revision = 1;
  static constexpr const char* kinds = R"(["contact", "task"])";
  TwoWay(Host, std::string_view) {}
};

/// Which of the CRM's records come into the mailbox by themselves: `filters.KIND`. Of a task that is linked only the
/// owner counts, so that its completion is carried.
class UserFilters : public TwoWay<Filter, UserFilters> {
 public:
  using TwoWay::TwoWay;
  static constexpr const char* name = "user-filters";
  static constexpr const char* summary = "lets in the records of the CRM that the user's filters name";
  static constexpr const char* reasons =
      R"~({"no_filter": "filters.{kind} is empty: no {kind} of the CRM comes into the mailbox by itself", "not_yours": "it belongs to somebody else in the CRM", "not_active": "it is not active in the CRM", "not_open": "it is completed or canceled"})~";
  [[nodiscard]] Verdict run(const Change& c) const;
};

/// What a mailbox has goes into the CRM when a person tracks it, or all of it: `track.KIND`.
class Tracking : public TwoWay<Rule, Tracking> {
 public:
  using TwoWay::TwoWay;
  static constexpr const char* name = "tracking";
  static constexpr const char* summary = "lets items of the mailbox into the CRM that are tracked, or all";
  static constexpr const char* wants = R"(["user", "request", "link"])";
  static constexpr const char* reasons =
      R"~({"not_tracked": "nobody has tracked it: `syncline track` does, track.{kind} = \"all\" takes all", "tracked_by_option": "track.{kind} is \"all\""})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// An item whose link had ended and whose other side is gone: whether a change makes it anew there.
class Returning : public TwoWay<Rule, Returning> {
 public:
  using TwoWay::TwoWay;
  static constexpr const char* name = "returning";
  static constexpr const char* summary = "what was deleted on one side stays so, but for a contact of its owner";
  static constexpr const char* wants = R"(["user", "request", "link"])";
  static constexpr const char* reasons =
      R"~({"returns": "a contact of yours that has changed in the CRM comes back into the mailbox", "stays_deleted": "it was deleted in the mailbox and stays so", "stays_local": "its record in the CRM was deleted: it stays in the mailbox and is not carried; `syncline track` makes a new one"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// What a deletion, or letting go with deletion, does to the other side.
class Deletion : public TwoWay<Rule, Deletion> {
 public:
  using TwoWay::TwoWay;
  static constexpr const char* name = "deletion";
  static constexpr const char* summary = "says what a deletion on one side does to the other";
  static constexpr const char* wants = R"(["user", "request", "link"])";
  static constexpr const char* reasons =
      R"~({"contacts_stay": "a contact deleted in the mailbox stays in the CRM", "your_contact_stays": "your own contact, deleted in the CRM, stays in the mailbox", "contact_goes": "it belonged to somebody else in the CRM and is deleted there", "task_stays": "delete.task = {setting}: the task stays in the CRM", "task_goes": "a task deleted in the mailbox is deleted in the CRM", "done_stays": "it is completed: it stays in the mailbox", "open_goes": "an open task deleted in the CRM is deleted in the mailbox", "untracked_and_deleted": "let go, and deleted as asked for", "not_your_contact": "let go; the contact belongs to somebody else and stays (untrack.contact.non_owner)"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

}  // namespace syncline::rules
