// Killed at every step of a pass and run again: the end state is that of an unkilled run, a third run writes nothing
// remotely, a fourth changes no row (S24). And every mishap of a request at every effect, with the laws as the oracle.
#include <sqlite3.h>

#include "process.hpp"
#include "tests/laws/house.hpp"

namespace syncline::test {
namespace {

json::object contact(std::string_view email, std::string_view title) {
  return {{"firstname", "Ann"}, {"email1", email}, {"jobtitle", title}};
}
json::object task(std::string_view subject) {
  return {{"subkind", "task"}, {"subject", subject}, {"status", "not_started"}};
}

void fill(House& h) {
  h.world().add(SY_MAILBOX, alice, "contact", contact("m1@x.test", "one"));
  h.world().add(SY_MAILBOX, alice, "contact", contact("m2@x.test", "one"));
  h.world().add(SY_MAILBOX, alice, "contact", contact("twin@x.test", "mailbox"));
  h.world().add(SY_CRM, "u-alice", "contact", contact("twin@x.test", "crm"));
  h.world().add(SY_CRM, "u-alice", "contact", contact("c1@x.test", "two"));
  h.world().add(SY_MAILBOX, alice, "task", task("t1"));
  h.world().add(SY_CRM, "u-alice", "task", task("t2"));
}

void change(House& h) {
  h.world().edit(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m1@x.test"),
                 {{"jobtitle", "edited in the mailbox"}});
  h.world().edit(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "m1@x.test"), {{"department", "edited in the crm"}});
  h.world().remove(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "m2@x.test"));
  h.world().remove(SY_CRM, h.id_of(SY_CRM, "task", "subject", "t1"));
  h.world().add(SY_CRM, "u-alice", "contact", contact("late@x.test", "new"));
}

std::string sides(House& h) {
  std::string out;
  for (const int side : {SY_MAILBOX, SY_CRM})
    for (const auto& [kind, by] : {std::pair{"contact", "email1"}, std::pair{"task", "subject"}})
      for (const auto& [k, doc] : h.documents(side, kind, by))
        out += std::to_string(side) + " " + k + " " + canonical_text(normalise(doc)) + "\n";
  return out;
}

/// What stands on the mailbox's items about their links (TRK-17), by what they are.
std::string marks(House& h) {
  std::string out;
  for (const auto& [kind, by] : {std::pair{"contact", "email1"}, std::pair{"task", "subject"}})
    for (const memory::Record& r : h.world().records(SY_MAILBOX, kind)) {
      json::object mark = r.marks;
      const auto* record = mark.if_contains("record");
      if (record != nullptr) {
        const auto there = h.world().record(SY_CRM, std::string(record->as_string()));
        mark["record"] = there && !there->gone ? there->doc.at(by) : json::value("none");
      }
      out += json::serialize(r.doc.at(by)) + " " + json::serialize(mark) + "\n";
    }
  return out;
}

/// All rows that say something of items; leases and the run log excepted.
std::string rows(const House& h, std::vector<const char*> tables = {"link", "seen", "pending", "intent", "claim",
                                                                    "known", "quarantine", "activity", "unconfirmed"}) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2((h.folder() / "state.db").c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::string out;
  for (const auto* table : tables)
    sqlite3_exec(
        db, (std::string("select * from ") + table).c_str(),
        [](void* to, int n, char** values, char**) {
          for (int i = 0; i < n; ++i)
            *static_cast<std::string*>(to) += std::string(values[i] == nullptr ? "" : values[i]) + "|";
          *static_cast<std::string*>(to) += "\n";
          return 0;
        },
        &out, nullptr);
  sqlite3_close(db);
  return out;
}

struct Scenario {
  const char* name;
  const char* mailbox;
  const char* crm;
  bool second_pass;  ///< the kill falls into the pass after edits and deletions
};

class Killed : public ::testing::TestWithParam<Scenario> {};

TEST_P(Killed, at_every_step_ends_as_if_it_had_not_been) {
  const Scenario s = GetParam();
  std::string wanted, marked;
  {
    House h(s.mailbox, s.crm);
    fill(h);
    h.settle();
    if (s.second_pass) change(h);
    h.settle();
    wanted = sides(h);
    marked = marks(h);
    ASSERT_EQ(marked.find("\"state\":2") != std::string::npos, std::string_view(s.mailbox).starts_with("states"));
  }
  long n = 1;
  for (;; ++n) {
    ASSERT_LT(n, 2000);
    SCOPED_TRACE("killed at step " + std::to_string(n));
    House h(s.mailbox, s.crm);
    fill(h);
    if (s.second_pass) {
      h.settle();
      change(h);
    }
    const std::string log = (h.folder() / "log").string();
    const Ended first = sync_dying_at(h.config(), log, n);
    ASSERT_TRUE(first.code == 99 || first.code == 0) << first.code << "\n" << first.output;
    const Ended second = sync_dying_at(h.config(), log, 0);
    ASSERT_EQ(second.code, 0) << second.output;
    ASSERT_EQ(sides(h), wanted);
    ASSERT_EQ(marks(h), marked);
    const auto effects = h.world().effects();
    ASSERT_EQ(sync_dying_at(h.config(), log, 0).code, 0);
    ASSERT_EQ(h.world().effects(), effects) << "the third run wrote remotely";
    ASSERT_EQ(rows(h, {"pending", "intent", "intent_by_token", "claim", "unconfirmed", "mark"}), "")
        << "something is left unfinished";
    const std::string before = rows(h);
    ASSERT_EQ(sync_dying_at(h.config(), log, 0).code, 0);
    ASSERT_EQ(rows(h), before) << "the fourth run changed a row";
    if (first.code == 0) break;  // it lived: all steps have been tried
  }
  EXPECT_GT(n, 10);
}

INSTANTIATE_TEST_SUITE_P(TwoWay, Killed,
                         ::testing::Values(Scenario{"first_run", "", "", false}, Scenario{"second_run", "", "", true},
                                           Scenario{"first_run_with_marks_TRK_17", "states = true", "", false},
                                           Scenario{"second_run_with_marks", "states = true", "", true},
                                           Scenario{"first_run_of_systems_that_only_find_tokens", "tokens = \"find\"",
                                                    "tokens = \"find\"", false},
                                           Scenario{
                                               "second_run_of_poor_systems", "cursor = false\nanswer = \"version\"",
                                               "answer = \"version\"\ntokens = \"keyed\"\nrepeat = \"exists\"", true}),
                         [](const auto& p) { return p.param.name; });

/// What goes wrong, and in how many effects in a row.
class Mishaps : public ::testing::TestWithParam<std::pair<memory::Mishap, int>> {};

TEST_P(Mishaps, at_every_effect_lose_and_double_nothing) {
  for (int effect = 1; effect < 40; ++effect) {
    SCOPED_TRACE("at effect " + std::to_string(effect));
    House h;
    fill(h);
    h.settle();
    change(h);
    memory::Fault f;
    f.mishap = GetParam().first;
    f.effect = h.world().effects() + effect;
    f.after = 3;
    if (GetParam().first == memory::Mishap::foreign_edit) f.edit = {{"notes", "by somebody else"}};
    for (int n = 0; n < GetParam().second; ++n, ++f.effect) h.world().arm(f);
    h.sync();
    const bool met = h.world().armed() == 0;
    h.world().disarm();
    h.world().land();
    h.sync();
    h.settle();
    h.expect_in_step("contact", "email1");
    h.expect_in_step("task", "subject");
    const auto effects = h.world().effects();
    h.settle();
    ASSERT_EQ(h.world().effects(), effects);
    if (!met) {
      EXPECT_GT(effect, 3);
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    TwoWay, Mishaps,
    ::testing::Values(std::pair{memory::Mishap::lost, 1}, std::pair{memory::Mishap::lost, 2},
                      std::pair{memory::Mishap::answer_lost, 1}, std::pair{memory::Mishap::answer_lost, 2},
                      std::pair{memory::Mishap::late, 1}, std::pair{memory::Mishap::late, 2},
                      std::pair{memory::Mishap::foreign_edit, 1}, std::pair{memory::Mishap::throttle, 1}),
    [](const auto& p) { return std::string(memory::name_of(p.param.first)) + "_" + std::to_string(p.param.second); });

}  // namespace
}  // namespace syncline::test
