// rules_house.hpp: a row of the matrix as a test: a configuration and mails in, both sides' end state and what
// `explain --json` says out. The passes run in this process over the real plugins; so do both servers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/report.hpp"
#include "kernel/schedule.hpp"
#include "tests/crash/mail_house.hpp"

namespace syncline::test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// A user or queue of the configuration: alice and bob are users and support is a queue of the organization as it
/// begins.
struct Owner {
  std::string name;
  std::string lines{};  ///< further lines below its table, as "email.method = 0\n"
  bool queue = false;
  std::string mailbox{};  ///< further options of its mailbox, as ", delete_after_processing = true"
};

class RulesHouse {
 public:
  /// `defaults`: lines of [defaults], as "email.method = 0\n".
  explicit RulesHouse(std::string defaults = {}, std::vector<Owner> owners = {{"alice"}}, MailSetup setup = {})
      : owners_(std::move(owners)), defaults_(std::move(defaults)), house_(with(std::move(setup), owners_)) {
    ::setenv("CRM_SECRET", house_.setup().crm_options.client_secret.c_str(), 1);
    for (const Owner& o : owners_) ::setenv(variable(o.name).c_str(), MailHouse::password(o.name).c_str(), 1);
    for (const Owner& o : owners_)
      if (crm().rows(o.queue ? "queues" : "systemusers").empty() || !id_of(MailHouse::address(o.name))) add_owner(o);
    write();
    set_up_log({"error", "plain", {}});
  }

  sandbox::Dataverse& crm() { return house_.crm(); }
  sandbox::Pop3Server& pop3() { return house_.pop3(); }
  [[nodiscard]] std::string leftovers() const { return house_.leftovers(); }
  /// Takes what the store knows of natural keys.
  void forget_known() {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open((house_.folder() / "state.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, "delete from known", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }
  [[nodiscard]] std::string config_file() const { return (house_.folder() / "syncline.toml").string(); }

  /// Another configuration over the same state.
  void configure(std::string defaults, std::vector<Owner> owners = {{"alice"}}) {
    owners_ = std::move(owners);
    defaults_ = std::move(defaults);
    write();
  }
  void deliver(const std::string& to, const std::string& text, const std::string& uidl) {
    house_.pop3().add(to, text, uidl);
  }

  /// Passes until nothing moves; `only`: of these owners.
  std::vector<PairReport> sync(const std::vector<std::string>& only = {}) {
    return sync_at(std::chrono::hours(0), only);
  }
  /// As if it were so much later.
  std::vector<PairReport> sync_at(std::chrono::milliseconds later, const std::vector<std::string>& only = {}) {
    for (const Owner& o : owners_)  // a session ends when the server notices
      for (int i = 0; i < 200 && pop3().locked(o.name); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EngineOptions e;
    e.clock = [later, now = system_clock()] { return now() + later.count(); };
    SyncOptions s;
    s.workers = 1;
    for (const std::string& name : only) s.pairs.push_back(MailHouse::address(name));
    return Engine(load_config(config_file(), {{SYNCLINE_BUILD_DIR "/plugins"}, {}}), std::move(e)).sync(s);
  }
  /// Sync that must end well.
  void settle(const std::vector<std::string>& only = {}) {
    for (const PairReport& r : sync(only)) EXPECT_EQ(r.end, PairEnd::done) << r.name << ": " << r.error;
  }
  /// The program itself, as `syncline ARGS`.
  Ended run(const std::vector<std::string>& args) { return house_.run(args, {.program = "syncline"}); }

  /// What `explain ITEM --json` says of the item in the owner's mailbox; empty: nothing.
  json::object explain(const std::string& item, const std::string& owner = "alice") {
    const Ended ended = run({"explain", item, "--json"});
    if (ended.code != 0) return {};
    const json::value answer = json::parse(ended.output);
    for (const auto& v : answer.at("items").as_array())
      if (v.at("pair").as_string() == MailHouse::address(owner)) return v.as_object();
    return {};
  }
  /// The reason with which the item was settled; of a created mail the one of the rule that let it in.
  std::string reason(const std::string& item, const std::string& owner = "alice") {
    return text(decisive(explain(item, owner)), "reason");
  }
  /// The code of Microsoft's that goes with it; -2: none.
  int code(const std::string& item, const std::string& owner = "alice") {
    const json::object rule = decisive(explain(item, owner));
    const auto* args = rule.if_contains("args");
    const auto* code = args != nullptr && args->is_object() ? args->get_object().if_contains("code") : nullptr;
    return code != nullptr && code->is_number() ? code->to_number<int>() : -2;
  }

  std::string verdict(const std::string& item, const std::string& owner = "alice") {
    return text(explain(item, owner), "verdict");
  }
  /// A mail that the CRM has sent, or has otherwise, as a person there would see it; its id.
  std::string in_crm(const std::string& message_id, json::object more = {}, bool outgoing = true) {
    json::object row{{"subject", "Offer"},
                     {"messageid", "<" + message_id + ">"},
                     {"directioncode", outgoing},
                     {"email_activity_parties",
                      {{{"addressused", "support@contoso.test"}, {"participationtypemask", 1}},
                       {{"addressused", "carol@customer.test"}, {"participationtypemask", 2}}}}};
    for (auto& m : more) row[m.key()] = m.value();
    const std::string id = crm().add("emails", row);
    crm().edit("emails", id, {{"statecode", 1}, {"statuscode", outgoing ? 3 : 4}});
    return id;
  }
  std::string contact(const std::string& address, json::object more = {}) {
    json::object row{{"firstname", "Carol"}, {"lastname", "Customer"}, {"emailaddress1", address}};
    for (auto& m : more) row[m.key()] = m.value();
    return crm().add("contacts", row);
  }
  /// The CRM's row of a mail; nullopt: it has none. More than one is a failure.
  std::optional<json::object> mail(const std::string& message_id) {
    std::optional<json::object> found;
    for (const json::object& row : crm().rows("emails"))
      if (text(row, "messageid") == "<" + message_id + ">") {
        EXPECT_FALSE(found) << "two CRM rows of " << message_id;
        found = row;
      }
    return found;
  }
  /// "1 contact:carol@customer.test" for each party, in the order of roles; unresolved: "1 -:x@y.test".
  std::vector<std::string> parties(const std::string& message_id) {
    std::vector<std::string> out;
    const auto row = mail(message_id);
    if (!row) return out;
    for (const auto& v : row->at("email_activity_parties").as_array()) {
      const auto& p = v.as_object();
      if (number(p, "participationtypemask") > 4) continue;  // owner and regarding: the CRM's own
      const std::string who = text(p, "_partyid_value");
      out.push_back(text(p, "participationtypemask") + " " +
                    (who.empty() ? "-:" + text(p, "addressused") : name_of(who)));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  /// "contacts:carol" for a record of a known table: its name or address.
  std::string name_of(const std::string& id) {
    for (const auto& [set, key, name] :
         {std::tuple{"contacts", "contactid", "fullname"}, std::tuple{"accounts", "accountid", "name"},
          std::tuple{"leads", "leadid", "fullname"}, std::tuple{"new_vendors", "new_vendorid", "new_name"},
          std::tuple{"systemusers", "systemuserid", "internalemailaddress"},
          std::tuple{"queues", "queueid", "emailaddress"}})
      for (const json::object& row : crm().rows(set))
        if (text(row, key) == id) return std::string(set) + ":" + text(row, name);
    return "?" + id;
  }
  /// The id of the user or queue with this address.
  std::optional<std::string> id_of(const std::string& address) {
    for (const auto& [set, key, column] : {std::tuple{"systemusers", "systemuserid", "internalemailaddress"},
                                           std::tuple{"queues", "queueid", "emailaddress"}})
      for (const json::object& row : crm().rows(set))
        if (text(row, column) == address) return text(row, key);
    return std::nullopt;
  }

  static std::string text(const json::object& o, std::string_view name) { return MailHouse::text(o, name); }
  static std::int64_t number(const json::object& o, std::string_view name) {
    const auto* v = o.if_contains(name);
    return v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : -1;
  }

 private:
  static MailSetup with(MailSetup setup, const std::vector<Owner>& owners) {
    setup.order.clear();
    for (const Owner& o : owners) setup.order.push_back(o.name);
    return setup;
  }
  static std::string variable(const std::string& name) {
    std::string out;
    for (const char c : name) out.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
    return out + "_PASSWORD";
  }
  void add_owner(const Owner& o) {
    const std::string address = MailHouse::address(o.name);

    if (o.queue)
      crm().add("queues", {{"name", o.name},
                           {"emailaddress", address},
                           {"incomingemaildeliverymethod", 0},
                           {"emailrouteraccessapproval", 1},
                           {"incomingemailfilteringmethod", 0}});
    else
      crm().add("systemusers", {{"fullname", o.name},
                                {"internalemailaddress", address},
                                {"domainname", address},
                                {"isdisabled", false},
                                {"incomingemaildeliverymethod", 0},
                                {"emailrouteraccessapproval", 1}});
  }
  void write() {
    std::ofstream out(config_file());
    out << "instance = \"test\"\nfirst_run = \"go\"\n"
        << house_.setup().top << "\n[log]\nlevel = \"error\"\n[store]\nplugin = \"storage-sqlite\"\npath = \""
        << house_.store().string() << "\"\n[connection.mail]\nplugin = \"pop3\"\nhost = \"" << pop3().host()
        << "\"\nport = " << pop3().port() << "\ntls = \"none\"\n[connection.contoso]\nplugin = \"crm-rest\"\nurl = \""
        << crm().url() << "\"\n"
        << house_.setup().crm << "\n[connection.contoso.auth]\nclient_id = \"" << crm().options().client_id
        << "\"\ntoken_url = \"" << crm().token_url() << "\"\nscope = \"" << crm().scope()
        << "\"\nsecret = { env = \"CRM_SECRET\" }\n[defaults]\nemail.received_after = 2026-01-01T00:00:00Z\n"
        << defaults_ << "\n";
    for (const Owner& o : owners_)
      out << "[" << (is_queue(o) ? "queue" : "user") << ".\"" << MailHouse::address(o.name)
          << "\"]\norganization = \"contoso\"\nmailbox = { connection = \"mail\", username = \"" << o.name
          << "\", password = { env = \"" << variable(o.name) << "\" }" << o.mailbox << " }\n"
          << (o.lines.find("entities") == std::string::npos ? "entities = [\"email\"]\n" : "") << o.lines << "\n";
    out << house_.setup().rest << "\n";
  }
  static bool is_queue(const Owner& o) { return o.queue || o.name == "support"; }

  /// The step that decided: the settling stage; of a mail that was carried, the acceptance that spoke for it.
  static json::object decisive(const json::object& explained) {
    if (explained.empty()) return {};
    if (text(explained, "verdict") == "refused" || text(explained, "verdict") == "quarantined") return explained;
    json::object last;
    for (const auto& step : explained.at("steps").as_array())
      if (const auto* rules = step.as_object().if_contains("rules"))
        for (const auto& r : rules->as_array())
          if (const auto* args = r.as_object().if_contains("args");
              args != nullptr && args->is_object() && args->get_object().contains("code"))
            last = r.as_object();
    return last.empty() ? explained : last;
  }

  std::vector<Owner> owners_;
  std::string defaults_;
  MailHouse house_;
};

/// `text` with a further header line at its top.
inline std::string with_header(const std::string& text, const std::string& line) { return line + "\r\n" + text; }

/// A plain mail to alice from a customer.
inline Letter plain(const std::string& id, const std::string& from = "carol@customer.test",
                    const std::string& subject = "Question about the offer",
                    std::vector<std::string> to = {"alice@contoso.test"}) {
  return {from, subject, id, "Mon, 02 Mar 2026 09:00:00 +0100", std::move(to)};
}

}  // namespace syncline::test
