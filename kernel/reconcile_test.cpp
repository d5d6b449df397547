// The decision table, row by row.
#include "reconcile.hpp"

#include <gtest/gtest.h>

namespace syncline {
namespace {

SideNow there(std::string_view title) { return {Presence::there, json::object{{"subject", title}}, 0}; }
const SideNow gone{Presence::gone, {}, 0}, left{Presence::left, {}, 0}, absent{};

Decision decide_for(SideNow m, SideNow c, bool linked = true, bool removes = false, bool outlives = false) {
  ReconcileInput in;
  in.left_removes = removes;
  in.edit_outlives = outlives;
  in.kind = "task";
  in.linked = linked;
  in.now = {std::move(m), std::move(c)};
  const json::object base{{"subject", "base"}};
  if (linked) in.base = {base, base};
  return reconcile(in);
}

TEST(Reconcile, unlinked) {
  EXPECT_EQ(decide_for(there("x"), absent, false).action, Action::create);
  EXPECT_EQ(decide_for(there("x"), absent, false).side, Side::crm);
  EXPECT_EQ(decide_for(absent, there("x"), false).side, Side::mailbox);
  EXPECT_EQ(decide_for(gone, absent, false).action, Action::nothing);
  EXPECT_EQ(decide_for(there("x"), there("x"), false).action, Action::update);  // matched: the base alone moves
}

TEST(Reconcile, unchanged_and_changed) {
  EXPECT_EQ(decide_for(there("base"), there("base")).action, Action::nothing);
  EXPECT_EQ(decide_for(there("new"), there("base")).merge.fields.crm, std::vector<std::string>{"subject"});
  EXPECT_EQ(decide_for(there("base"), there("new")).merge.fields.mailbox, std::vector<std::string>{"subject"});
  const Decision same = decide_for(there("new"), there("new"));
  EXPECT_EQ(same.action, Action::update);
  EXPECT_EQ(same.reason, "same_change");
  EXPECT_TRUE(same.merge.fields.crm.empty() && same.merge.fields.mailbox.empty());
}

TEST(Reconcile, a_deletion_is_carried_and_an_edit_is_lost_or_outlives_it) {
  EXPECT_EQ(decide_for(gone, there("base")).action, Action::remove);
  EXPECT_EQ(decide_for(gone, there("base")).side, Side::crm);
  EXPECT_EQ(decide_for(there("base"), gone).side, Side::mailbox);
  const Decision lost = decide_for(gone, there("edited"));
  EXPECT_EQ(lost.action, Action::remove);
  EXPECT_EQ(lost.side, Side::crm);
  ASSERT_EQ(lost.merge.losers.size(), 1u);
  EXPECT_EQ(lost.merge.losers[0].value, (json::object{{"subject", "edited"}}));
  const Decision again = decide_for(gone, there("edited"), true, false, true);
  EXPECT_EQ(again.action, Action::create);
  EXPECT_EQ(again.side, Side::mailbox);
  EXPECT_TRUE(again.again);
  EXPECT_EQ(decide_for(gone, gone).action, Action::unlink);
}

TEST(Reconcile, what_left_is_no_deletion_unless_the_policy_says_so) {
  for (const auto& [m, c] : {std::pair{left, there("base")}, std::pair{there("base"), left}}) {
    EXPECT_EQ(decide_for(m, c).action, Action::unlink);
    EXPECT_EQ(decide_for(m, c).reason, "left_filter");
    EXPECT_EQ(decide_for(m, c, true, true).action, Action::remove);
  }
  EXPECT_EQ(decide_for(left, there("base"), true, true).side, Side::crm);
  EXPECT_EQ(decide_for(left, left, true, true).action, Action::unlink);
  EXPECT_EQ(decide_for(gone, left).action, Action::unlink);
}

}  // namespace
}  // namespace syncline
