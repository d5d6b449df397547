// When changes travel: nothing before the next cycle, then all of it.
#include "exchange_house.hpp"

namespace syncline::test {
namespace {

ExchangeSetup all() {
  ExchangeSetup out;
  out.defaults = "track.contact = \"all\"\ntrack.task = \"all\"\n";
  return out;
}

TEST(ExchangeChanges, IMM_05) {
  ExchangeHouse h(all());
  const std::string item = h.task("Call");
  h.settle();
  const std::string id = h.text(h.only("tasks"), "activityid");
  h.clear_logs();
  h.set(item, "item:Subject", "Task", "<t:Subject>Call back</t:Subject>");
  EXPECT_THAT(h.writes(), IsEmpty());
  EXPECT_EQ(h.text(h.only("tasks"), "subject"), "Call");
  h.settle();
  EXPECT_EQ(h.text(h.only("tasks"), "subject"), "Call back");
  EXPECT_EQ(h.text(h.only("tasks"), "activityid"), id);
  h.expect_quiet();
}

TEST(ExchangeChanges, IMM_09) {
  ExchangeHouse h(all());
  const std::string item = h.task("Call");
  h.settle();
  h.clear_logs();
  h.exchange().remove(alice, item);
  EXPECT_THAT(h.rows("tasks"), SizeIs(1));
  EXPECT_THAT(h.writes(), IsEmpty());
  h.settle();
  EXPECT_THAT(h.rows("tasks"), IsEmpty());
}

TEST(ExchangeChanges, IMM_10) {
  ExchangeHouse h(all());
  const std::string item = h.task("Call");
  h.settle();
  h.clear_logs();
  h.crm().remove("tasks", h.text(h.only("tasks"), "activityid"));
  EXPECT_THAT(h.in("tasks"), ElementsAre(item));
  EXPECT_THAT(h.writes(), IsEmpty());
  h.settle();
  h.settle();
  EXPECT_THAT(h.in("tasks"), IsEmpty());
}

TEST(ExchangeChanges, what_a_person_moves_to_the_deleted_items_is_deleted) {
  ExchangeHouse h(all());
  const std::string item = h.contact("Lee");
  h.settle();
  h.exchange().move(alice, item, "deleteditems");
  h.settle();
  EXPECT_THAT(h.rows("contacts"), SizeIs(1)) << "a contact stays in the CRM";
  EXPECT_THAT(h.in("contacts"), IsEmpty());
  h.expect_quiet();
}

TEST(ExchangeChanges, H_a_forgotten_sync_state_deletes_and_doubles_nothing) {
  ExchangeHouse h(all());
  for (int i = 0; i < 5; ++i) h.contact("n" + std::to_string(i));
  h.settle();
  ASSERT_THAT(h.rows("contacts"), SizeIs(5));
  h.exchange().forget_states();
  h.clear_logs();
  h.settle();
  EXPECT_THAT(h.writes(), IsEmpty());
  EXPECT_THAT(h.rows("contacts"), SizeIs(5));
  h.expect_quiet();
}

TEST(ExchangeChanges, H_a_mailbox_that_moved_to_another_server_is_recognized) {
  ExchangeHouse h(all());
  for (int i = 0; i < 5; ++i) h.contact("n" + std::to_string(i));
  h.task("Call");
  h.settle();
  ASSERT_THAT(h.rows("contacts"), SizeIs(5));
  h.exchange().rehome(alice);
  h.settle();
  h.settle();
  EXPECT_THAT(h.rows("contacts"), SizeIs(5));
  EXPECT_THAT(h.rows("tasks"), SizeIs(1));
  EXPECT_THAT(h.in("contacts"), SizeIs(5));
  EXPECT_THAT(h.in("tasks"), SizeIs(1));
  h.expect_quiet();
  h.set(h.in("tasks").front(), "item:Subject", "Task", "<t:Subject>Call back</t:Subject>");
  h.settle();
  EXPECT_EQ(h.text(h.only("tasks"), "subject"), "Call back") << "the link goes on";
}

}  // namespace
}  // namespace syncline::test
