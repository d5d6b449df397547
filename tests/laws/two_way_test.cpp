// The laws on two memory endpoints, through the whole program: a config in, both sides' end state out.
#include "house.hpp"

namespace syncline::test {
namespace {

json::object contact(std::string_view email, std::string_view title) {
  return {{"firstname", "Ann"}, {"lastname", "Lee"}, {"email1", email}, {"jobtitle", title}};
}
json::object task(std::string_view subject) {
  return {{"subkind", "task"}, {"subject", subject}, {"status", "not_started"}};
}

void fill(House& h) {
  for (int i = 0; i < 8; ++i)
    h.world().add(SY_MAILBOX, alice, "contact", contact("m" + std::to_string(i) + "@x.test", "one"));
  for (int i = 0; i < 8; ++i)
    h.world().add(SY_CRM, "u-alice", "contact", contact("c" + std::to_string(i) + "@x.test", "two"));
  for (int i = 0; i < 5; ++i) h.world().add(SY_MAILBOX, alice, "task", task("task " + std::to_string(i)));
}

TEST(Laws, a_first_run_carries_both_ways_and_a_second_writes_nothing) {
  House h;
  fill(h);
  h.settle();
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 16u);
  h.expect_in_step("contact", "email1");
  h.expect_in_step("task", "subject");
  const auto effects = h.world().effects();
  const auto again = h.settle();
  EXPECT_EQ(h.world().effects(), effects);
  EXPECT_EQ(again[0].counts.looked_at, 0);
}

TEST(Laws, no_call_asks_for_more_than_a_side_takes) {
  // Both refuse larger calls, and their feeds carry no documents, so that the match keys have to be fetched too.
  House h("max_batch = 3\nfeed_docs = false", "max_batch = 2\nfeed_docs = false");
  fill(h);
  h.settle();
  h.expect_in_step("contact", "email1");
  h.expect_in_step("task", "subject");
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 16u);
  for (int i = 0; i < 5; ++i)
    h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m" + std::to_string(i) + "@x.test"),
                   {{"jobtitle", "crm edit"}});
  h.settle();
  h.expect_in_step("contact", "email1");
  EXPECT_EQ(h.documents(SY_MAILBOX, "contact", "email1").at("m4@x.test").at("jobtitle").as_string(), "crm edit");
}

TEST(Laws, S9_unlinked_twins_are_linked_and_the_crm_wins) {
  House h;
  h.world().add(SY_MAILBOX, alice, "contact", contact("ann@x.test", "from the mailbox"));
  json::object crm = contact("ANN@x.test", "from the crm");
  crm["department"] = "sales";
  h.world().add(SY_CRM, "u-alice", "contact", crm);
  h.settle();
  EXPECT_EQ(h.world().records(SY_CRM, "contact").size(), 1u);
  EXPECT_EQ(h.world().records(SY_MAILBOX, "contact").size(), 1u);
  EXPECT_EQ(h.world().records(SY_MAILBOX, "contact")[0].doc.at("jobtitle").as_string(), "from the crm");
  EXPECT_EQ(h.world().records(SY_MAILBOX, "contact")[0].doc.at("department").as_string(), "sales");
}

TEST(Laws, S9_several_candidates_are_quarantined_and_never_guessed) {
  House h;
  h.world().add(SY_MAILBOX, alice, "contact", contact("ann@x.test", "m"));
  h.world().add(SY_CRM, "u-alice", "contact", contact("ann@x.test", "c1"));
  h.world().add(SY_CRM, "u-alice", "contact", contact("ann@x.test", "c2"));
  h.world().add(SY_MAILBOX, alice, "contact", contact("else@x.test", "m"));
  const auto reports = h.sync();
  EXPECT_GE(reports[0].counts.quarantined, 1);
  EXPECT_EQ(h.world().records(SY_CRM, "contact").size(), 3u);  // the other one was carried
  EXPECT_EQ(h.world().records(SY_MAILBOX, "contact").size(), 2u);
}

TEST(Laws, S9_a_twin_that_two_items_claim_by_different_addresses_is_nobodys) {
  House h;
  json::object both = contact("ann@x.test", "c");
  both["email2"] = "ann@home.test";
  h.world().add(SY_CRM, "u-alice", "contact", both);
  h.world().add(SY_MAILBOX, alice, "contact", contact("ann@x.test", "m1"));
  h.world().add(SY_MAILBOX, alice, "contact", contact("ann@home.test", "m2"));
  for (int pass = 0; pass < 2; ++pass) {
    const auto reports = h.sync();
    EXPECT_EQ(reports[0].counts.quarantined, pass == 0 ? 3 : 0);
    EXPECT_EQ(h.titles(SY_CRM, "contact", "email1"), std::vector<std::string>{"ann@x.test"});
    EXPECT_EQ(h.documents(SY_CRM, "contact", "email1").at("ann@x.test"), both);
    EXPECT_EQ(h.documents(SY_MAILBOX, "contact", "email1").at("ann@home.test"), contact("ann@home.test", "m2"));
    EXPECT_EQ(h.documents(SY_MAILBOX, "contact", "email1").at("ann@x.test"), contact("ann@x.test", "m1"));
  }
}

TEST(Laws, edits_travel_both_ways_and_different_fields_merge) {
  House h;
  fill(h);
  h.settle();
  h.world().edit(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m1@x.test"), {{"jobtitle", "mailbox edit"}});
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m1@x.test"), {{"department", "crm edit"}});
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "task", "subject", "task 2"), {{"status", "completed"}, {"percent", 100}});
  h.settle();
  h.expect_in_step("contact", "email1");
  h.expect_in_step("task", "subject");
  const auto doc = h.documents(SY_MAILBOX, "contact", "email1").at("m1@x.test");
  EXPECT_EQ(doc.at("jobtitle").as_string(), "mailbox edit");
  EXPECT_EQ(doc.at("department").as_string(), "crm edit");
}

TEST(Laws, a_conflict_has_one_winner_and_the_loser_is_kept) {
  House h({}, {}, "[defaults]\nmerge.conflict = \"crm_wins\"");
  fill(h);
  h.settle();
  h.world().edit(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m1@x.test"), {{"jobtitle", "lost value"}});
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m1@x.test"), {{"jobtitle", "won value"}});
  h.settle();
  h.expect_in_step("contact", "email1");
  EXPECT_EQ(h.documents(SY_MAILBOX, "contact", "email1").at("m1@x.test").at("jobtitle").as_string(), "won value");
  auto engine = h.engine();
  bool kept = false;
  for (const auto& [seq, doc] : engine->ledger().activity_page(engine->ledger().pairs().at(0).id, 0, 1000))
    kept = kept || json::serialize(doc).find("lost value") != std::string::npos;
  EXPECT_TRUE(kept);
}

TEST(Laws, manual_conflicts_are_parked_and_the_rest_goes_on) {
  House h({}, {}, "[defaults]\nmerge.conflict = \"manual\"");
  fill(h);
  h.settle();
  h.world().edit(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m1@x.test"), {{"jobtitle", "a"}});
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m1@x.test"), {{"jobtitle", "b"}});
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m2@x.test"), {{"jobtitle", "c"}});
  const auto reports = h.sync();
  EXPECT_EQ(reports[0].counts.quarantined, 1);
  EXPECT_EQ(h.documents(SY_MAILBOX, "contact", "email1").at("m1@x.test").at("jobtitle").as_string(), "a");
  EXPECT_EQ(h.documents(SY_MAILBOX, "contact", "email1").at("m2@x.test").at("jobtitle").as_string(), "c");
}

TEST(Laws, deletions_travel_and_an_edit_outlives_a_deletion) {
  House h({}, {}, "[defaults]\ndelete.vs_edit = \"edit_wins\"");
  fill(h);
  h.settle();
  h.world().remove(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m1@x.test"));
  h.world().remove(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "c1@x.test"));
  h.world().remove(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m2@x.test"));
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m2@x.test"), {{"jobtitle", "edited"}});
  h.settle();
  h.expect_in_step("contact", "email1");
  const auto titles = h.titles(SY_CRM, "contact", "email1");
  EXPECT_EQ(titles.size(), 14u);
  EXPECT_NE(std::find(titles.begin(), titles.end(), "m2@x.test"), titles.end());
  const auto effects = h.world().effects();
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);
}

TEST(Laws, S21_an_emptied_side_is_a_question) {
  House h;
  fill(h);
  h.settle();
  for (const auto& r : h.world().records(SY_MAILBOX, "contact")) h.world().remove(SY_MAILBOX, r.id);
  for (const auto& r : h.world().records(SY_MAILBOX, "task")) h.world().remove(SY_MAILBOX, r.id);
  const auto effects = h.world().effects();
  auto reports = h.sync();
  EXPECT_EQ(reports[0].end, PairEnd::waits_for_confirmation);
  EXPECT_EQ(h.world().effects(), effects);
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 16u);
  {
    auto engine = h.engine();
    Request r;
    r.pair = engine->ledger().pairs().at(0).id;
    r.id = engine->ledger().next_id();
    r.verb = "confirm";
    r.args = engine->ledger().pairs().at(0).waiting.at("counts").as_object();
    Batch b;
    b.put(r);
    engine->ledger().commit(b, {});
  }
  h.settle();
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 0u);
}

TEST(Laws, S22_a_lost_state_creates_nothing_twice_and_deletes_nothing) {
  House h;
  fill(h);
  h.settle();
  const auto before = h.titles(SY_CRM, "contact", "email1");
  h.world().add(SY_CRM, "u-alice", "task", task("task of the crm"));
  h.settle();
  for (const auto* name : {"state.db", "state.db-wal", "state.db-shm"}) fs::remove(h.folder() / name);
  h.settle();
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1"), before);
  EXPECT_EQ(h.titles(SY_CRM, "task", "subject").size(), 6u);
  EXPECT_EQ(h.titles(SY_MAILBOX, "task", "subject").size(), 6u);
  h.expect_in_step("contact", "email1");
}

TEST(Laws, unknown_is_not_empty) {
  House h("fields = [\"contact.firstname\", \"contact.lastname\", \"contact.email1\", \"contact.jobtitle\"]");
  json::object crm = contact("ann@x.test", "x");
  crm["nickname"] = "annie";
  h.world().add(SY_CRM, "u-alice", "contact", crm);
  h.settle();
  h.world().edit(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "ann@x.test"), {{"jobtitle", "y"}});
  h.settle();
  const auto doc = h.documents(SY_CRM, "contact", "email1").at("ann@x.test");
  EXPECT_EQ(doc.at("nickname").as_string(), "annie");
  EXPECT_EQ(doc.at("jobtitle").as_string(), "y");
}

TEST(Laws, maximal_one_bad_item_does_not_stop_the_others) {
  House h;
  fill(h);
  memory::Fault f;
  f.mishap = memory::Mishap::invalid;
  f.verb = "create";
  f.side = SY_CRM;
  f.skip = 2;
  h.world().arm(f);
  const auto reports = h.sync();
  EXPECT_EQ(reports[0].counts.quarantined, 1);
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size() + h.titles(SY_CRM, "task", "subject").size(), 20u);
}

TEST(Laws, S20_renamed_connections_keep_the_links) {
  House h;
  fill(h);
  h.settle();
  std::string text;
  {
    std::ostringstream all;
    all << std::ifstream(h.config()).rdbuf();
    text = all.str();
  }
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"[connection.mail]", "[connection.post]"},
                                 {"[connection.crm]", "[connection.office]"},
                                 {"connection = \"mail\"", "connection = \"post\""},
                                 {"organization = \"crm\"", "organization = \"office\""}})
    text.replace(text.find(from), from.size(), to);
  std::ofstream(h.config()) << text;
  const auto effects = h.world().effects();
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m1@x.test"), {{"jobtitle", "edited"}});
  h.settle();
  h.expect_in_step("contact", "email1");
}

TEST(Laws, S19_a_server_without_tombstones_is_listed_from_time_to_time) {
  House h("tombstones = \"none\"");
  fill(h);
  h.settle();
  h.world().remove(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m1@x.test"));
  h.settle();
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 16u);  // nothing said so yet
  h.sync_later(std::chrono::hours(25));
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 15u);
  h.expect_in_step("contact", "email1");
}

TEST(Laws, what_left_is_kept_and_not_synchronized_until_it_is_back) {
  House h({}, "missing = \"invisible\"");
  fill(h);
  h.settle();
  h.world().remove(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m1@x.test"));
  h.settle();
  EXPECT_EQ(h.titles(SY_MAILBOX, "contact", "email1").size(), 16u);  // gone or not visible: no deletion
  const auto effects = h.world().effects();
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);
}

TEST(Laws, ended_links_are_forgotten_in_the_end) {
  House h;
  fill(h);
  h.settle();
  h.world().remove(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m1@x.test"));
  h.settle();
  const auto links = [&] { return h.engine()->ledger().rows().scan({"link", {}}, {}, 0).size(); };
  EXPECT_EQ(links(), 21u);
  h.sync_later(std::chrono::hours(24 * 179));
  EXPECT_EQ(links(), 21u);
  h.sync_later(std::chrono::hours(24 * 181));
  EXPECT_EQ(links(), 20u);
  h.expect_in_step("contact", "email1");
}

TEST(Laws, eight_pairs_on_one_crm_with_as_many_workers_do_not_mix) {
  std::string users;
  for (int i = 0; i < 7; ++i)
    users += "[user.\"user" + std::to_string(i) +
             "@contoso.test\"]\norganization = \"crm\"\nmailbox = { connection = \"mail\" }\n" +
             "entities = [\"contact\", \"task\"]\nruleset = \"none\"\n";
  House h({}, {}, users);
  for (int i = 0; i < 7; ++i) {
    const std::string address = "user" + std::to_string(i) + "@contoso.test", id = "u-" + std::to_string(i);
    h.world().principal(
        {{"id", id}, {"kind", "user"}, {"address", address}, {"name", address}, {"approved", true}, {"enabled", true}});
    for (int n = 0; n < 5; ++n) {
      h.world().add(SY_MAILBOX, address, "contact", contact("m" + std::to_string(n) + "." + address, "one"));
      h.world().add(SY_CRM, id, "contact", contact("c" + std::to_string(n) + "." + address, "two"));
    }
  }
  fill(h);
  for (const PairReport& r : h.sync(8)) EXPECT_EQ(r.end, PairEnd::done) << r.name << ": " << r.error;
  h.expect_in_step("contact", "email1");
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 86u);
  std::map<std::string, std::size_t> boxes;
  for (const auto& r : h.world().records(SY_MAILBOX, "contact")) ++boxes[r.box];
  EXPECT_EQ(boxes.at("user3@contoso.test"), 10u);
  const auto effects = h.world().effects();
  h.sync(8);
  EXPECT_EQ(h.world().effects(), effects);
}

TEST(Laws, listing_without_cursor_and_answers_without_documents_do_as_well) {
  House h("cursor = false\nfeed_docs = false\nanswer = \"version\"",
          "cursor = false\nfeed_docs = false\nanswer = \"version\"");
  fill(h);
  h.settle();
  h.expect_in_step("contact", "email1");
  h.world().remove(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m1@x.test"));
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "c1@x.test"), {{"jobtitle", "edited"}});
  h.settle();
  h.expect_in_step("contact", "email1");
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 15u);
  const auto effects = h.world().effects();
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);
}

TEST(TwoPairs, AWalkThatOnePairBeginsPassesNoChangeOfAnotherOne) {
  House h({}, {},
          std::string("[user.\"") + bob +
              "\"]\norganization = \"crm\"\nmailbox = { connection = \"mail\" }\nentities = [\"contact\"]\n"
              "ruleset = \"none\"\n");
  h.settle();
  h.world().add(SY_CRM, "u-bob", "contact", {{"firstname", "Ann"}, {"email1", "new@x.test"}});
  h.settle();
  int in_bobs_mailbox = 0;
  for (const memory::Record& r : h.world().records(SY_MAILBOX, "contact")) in_bobs_mailbox += r.box == bob ? 1 : 0;
  EXPECT_EQ(in_bobs_mailbox, 1);
}

}  // namespace
}  // namespace syncline::test
