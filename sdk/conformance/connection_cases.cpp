#include <thread>

#include "cases.hpp"

namespace syncline::conformance {
namespace {

void side_is_known(Subject& s, const std::string&) {
  EXPECT_TRUE(s.connection().side() == SY_MAILBOX || s.connection().side() == SY_CRM);
  EXPECT_STREQ(s.connection().type().role, "connection");
}

void probe_tells_facts(Subject& s, const std::string&) {
  const json::object facts = parse(s.connection().probe(s.host().call()));
  EXPECT_FALSE(facts.empty());
}

void probe_can_be_canceled(Subject& s, const std::string&) {
  TestCall call;
  call.cancel();
  EXPECT_EQ(code_of([&] { static_cast<void>(s.connection().probe(call)); }), SY_CANCELED);
}

void settings_that_are_no_json_are_refused(Subject& s, const std::string&) {
  EXPECT_EQ(code_of([&] { static_cast<void>(s.connection().open(s.host().raw(), "{\"principal\":")); }), SY_CONFIG);
}

void tables_fit_the_side(Subject& s, const std::string&) {
  const EndpointHandle e = open(s);
  EXPECT_TRUE(static_cast<bool>(e));
  const bool crm = s.connection().side() == SY_CRM;
  if (!crm) EXPECT_FALSE(static_cast<bool>(e.directory())) << "a directory belongs to a CRM";
}

void endpoints_close_in_any_order(Subject& s, const std::string&) {
  EndpointHandle first = open(s);
  EndpointHandle second = open(s);
  first = EndpointHandle();
  EndpointHandle third = open(s);
  third = EndpointHandle();
  second = EndpointHandle();
}

void endpoints_work_on_two_threads(Subject& s, const std::string& kind) {
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(s.add(kind, s.sample(kind, 900 + i)));
  std::array<std::size_t, 2> found{};
  std::array<std::string, 2> failure;
  const auto work = [&](std::size_t me) {
    try {
      const EndpointHandle e = open(s);
      const TestCall call;
      for (int round = 0; round < 10; ++round) {
        found[me] = 0;
        for (const Item& i : fetch(e, call, kind, ids, SY_HEAD)) found[me] += i.gone() || i.invisible() ? 0u : 1u;
        if (!can(e, kind, SY_CAN_CREATE)) continue;
        const int n = 1000 + static_cast<int>(me) * 100 + round;
        const Done d = apply(e, call, {create_op(s, kind, n)}).front();
        if (d.code != SY_OK) failure[me] = d.text;
      }
    } catch (const std::exception& e) {
      failure[me] = e.what();
    }
  };
  std::thread other(work, 1u);
  work(0);
  other.join();
  for (const std::size_t me : {0u, 1u}) {
    EXPECT_EQ(failure[me], "");
    EXPECT_EQ(found[me], ids.size());
  }
}

void directory_knows_people(Subject& s, const std::string&) {
  const EndpointHandle e = open(s);
  const DirectoryHandle d = e.directory();
  if (!d) GTEST_SKIP() << "no directory is offered";
  const std::string known = s.known_address();
  ASSERT_FALSE(known.empty()) << "the subject must name an address that its directory knows";
  const json::object who = parse(d.identity(s.host().call(), known));
  for (const char* member : {"organization", "organization_name", "principal"})
    EXPECT_TRUE(who.contains(member)) << member;
  const json::value* principal = who.if_contains("principal");
  ASSERT_TRUE(principal != nullptr && principal->is_object());
  for (const char* member : {"id", "kind", "address", "name", "approved", "enabled", "incoming", "method"})
    EXPECT_TRUE(principal->get_object().contains(member)) << member;
  EXPECT_EQ(code_of([&] { static_cast<void>(d.identity(s.host().call(), "nobody@nowhere.test")); }), SY_GONE);
}

void directory_answers_in_order(Subject& s, const std::string&) {
  const EndpointHandle e = open(s);
  const DirectoryHandle d = e.directory();
  if (!d) GTEST_SKIP() << "no directory is offered";
  const std::vector<std::string> asked{"nobody@nowhere.test", s.known_address(), "nobody@nowhere.test",
                                       "o'no\"body@x.test"};
  const auto answers = d.parties(s.host().call(), asked);
  ASSERT_EQ(answers.size(), asked.size());
  for (const std::size_t nobody : {0u, 2u, 3u}) EXPECT_EQ(json::parse(answers[nobody]), json::array());
  const json::value found = json::parse(answers[1]);
  ASSERT_TRUE(found.is_array() && !found.get_array().empty());
  for (const json::value& candidate : found.get_array())
    for (const char* member : {"type", "id", "name", "active", "owner"})
      EXPECT_TRUE(candidate.as_object().contains(member)) << member;
}

void directory_finds_mail_by_message_id(Subject& s, const std::string&) {
  const EndpointHandle e = open(s);
  const DirectoryHandle d = e.directory();
  if (!d || e.caps("email").flags == 0) GTEST_SKIP() << "no directory of mail is offered";
  const std::string id = s.add("email", s.sample("email", 7));
  const std::string key(s.sample("email", 7).at("message_id").as_string());
  const std::vector<std::string> asked{"absent@nowhere.test", key};
  const auto answers = d.records(s.host().call(), "email", asked);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(json::parse(answers[0]), json::array());
  const json::value found = json::parse(answers[1]);
  ASSERT_TRUE(found.is_array() && found.get_array().size() == 1);
  const json::object& record = found.get_array()[0].as_object();
  EXPECT_EQ(record.at("id"), json::value(id));
  EXPECT_EQ(record.at("direction"), "incoming");
  for (const char* member : {"version", "regarding", "state"}) EXPECT_TRUE(record.contains(member)) << member;
}

}  // namespace

std::vector<Case> connection_suite() {
  return {{"side_is_known", false, side_is_known},
          {"probe_tells_facts", false, probe_tells_facts},
          {"probe_can_be_canceled", false, probe_can_be_canceled},
          {"settings_that_are_no_json_are_refused", false, settings_that_are_no_json_are_refused},
          {"tables_fit_the_side", false, tables_fit_the_side},
          {"endpoints_close_in_any_order", false, endpoints_close_in_any_order},
          {"endpoints_work_on_two_threads", true, endpoints_work_on_two_threads},
          {"directory_knows_people", false, directory_knows_people},
          {"directory_answers_in_order", false, directory_answers_in_order},
          {"directory_finds_mail_by_message_id", false, directory_finds_mail_by_message_id}};
}

}  // namespace syncline::conformance
