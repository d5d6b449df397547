// The suites against the plugin, over the sandbox's POP3 server: plain, both kinds of TLS, and a server that can
// little.
#include <Poco/Net/ServerSocket.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>

#include "fetch.hpp"
#include "pop3.hpp"
#include "syncline/conformance/subject.hpp"
#include "tests/servers/certificates.hpp"
#include "tests/servers/pop3.hpp"
#include "tls.hpp"

namespace syncline::pop3 {
namespace {

namespace json = boost::json;
using conformance::Subject;
using conformance::TestHost;
using sandbox::Pop3Options;
using sandbox::Pop3Tls;

constexpr const char* kPassword = "secret";
/// A POP3 session locks its mailbox, so two endpoints that work at once need a mailbox each. Both hold the same mails.
constexpr std::array<const char*, 2> kUsers{"ada", "ben"};

struct Authority {
  conformance::TemporaryFolder folder;
  sandbox::Certificates certificates = sandbox::make_certificates(folder.path());
};

const sandbox::Certificates& certificates() {
  static const Authority authority;
  return authority.certificates;
}

Pop3Options with_certificate(Pop3Options options) {
  if (options.tls == Pop3Tls::NONE) return options;
  options.certificate = certificates().good.certificate.string();
  options.key = certificates().good.key.string();
  return options;
}

std::string text_of(const json::object& doc, const char* member) {
  const json::value* v = doc.if_contains(member);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

/// The document as a message; the suites' heads are plain ASCII.
std::string message(const json::object& doc) {
  std::string out = "Message-ID: <" + text_of(doc, "message_id") + ">\r\n";
  out += "Subject: " + text_of(doc, "subject") + "\r\nDate: Thu, 01 Jan 2026 08:00:00 +0000\r\n";
  out += "From: " + text_of(doc.at("from").as_object(), "address") + "\r\n";
  for (const json::value& to : doc.at("to").as_array()) out += "To: " + text_of(to.as_object(), "address") + "\r\n";
  out += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  const json::value* body = doc.if_contains("body");
  return out + (body == nullptr ? std::string("text") : text_of(body->as_object(), "text")) + "\r\n";
}

class Pop3Subject final : public Subject {
 public:
  Pop3Subject(const Pop3Options& options, const char* tls, bool deletes)
      : deletes_(deletes), server_(std::make_unique<sandbox::Pop3Server>(with_certificate(options))) {
    for (const char* user : kUsers) server_->add_mailbox(user, kPassword);
    host_.secret("password", kPassword);
    json::object config{{"host", server_->host()}, {"port", server_->port()}, {"tls", tls}};
    if (options.tls != Pop3Tls::NONE) config["ca_file"] = certificates().ca.string();
    config_ = json::serialize(config);
    connection_ = ConnectionHandle(Instance(class_of<Pop3>, host_.raw(), config_));
  }

  TestHost& host() override { return host_; }
  ConnectionHandle& connection() override { return connection_; }
  /// The next endpoint's mailbox; asked from several threads.
  std::string settings() override {
    return json::serialize(
        json::object{{"username", kUsers[opened_++ % kUsers.size()]}, {"delete_after_processing", deletes_}});
  }

  std::string add(const std::string&, const json::object& doc) override {
    const std::string uidl = "uidl-" + std::to_string(++added_);
    for (const char* user : kUsers) server_->add(user, message(doc), uidl);
    return uidl;
  }
  void edit(const std::string&, const std::string&, const json::object&) override {
    throw std::logic_error("a mail on a POP3 server cannot be edited");
  }
  void remove(const std::string&, const std::string& id) override {
    for (const char* user : kUsers) server_->remove(user, id);
  }
  std::string unknown_id(const std::string&) override { return "no-such-uidl"; }

  /// What POP3 has in a pause's place: somebody else's session holds the mailbox. How long, the server does not say.
  bool throttle_next(std::int64_t) override {
    const Settings settings = read_settings(config_);
    const auto context = settings.tls == Tls::NONE ? nullptr : make_context(settings);
    Memory memory;
    for (const char* user : kUsers) {
      const MailboxSettings mailbox{user, false};
      others_.push_back(log_in(Account{settings, context, host_.host(), mailbox, nullptr, memory}, other_call_.call()));
    }
    return true;
  }
  bool refuse_credentials() override {
    sandbox::Pop3Faults faults;
    faults.refuse_login = true;
    server_->set_faults(faults);
    return true;
  }
  /// In the server's place comes one that takes connections and never says a word: the call must end in the wait.
  bool hang_next() override {
    const Poco::Net::SocketAddress address("127.0.0.1", server_->port());
    server_.reset();
    silent_.emplace(address);
    return true;
  }

  [[nodiscard]] std::map<std::string, std::string> exceptions() const override {
    return {{"endpoint.version_follows_edits/email",
             "a mail on a POP3 server cannot be edited, so its version is always the same"}};
  }

 private:
  const bool deletes_;
  std::unique_ptr<sandbox::Pop3Server> server_;
  std::optional<Poco::Net::ServerSocket> silent_;
  TestHost host_;
  conformance::TestCall other_call_;
  std::string config_;
  ConnectionHandle connection_;
  std::vector<std::unique_ptr<Session>> others_;
  std::atomic<std::size_t> opened_{0};
  std::size_t added_ = 0;
};

bool play(const std::string& name, const char* tls, const Pop3Options& options, bool deletes = false) {
  return conformance::register_suites(name, {"email"},
                                      [=] { return std::make_unique<Pop3Subject>(options, tls, deletes); });
}

Pop3Options over(Pop3Tls tls) {
  Pop3Options options;
  options.tls = tls;
  return options;
}

Pop3Options poor() {
  Pop3Options options;
  options.capa = options.top = options.pipelining = false;
  return options;
}

Pop3Options sasl(Pop3Tls tls) {
  Pop3Options options = over(tls);
  options.sasl = "PLAIN";
  options.user = false;
  return options;
}

const bool registered[] = {play("pop3_deletes", "implicit", sasl(Pop3Tls::IMPLICIT), true),
                           play("pop3_deletes_without_pipelining", "none", poor(), true),
                           play("pop3", "none", over(Pop3Tls::NONE)),
                           play("pop3_implicit_tls", "implicit", over(Pop3Tls::IMPLICIT)),
                           play("pop3_starttls", "starttls", over(Pop3Tls::STLS)),
                           play("pop3_without_capa_top_pipelining", "none", poor())};

}  // namespace
}  // namespace syncline::pop3
