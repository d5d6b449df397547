// Contacts and tasks both ways between a mailbox and a Dataverse organization, through the whole program.
#include "dataverse.hpp"
#include "house.hpp"

namespace syncline::test {
namespace {

class DataverseLaw : public ::testing::Test {
 protected:
  DataverseLaw() {
    ::setenv("DATAVERSE_LAW_SECRET", crm.options().client_secret.c_str(), 1);
    house = std::make_unique<House>(
        "", "",
        "[connection.contoso]\nplugin = \"crm-rest\"\nurl = \"" + crm.url() +
            "\"\npage_size = 3\nauth = { client_id = \"" + crm.options().client_id + "\", token_url = \"" +
            crm.token_url() + "\", secret = { env = \"DATAVERSE_LAW_SECRET\" } }\n[user.\"" + bob +
            "\"]\norganization = \"contoso\"\nmailbox = { connection = \"mail\" }\nentities = [\"contact\", "
            "\"task\"]\nruleset = \"none\"\n");
    for (const json::object& u : crm.rows("systemusers"))
      if (const auto* a = u.if_contains("internalemailaddress"); a != nullptr && *a == bob)
        owner = std::string(u.at("systemuserid").as_string());
  }
  PairReport sync() const {
    for (PairReport& r : house->sync())
      if (r.name == bob) return std::move(r);
    return {};
  }
  void settle() const {
    const PairReport r = sync();
    EXPECT_EQ(r.end, PairEnd::done) << r.error;
    EXPECT_EQ(r.counts.waiting, 0);
  }
  std::string add(const std::string& set, json::object row) {
    row["ownerid@odata.bind"] = "/systemusers(" + owner + ")";
    return crm.add(set, row);
  }
  /// Column by key column.
  [[nodiscard]] std::map<std::string, std::string> in_crm(const std::string& set, const std::string& by,
                                                          const std::string& column) const {
    std::map<std::string, std::string> out;
    for (const json::object& row : crm.rows(set)) {
      const std::string key(row.at(by).as_string());
      const auto* v = row.if_contains(column);
      EXPECT_TRUE(out.emplace(key, v != nullptr && v->is_string() ? std::string(v->get_string()) : "").second)
          << "two rows for " << key;
    }
    return out;
  }
  [[nodiscard]] std::map<std::string, std::string> in_mailbox(const std::string& kind, const std::string& by,
                                                              const std::string& field) const {
    std::map<std::string, std::string> out;
    for (const auto& [key, doc] : house->documents(SY_MAILBOX, kind, by)) {
      const auto* v = doc.if_contains(field);
      out[key] = v != nullptr && v->is_string() ? std::string(v->get_string()) : "";
    }
    return out;
  }
  void edit(const std::string& kind, const std::string& by, const std::string& key, const json::object& patch) const {
    house->world().edit(SY_MAILBOX, house->id_of(SY_MAILBOX, kind, by, key), patch);
  }
  [[nodiscard]] std::size_t writes() const {
    std::size_t n = 0;
    for (const sandbox::RequestEntry& e : crm.log())
      n += (e.method == "PATCH" || e.method == "DELETE" ||
            (e.method == "POST" && e.path.find("$batch") == std::string::npos &&
             e.path.find("oauth2") == std::string::npos))
               ? 1
               : 0;
    return n;
  }

  sandbox::Dataverse crm;
  std::unique_ptr<House> house;
  std::string owner;
};

TEST_F(DataverseLaw, contacts_converge_both_ways_and_a_second_run_writes_nothing) {
  for (int i = 0; i < 5; ++i)
    house->world().add(SY_MAILBOX, bob, "contact",
                       {{"firstname", "Ann"}, {"email1", "m" + std::to_string(i) + "@x.test"}, {"jobtitle", "one"}});
  add("contacts", {{"firstname", "Bea"}, {"emailaddress1", "c@x.test"}, {"jobtitle", "two"}});
  crm.add("contacts", {{"firstname", "Not his"}, {"emailaddress1", "other@x.test"}});  // another person's
  settle();
  EXPECT_EQ(in_mailbox("contact", "email1", "jobtitle").size(), 6u);
  EXPECT_EQ(crm.count("contacts"), 7u);
  edit("contact", "email1", "c@x.test", {{"jobtitle", "three"}});
  edit("contact", "email1", "m1@x.test", {{"notes", "from the mailbox"}});
  for (const json::object& row : crm.rows("contacts"))
    if (row.at("emailaddress1") == "m2@x.test")
      crm.edit("contacts", std::string(row.at("contactid").as_string()), {{"jobtitle", "four"}});
  settle();
  auto crm_side = in_crm("contacts", "emailaddress1", "jobtitle");
  EXPECT_EQ(crm_side.at("c@x.test"), "three");
  EXPECT_EQ(in_crm("contacts", "emailaddress1", "description").at("m1@x.test"), "from the mailbox");
  EXPECT_EQ(crm_side.at("m2@x.test"), "four");
  crm_side.erase("other@x.test");
  EXPECT_EQ(in_mailbox("contact", "email1", "jobtitle"), crm_side);
  settle();
  crm.clear_log();
  const auto effects = house->world().effects();
  settle();
  EXPECT_EQ(writes(), 0u);
  EXPECT_EQ(house->world().effects(), effects);
}

TEST_F(DataverseLaw, a_deleted_contact_goes_from_the_other_side) {
  const std::string id = add("contacts", {{"firstname", "Bea"}, {"emailaddress1", "c@x.test"}});
  add("contacts", {{"firstname", "Cid"}, {"emailaddress1", "d@x.test"}});
  add("contacts", {{"firstname", "Dan"}, {"emailaddress1", "e@x.test"}});
  settle();
  EXPECT_EQ(house->titles(SY_MAILBOX, "contact", "email1").size(), 3u);
  crm.remove("contacts", id);
  house->world().remove(SY_MAILBOX, house->id_of(SY_MAILBOX, "contact", "email1", "e@x.test"));
  settle();
  settle();
  EXPECT_EQ(house->titles(SY_MAILBOX, "contact", "email1"), std::vector<std::string>{"d@x.test"});
  EXPECT_EQ(crm.count("contacts"), 1u) << "and the other way";
}

TEST_F(DataverseLaw, tasks_of_every_table_converge_with_their_states) {
  house->world().add(SY_MAILBOX, bob, "task", {{"subject", "ours"}, {"status", "in_progress"}, {"due", "2026-01-09"}});
  add("tasks", {{"subject", "theirs"}});
  const std::string call = add("phonecalls", {{"subject", "call"}});
  settle();
  EXPECT_EQ(house->titles(SY_MAILBOX, "task", "subject"), (std::vector<std::string>{"call", "ours", "theirs"}));
  EXPECT_EQ(crm.count("tasks"), 2u);
  EXPECT_EQ(crm.count("phonecalls"), 1u);
  edit("task", "subject", "call", {{"status", "completed"}});
  edit("task", "subject", "ours", {{"status", "completed"}});
  settle();
  settle();
  EXPECT_EQ(crm.row("phonecalls", call)->at("statecode"), 1);
  for (const json::object& row : crm.rows("tasks")) EXPECT_EQ(row.at("statecode"), row.at("subject") == "ours" ? 1 : 0);
  edit("task", "subject", "ours", {{"status", "not_started"}, {"notes", "again"}});
  settle();
  for (const json::object& row : crm.rows("tasks"))
    if (row.at("subject") == "ours") {
      EXPECT_EQ(row.at("statecode"), 0);
      EXPECT_EQ(row.at("description"), "again");
    }
  settle();
  crm.clear_log();
  const auto effects = house->world().effects();
  settle();
  EXPECT_EQ(writes(), 0u);
  EXPECT_EQ(house->world().effects(), effects);
}

TEST_F(DataverseLaw, a_lost_answer_makes_no_second_contact) {
  for (int i = 0; i < 4; ++i)
    house->world().add(SY_MAILBOX, bob, "contact",
                       {{"firstname", "Ann"}, {"email1", "m" + std::to_string(i) + "@x.test"}});
  sandbox::Fault lost;
  lost.action = sandbox::Fault::Action::DROP_AFTER;
  lost.path = "$batch";
  lost.count = 4;
  crm.add_fault(lost);
  sync();
  sync();
  settle();
  EXPECT_EQ(crm.count("contacts"), 4u);
  EXPECT_EQ(in_crm("contacts", "emailaddress1", "jobtitle"), in_mailbox("contact", "email1", "jobtitle"));
}

}  // namespace
}  // namespace syncline::test
