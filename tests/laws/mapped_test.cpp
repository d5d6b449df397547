// Contacts both ways between a mailbox and a CRM over REST that has no capability but a column for the token: through
// the whole program, with a reply that gets lost.
#include "house.hpp"
#include "rest_crm.hpp"

namespace syncline::test {
namespace {

using sandbox::RestCrm;
using sandbox::RestOptions;

/// Where the mapping lies, for the configuration; the mapping is written before the program reads it.
std::string rest_of(const RestCrm& crm, const fs::path& mapping) {
  return "[connection.acme]\nplugin = \"crm-rest\"\nurl = \"" + crm.url() + "\"\nmapping = \"" + mapping.string() +
         "\"\nauth = { method = \"none\" }\n[user.\"" + bob +
         "\"]\norganization = \"acme\"\nid = \"7\"\nmailbox = { connection = \"mail\" }\nentities = "
         "[\"contact\"]\nruleset = "
         "\"none\"\n";
}

class Mapped : public ::testing::Test {
 protected:
  Mapped() {
    RestOptions o;
    o.filter = o.patch = false;
    o.empty_is_404 = true;
    o.answer = RestOptions::Answer::bare_id;
    crm = std::make_unique<RestCrm>(o);
    mapping = fs::temp_directory_path() / ("syncline-mapping-" + std::to_string(::getpid()) + ".json");
    std::ofstream(mapping) << R"({"extends": "rest", "base": "api", "list": {"empty_status": 404},
      "query": {"equal": "{column}={value}"}, "update": {"method": "PUT", "read_only": ["modified"]},
      "records": {"contact": {"set": "contacts", "key": "id", "token": "external_id", "changed": "modified", "fields": {
        "firstname": "first_name", "lastname": "last_name", "email1": "email", "jobtitle": "job_title"}}}})";
    house = std::make_unique<House>("", "", rest_of(*crm, mapping));
  }
  ~Mapped() override { fs::remove(mapping); }

  void add(const std::string& email, const std::string& title) const {
    house->world().add(SY_MAILBOX, bob, "contact", {{"firstname", "Ann"}, {"email1", email}, {"jobtitle", title}});
  }
  [[nodiscard]] std::map<std::string, std::string> in_crm() const {
    std::map<std::string, std::string> out;
    for (const json::object& row : crm->rows("contacts")) {
      const std::string email(row.at("email").as_string());
      EXPECT_FALSE(out.contains(email)) << "two contacts with one address: " << email;
      out[email] = std::string(row.at("job_title").as_string());
    }
    return out;
  }
  [[nodiscard]] std::map<std::string, std::string> in_mailbox() const {
    std::map<std::string, std::string> out;
    for (const auto& [email, doc] : house->documents(SY_MAILBOX, "contact", "email1"))
      out[email] = std::string(doc.at("jobtitle").as_string());
    return out;
  }
  PairReport sync() const {
    for (PairReport& r : house->sync())
      if (r.name == bob) return std::move(r);
    return {};
  }

  std::unique_ptr<RestCrm> crm;
  std::unique_ptr<House> house;
  fs::path mapping;
};

TEST_F(Mapped, contacts_converge_and_a_second_run_writes_nothing) {
  for (int i = 0; i < 4; ++i) add("m" + std::to_string(i) + "@x.test", "one");
  crm->add("contacts", {{"first_name", "Bea"}, {"email", "c@x.test"}, {"job_title", "two"}, {"unmapped", "kept"}});
  EXPECT_EQ(sync().end, PairEnd::done);
  EXPECT_EQ(in_crm(), in_mailbox());
  EXPECT_EQ(in_crm().size(), 5u);
  house->world().edit(SY_MAILBOX, house->id_of(SY_MAILBOX, "contact", "email1", "c@x.test"), {{"jobtitle", "three"}});
  EXPECT_EQ(sync().end, PairEnd::done);
  EXPECT_EQ(in_crm().at("c@x.test"), "three");
  for (const json::object& row : crm->rows("contacts")) {
    const bool theirs = row.at("email") == "c@x.test";
    EXPECT_EQ(row.contains("unmapped"), theirs) << "PUT sends back what nobody maps";
  }
  const std::size_t writes = crm->writes();
  const auto effects = house->world().effects();
  EXPECT_EQ(sync().end, PairEnd::done);
  EXPECT_EQ(crm->writes(), writes);
  EXPECT_EQ(house->world().effects(), effects);
}

TEST_F(Mapped, a_lost_reply_makes_no_second_contact) {
  for (int i = 0; i < 4; ++i) add("m" + std::to_string(i) + "@x.test", "one");
  sandbox::RestFault lost;
  lost.action = sandbox::RestFault::Action::drop_after;
  lost.method = "POST";
  lost.skip = 1;
  crm->fail(lost);
  sync();
  EXPECT_EQ(sync().end, PairEnd::done);
  EXPECT_EQ(in_crm().size(), 4u);
  EXPECT_EQ(in_crm(), in_mailbox());
}

}  // namespace
}  // namespace syncline::test
