// exchange_house.hpp: a row of the matrix about a mailbox with folders as a test: an Exchange server and a Dataverse
// organization, the real plugins, kernel and store between them, in this process.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/exchange.hpp"
#include "kernel/report.hpp"
#include "kernel/schedule.hpp"
#include "tests/crash/mail_house.hpp"

namespace syncline::test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

inline constexpr const char* alice = "alice@contoso.test";

struct ExchangeSetup {
  std::string defaults{};    ///< lines of [defaults]
  std::string connection{};  ///< further lines of the mailbox's connection
  std::string entities = R"(["contact", "task"])";
  std::string mailbox{};  ///< further options of the mailbox, as ", folders = [\"inbox\"]"
  std::string top{};
  std::string received_after = "2026-01-01T00:00:00Z";
  bool second = false;  ///< bob's mailbox too
  sandbox::ExchangeOptions exchange{};
};

class ExchangeHouse {
 public:
  explicit ExchangeHouse(ExchangeSetup setup = {}) : setup_(std::move(setup)), exchange_(setup_.exchange) {
    exchange_.add_mailbox(alice, "alice-password", "Alice");
    exchange_.add_mailbox("bob@contoso.test", "bob-password", "Bob");
    ::setenv("CRM_SECRET", crm().options().client_secret.c_str(), 1);
    ::setenv("EXCHANGE_SECRET", exchange_.options().service_password.c_str(), 1);
    house_.set_environment("EXCHANGE_SECRET", exchange_.options().service_password);
    write();
    set_up_log({"error", "plain", {}});
  }

  sandbox::Exchange& exchange() { return exchange_; }
  sandbox::Dataverse& crm() { return house_.crm(); }
  ExchangeSetup& setup() { return setup_; }
  void write() const {
    std::ofstream out(config_file());
    out << "instance = \"test\"\nfirst_run = \"go\"\n"
        << setup_.top << "\n[log]\nlevel = \"error\"\n[store]\nplugin = \"storage-sqlite\"\npath = \""
        << house_.store().string() << "\"\n[connection.mail]\nplugin = \"exchange\"\nurl = \"" << exchange_.url()
        << "\"\nauth = { method = \"basic\", user = \"" << exchange_.options().service
        << "\", secret = { env = \"EXCHANGE_SECRET\" } }\nimpersonate = true\n"
        << setup_.connection << "\n[connection.contoso]\nplugin = \"crm-rest\"\nurl = \"" << house_.crm().url()
        << "\"\n[connection.contoso.auth]\nclient_id = \"" << house_.crm().options().client_id << "\"\ntoken_url = \""
        << house_.crm().token_url() << "\"\nscope = \"" << house_.crm().scope()
        << "\"\nsecret = { env = \"CRM_SECRET\" }\n[gate]\nmax_delete.count = 100000\nmax_delete.share = "
           "100\n[defaults]\n"
           "email.received_after = "
        << setup_.received_after << "\n"
        << setup_.defaults << "\n[user.\"" << alice
        << "\"]\norganization = \"contoso\"\nmailbox = { connection = \"mail\"" << setup_.mailbox
        << " }\nentities = " << setup_.entities << "\n";
    if (setup_.second)
      out << "[user.\"bob@contoso.test\"]\norganization = \"contoso\"\nmailbox = { connection = \"mail\""
          << setup_.mailbox << " }\nentities = " << setup_.entities << "\n";
  }
  [[nodiscard]] std::string config_file() const { return (house_.folder() / "syncline.toml").string(); }

  std::vector<PairReport> sync(std::chrono::milliseconds later = std::chrono::hours(0)) {
    EngineOptions e;
    e.clock = [later, now = system_clock()] { return now() + later.count(); };
    SyncOptions s;
    s.workers = 1;
    return Engine(load_config(config_file(), {{SYNCLINE_BUILD_DIR "/plugins"}, {}}), std::move(e)).sync(s);
  }
  void settle(std::chrono::milliseconds later = std::chrono::hours(0)) {
    for (const PairReport& r : sync(later))
      EXPECT_EQ(r.end, PairEnd::done) << r.name << ": " << r.error << json::serialize(r.waiting);
  }
  /// The program itself, as `syncline ARGS`.
  Ended run(const std::vector<std::string>& args) { return house_.run(args, {.program = "syncline"}); }
  json::object explain(const std::string& item) {
    const Ended ended = run({"explain", item, "--json"});
    if (ended.code != 0) return {};
    return json::parse(ended.output).at("items").as_array().at(0).as_object();
  }
  std::string reason(const std::string& item) { return text(explain(item), "reason"); }
  void track(const std::string& item) {
    const Ended done = run({"track", item});
    EXPECT_EQ(done.code, 0) << done.output;
  }
  void untrack(const std::string& item) {
    const Ended done = run({"untrack", item});
    EXPECT_EQ(done.code, 0) << done.output;
  }

  // What a person does in the mailbox, and what stands there.
  std::string put(const std::string& folder, const std::string& xml) { return exchange_.add(alice, folder, xml); }
  std::string contact(const std::string& surname, const std::string& more = {}) {
    return put("contacts", "<t:Contact><t:DisplayName>" + surname + "</t:DisplayName>" + more + "<t:Surname>" +
                               surname + "</t:Surname></t:Contact>");
  }
  std::string task(const std::string& subject, const std::string& more = {}) {
    return put("tasks", "<t:Task><t:Subject>" + subject + "</t:Subject>" + more + "</t:Task>");
  }
  std::string mail(const Letter& letter, const std::string& folder = "inbox") {
    return exchange_.deliver(alice, letter.text(), folder);
  }
  void set(const std::string& id, const std::string& uri, const std::string& item, const std::string& element) {
    exchange_.edit(alice, id,
                   "<t:SetItemField><t:FieldURI FieldURI=\"" + uri + "\"/><t:" + item + ">" + element + "</t:" + item +
                       "></t:SetItemField>");
  }
  void clear(const std::string& id, const std::string& uri) {
    exchange_.edit(alice, id, "<t:DeleteItemField><t:FieldURI FieldURI=\"" + uri + "\"/></t:DeleteItemField>");
  }
  /// A property of Microsoft's clients.
  static std::string crm_path(const std::string& name, const std::string& type) {
    return "<t:ExtendedFieldURI DistinguishedPropertySetId=\"PublicStrings\" PropertyName=\"" + name +
           "\" PropertyType=\"" + type + "\"/>";
  }
  void set_crm(const std::string& id, const std::string& item, const std::string& name, const std::string& type,
               const std::string& value) {
    const std::string path = crm_path(name, type);
    exchange_.edit(alice, id,
                   "<t:SetItemField>" + path + "<t:" + item + "><t:ExtendedProperty>" + path + "<t:Value>" + value +
                       "</t:Value></t:ExtendedProperty></t:" + item + "></t:SetItemField>");
  }
  /// Its value; empty: the item has none.
  std::string crm_property(const std::string& id, const std::string& name, const std::string& type) {
    const std::string xml = exchange_.item(alice, id, crm_path(name, type));
    return between(xml, "<t:Value>", "</t:Value>");
  }
  /// The text of an element of the item; empty: it has none.
  std::string element(const std::string& id, const std::string& name) {
    const std::string xml = exchange_.item(alice, id);
    const std::size_t at = xml.find("<t:" + name);
    if (at == std::string::npos) return {};
    return between(xml.substr(at), ">", "</t:" + name + ">");
  }
  std::vector<std::string> in(const std::string& folder) { return exchange_.items(alice, folder); }

  // What stands in the CRM.
  std::vector<json::object> rows(const std::string& set) { return crm().rows(set); }
  json::object only(const std::string& set) {
    const auto all = rows(set);
    EXPECT_THAT(all, SizeIs(1)) << set;
    return all.empty() ? json::object() : all.front();
  }
  std::string user(const std::string& address = alice) {
    for (const json::object& u : rows("systemusers"))
      if (text(u, "internalemailaddress") == address) return text(u, "systemuserid");
    return {};
  }
  std::string in_crm(const std::string& set, json::object row) {
    row["ownerid@odata.bind"] = "systemusers(" + user() + ")";
    return crm().add(set, row);
  }
  static std::string text(const json::object& o, std::string_view name) { return MailHouse::text(o, name); }

  /// Requests that change something on either side.
  std::vector<std::string> writes() {
    std::vector<std::string> out;
    for (const auto& e : exchange_.log())
      if (e.operation == "CreateItem" || e.operation == "UpdateItem" || e.operation == "DeleteItem" ||
          e.operation == "MoveItem")
        out.push_back(e.operation);
    for (const auto& e : crm().log())
      if (e.method != "GET" && e.path.find("oauth2") == std::string::npos && e.path.find("$batch") == std::string::npos)
        out.push_back(e.method + " " + e.path);
    return out;
  }
  void clear_logs() {
    exchange_.clear_log();
    crm().clear_log();
  }
  /// A further pass writes nothing.
  void expect_quiet() {
    clear_logs();
    settle();
    EXPECT_THAT(writes(), IsEmpty());
  }

 private:
  static std::string between(const std::string& text, const std::string& begin, const std::string& end) {
    const std::size_t from = text.find(begin);
    if (from == std::string::npos) return {};
    const std::size_t to = text.find(end, from + begin.size());
    return to == std::string::npos ? std::string() : text.substr(from + begin.size(), to - from - begin.size());
  }

  ExchangeSetup setup_;
  MailHouse house_;
  sandbox::Exchange exchange_;
};

}  // namespace syncline::test
