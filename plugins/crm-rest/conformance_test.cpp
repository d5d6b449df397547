// The suites against the plugin, over the stand-in organization: as a user's pair, as a queue's, and over HTTPS.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "connection.hpp"
#include "dataverse.hpp"
#include "odata.hpp"
#include "syncline/conformance/subject.hpp"
#include "tests/servers/certificates.hpp"

namespace syncline::crm {
namespace {

namespace json = boost::json;
using conformance::Subject;
using conformance::TestHost;

struct Authority {
  conformance::TemporaryFolder folder;
  sandbox::Certificates certificates = sandbox::make_certificates(folder.path());
};

const sandbox::Certificates& certificates() {
  static const Authority authority;
  return authority.certificates;
}

struct Play {
  const char *kind, *address;
  bool https = false;
  bool items = false;  // contacts and tasks instead of mail
};

sandbox::DataverseOptions options_of(const Play& play) {
  sandbox::DataverseOptions options;
  if (!play.https) return options;
  options.certificate = certificates().good.certificate.string();
  options.key = certificates().good.key.string();
  return options;
}

class CrmSubject final : public Subject {
 public:
  explicit CrmSubject(const Play& play) : play_(play), server_(options_of(play)) {
    host_.secret("auth.secret", server_.options().client_secret);
    for (const json::object& user : server_.rows("systemusers"))
      if (text_of(user, "internalemailaddress") == "alice@contoso.test") alice_ = text_of(user, "systemuserid");
    if (alice_.empty()) throw std::logic_error("the organization has no alice@contoso.test");
    json::object config{{"url", server_.url()},
                        {"page_size", 3},
                        {"auth", {{"client_id", server_.options().client_id}, {"token_url", server_.token_url()}}}};
    if (play_.https) config["ca_file"] = certificates().ca.string();
    connection_ = ConnectionHandle(Instance(class_of<CrmRest>, host_.raw(), json::serialize(config)));
  }

  TestHost& host() override { return host_; }
  ConnectionHandle& connection() override { return connection_; }
  std::string settings() override {
    return json::serialize(json::object{{"principal", {{"kind", play_.kind}, {"address", play_.address}}}});
  }

  /// As the kernel hands a mail over: with its parties looked up.
  json::object sample(const std::string& kind, int n) override {
    json::object doc = Subject::sample(kind, n);
    if (kind == "task") doc.erase("subkind");  // a task is what it is without it
    if (kind != "email") return doc;
    doc["parties"] =
        json::array{json::object{{"role", "from"}, {"address", "sender@fabrikam.test"}},
                    json::object{{"role", "to"}, {"address", "alice@contoso.test"}, {"type", "user"}, {"id", alice_}}};
    return doc;
  }
  std::string add(const std::string& kind, const json::object& doc) override {
    if (kind != "email") return server_.add(set_of(kind), row_for(doc));
    json::object row{{"messageid", "<" + text_of(doc, "message_id") + ">"},
                     {"subject", text_of(doc, "subject")},
                     {"directioncode", text_of(doc, "direction") == "outgoing"}};
    row["email_activity_parties"] = json::array{
        json::object{{"participationtypemask", 1}, {"addressused", "sender@fabrikam.test"}},
        json::object{{"participationtypemask", 2}, {"partyid_systemuser@odata.bind", "/systemusers(" + alice_ + ")"}}};
    return server_.add("emails", row);
  }
  void edit(const std::string& kind, const std::string& id, const json::object& patch) override {
    server_.edit(set_of(kind), id, kind == "email" ? patch : row_for(patch));  // a mail's subject is called so here too
  }
  void remove(const std::string& kind, const std::string& id) override { server_.remove(set_of(kind), id); }
  std::string unknown_id(const std::string&) override { return "0b5e7e00-0000-4000-8000-00000000dead"; }
  std::size_t text_limit(const std::string& kind) override { return kind == "email" ? 800 : 2000; }

  bool throttle_next(std::int64_t retry_after_ms) override {
    sandbox::Fault fault;
    fault.status = 429;
    fault.code = "0x80072322";
    fault.retry_after = static_cast<int>(retry_after_ms / 1000);
    for (const std::string& table :
         play_.items ? std::vector<std::string>{"contacts", "tasks"} : std::vector<std::string>{"emails"}) {
      fault.path = table;
      server_.add_fault(fault);
    }
    return true;
  }
  /// The application's secret was changed, and the tokens in use were withdrawn.
  bool refuse_credentials() override {
    host_.secret("auth.secret", "the secret of yesterday");
    server_.expire_tokens();
    return true;
  }
  bool hang_next() override {
    sandbox::Behaviour behaviour;
    behaviour.latency = std::chrono::hours(1);  // the server's end cuts it short
    server_.set_behaviour(behaviour);
    return true;
  }
  bool forget_cursors() override {
    server_.expire_delta_tokens();
    return true;
  }
  std::string known_address() override { return play_.address; }

  /// The record as the server has it.
  [[nodiscard]] json::object stored(const std::string& id) const {
    return server_.row("emails", id).value_or(json::object{});
  }

  [[nodiscard]] std::map<std::string, std::string> exceptions() const override {
    if (play_.items) return {};
    const std::string one_way = "mail goes into the CRM one way: a fetch tells id and version and carries no document";
    return {{"endpoint.version_follows_edits/email", one_way + "; feeds.delta_reports_edits compares the versions"},
            {"endpoint.document_bears_only_carried_fields/email", one_way},
            {"endpoint.head_lacks_bodies_and_whole_has_them/email", one_way},
            {"endpoint.odd_texts_survive/email", one_way + "; CrmRestRows.HoldOddTexts looks at the server's rows"},
            {"endpoint.mail_bears_its_parts/email",
             one_way + "; EmailTest.MakesTheWholeMailInOrder looks at the server's rows"}};
  }

 private:
  static std::string set_of(const std::string& kind) { return kind + "s"; }
  /// What the suites write and edit, as columns.
  static json::object row_for(const json::object& doc) {
    static const std::map<std::string, std::string> columns{{"firstname", "firstname"},
                                                            {"lastname", "lastname"},
                                                            {"email1", "emailaddress1"},
                                                            {"notes", "description"},
                                                            {"subject", "subject"}};
    json::object out;
    for (const auto& [name, value] : doc)
      if (const auto at = columns.find(std::string(name)); at != columns.end()) out[at->second] = value;
    return out;
  }
  Play play_;
  sandbox::Dataverse server_;
  TestHost host_;
  std::string alice_;
  ConnectionHandle connection_;
};

bool play(const std::string& name, const Play& how) {
  return conformance::register_suites(name, {"email"}, [=] { return std::make_unique<CrmSubject>(how); });
}

bool play_items(const std::string& name, const Play& how) {
  return conformance::register_suites(name, {"contact", "task"}, [=] { return std::make_unique<CrmSubject>(how); });
}

const bool registered[] = {play("crm_rest", {"user", "alice@contoso.test"}),
                           play("crm_rest_queue", {"queue", "support@contoso.test"}),
                           play("crm_rest_https", {"user", "alice@contoso.test", true}),
                           play_items("crm_rest_items", {"user", "alice@contoso.test", false, true})};

/// In the place of endpoint.odd_texts_survive: the plugin does not read mail back, the server's rows tell.
TEST(CrmRestRows, HoldOddTexts) {
  CrmSubject subject({"user", "alice@contoso.test"});
  const EndpointHandle endpoint = subject.connection().open(subject.host().raw(), subject.settings());
  const std::vector<std::string> texts{
      "Gr\u00fc\u00dfe aus K\u00f6ln \u2013 \u6771\u4eac \U0001F680\U0001F469\u200D\U0001F467",
      "\u0645\u0631\u062D\u0628\u0627 \u202Eabc\u202C",
      "a<b>&\"c\" 'd' ]]> %20 + \\ / ?#",
      "tab\there",
      std::string(800, 'z'),
      "combining e\u0301"};
  std::vector<Operation> ops;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    json::object doc = subject.sample("email", static_cast<int>(i));
    doc["subject"] = texts[i];
    doc["body"] = json::object{{"type", "text"},
                               {"size", texts[i].size()},
                               {"blob", subject.host().put_blob("mail-" + std::to_string(i), "body", texts[i])}};
    Operation op;
    op.verb = SY_CREATE;
    op.kind = "email";
    op.token = "5c0ffee0-0000-4000-8000-00000000000" + std::to_string(i);
    op.doc = json::serialize(doc);
    ops.push_back(std::move(op));
  }
  std::vector<Done> done(ops.size());
  endpoint.apply(subject.host().call(), ops, [&](std::size_t i, const Done& d) { done[i] = d; });
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(done[i].code, SY_OK) << done[i].text;
    EXPECT_EQ(done[i].never, "") << "nothing was left out";
    const json::object row = subject.stored(done[i].id);
    EXPECT_EQ(text_of(row, "subject"), texts[i]);
    EXPECT_EQ(text_of(row, "description"), texts[i]);
  }
}

}  // namespace
}  // namespace syncline::crm
