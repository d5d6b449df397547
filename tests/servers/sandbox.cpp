// syncline-sandbox: a Dataverse organization, an Exchange server and a POP3 server with realistic mail, to try things
// out against.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <boost/json.hpp>
#include <csignal>
#include <iostream>
#include <map>

#include "certificates.hpp"
#include "dataverse.hpp"
#include "exchange/exchange.hpp"
#include "mail.hpp"
#include "pop3.hpp"

namespace {
namespace json = boost::json;
namespace sandbox = syncline::sandbox;

struct Settings {
  std::uint16_t crm_port = 0, exchange_port = 0, pop3_port = 0;
  std::string exchange_profile = "exchange2016";
  std::size_t mails = 60, max_page = 5000;
  std::uint64_t seed = 1;
  std::string certificates;
  bool crm_tls = false, until_eof = false;
  sandbox::Pop3Tls pop3_tls = sandbox::Pop3Tls::NONE;
  int token_lifetime = 3600;
};

const std::array<std::string, 3> kMailboxes{"alice@contoso.test", "bob@contoso.test", "support@contoso.test"};

std::string user_of(const std::string& address) { return address.substr(0, address.find('@')); }
std::string password_of(const std::string& address) { return user_of(address) + "-sandbox"; }

// Until a signal or, if wanted, the end of standard input. The signals are blocked in all threads.
void wait(int signals, bool until_eof) {
  while (true) {
    std::array<pollfd, 2> watched{{{signals, POLLIN, 0}, {until_eof ? STDIN_FILENO : -1, POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    if (watched[0].revents != 0) return;
    std::array<char, 4096> ignored{};
    if (watched[1].revents != 0 && ::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0) return;
  }
}

int serve(const Settings& settings, int signals) {
  sandbox::DataverseOptions crm_options;
  crm_options.port = settings.crm_port;
  crm_options.token_lifetime = std::chrono::seconds(settings.token_lifetime);
  crm_options.max_page = settings.max_page;
  sandbox::Pop3Options pop3_options;
  pop3_options.port = settings.pop3_port;
  pop3_options.tls = settings.pop3_tls;
  std::string ca;
  if (!settings.certificates.empty()) {
    const auto made = sandbox::make_certificates(settings.certificates);
    ca = made.ca.string();
    pop3_options.certificate = made.good.certificate.string();
    pop3_options.key = made.good.key.string();
    if (settings.crm_tls) {
      crm_options.certificate = pop3_options.certificate;
      crm_options.key = pop3_options.key;
    }
  }
  sandbox::Dataverse crm(crm_options);
  sandbox::add_customers(crm, sandbox::customers(settings.seed));
  sandbox::Pop3Server pop3(pop3_options);
  sandbox::ExchangeOptions exchange_options;
  exchange_options.port = settings.exchange_port;
  exchange_options.profile = sandbox::exchange_profile(settings.exchange_profile);
  exchange_options.status_interval = std::chrono::seconds(2);
  sandbox::Exchange exchange(exchange_options);
  json::array mailboxes;
  for (const char* address : {"alice@contoso.test", "bob@contoso.test"}) {
    exchange.add_mailbox(address, password_of(address));
    mailboxes.push_back(json::object{{"address", address}, {"password", password_of(address)}});
  }
  json::array users;
  for (const auto& address : kMailboxes) {
    pop3.add_mailbox(user_of(address), password_of(address));
    users.push_back(json::object{{"address", address}, {"user", user_of(address)}, {"password", password_of(address)}});
  }
  std::map<std::string, int> counts;
  for (const auto& mail : sandbox::generate({settings.seed, settings.mails, {kMailboxes.begin(), kMailboxes.end()}})) {
    pop3.add(user_of(mail.mailbox), mail.bytes);
    ++counts[mail.mailbox];
  }
  for (auto& user : users) user.as_object()["mails"] = counts[std::string(user.as_object().at("address").as_string())];
  static const std::map<sandbox::Pop3Tls, std::string> kTls{
      {sandbox::Pop3Tls::NONE, "none"}, {sandbox::Pop3Tls::STLS, "stls"}, {sandbox::Pop3Tls::IMPLICIT, "implicit"}};
  const json::object line{
      {"crm",
       {{"url", crm.url()},
        {"api", crm.api()},
        {"token_url", crm.token_url()},
        {"tenant", crm.options().tenant},
        {"scope", crm.scope()},
        {"client_id", crm.options().client_id},
        {"client_secret", crm.options().client_secret}}},
      {"pop3", {{"host", pop3.host()}, {"port", pop3.port()}, {"tls", kTls.at(settings.pop3_tls)}, {"users", users}}},
      {"exchange",
       {{"url", exchange.url()},
        {"service", exchange.options().service},
        {"service_password", exchange.options().service_password},
        {"mailboxes", mailboxes}}},
      {"ca_file", ca}};
  std::cout << json::serialize(line) << std::endl;  // flushed: somebody waits for it
  wait(signals, settings.until_eof);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app{
      "A Dataverse organization, an Exchange server and a POP3 server on 127.0.0.1, with realistic mail, for tests and "
      "trials.\n"
      "Prints one line of JSON with all addresses when it is ready and runs until SIGTERM or SIGINT.\n"
      "GET CRM/_sandbox/state and CRM/_sandbox/log show what happened; POST CRM/_sandbox/faults makes it fail."};
  app.add_option("--crm-port", settings.crm_port, "Port of the organization; 0: any free one")->capture_default_str();
  app.add_option("--exchange-port", settings.exchange_port, "Port of the Exchange server; 0: any free one")
      ->capture_default_str();
  app.add_option("--exchange-profile", settings.exchange_profile, "Which Exchange server it is like")
      ->check(CLI::IsMember({"exchange2016", "exchangeSE", "grommunio"}))
      ->capture_default_str();
  app.add_option("--pop3-port", settings.pop3_port, "Port of the POP3 server; 0: any free one")->capture_default_str();
  app.add_option("--mails", settings.mails, "Number of mails")->check(CLI::Range(0, 1000000))->capture_default_str();
  app.add_option("--seed", settings.seed, "The same seed gives the same mail and customers")->capture_default_str();
  app.add_option("--max-page", settings.max_page, "Rows a page at most")
      ->check(CLI::Range(1, 5000))
      ->capture_default_str();
  app.add_option("--token-lifetime", settings.token_lifetime, "Seconds a token is valid")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  auto* folder = app.add_option("--certificates", settings.certificates,
                                "Folder for a test authority and its certificates, made at start");
  app.add_flag("--crm-tls", settings.crm_tls, "The organization speaks HTTPS")->needs(folder);
  std::string pop3_tls = "none";
  app.add_option("--pop3-tls", pop3_tls, "TLS of the POP3 server; needs --certificates")
      ->check(CLI::IsMember({"none", "stls", "implicit"}))
      ->capture_default_str();
  app.add_flag("--until-eof", settings.until_eof, "Also end when standard input closes");
  CLI11_PARSE(app, argc, argv);
  settings.pop3_tls = pop3_tls == "stls"       ? sandbox::Pop3Tls::STLS
                      : pop3_tls == "implicit" ? sandbox::Pop3Tls::IMPLICIT
                                               : sandbox::Pop3Tls::NONE;

  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const int signals = ::signalfd(-1, &set, SFD_CLOEXEC);
  int status = 1;
  try {
    if (signals < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
    if (settings.pop3_tls != sandbox::Pop3Tls::NONE && settings.certificates.empty())
      throw std::invalid_argument("--pop3-tls needs --certificates");
    status = serve(settings, signals);
  } catch (const std::exception& failure) {
    std::cerr << "syncline-sandbox: " << failure.what() << '\n';
  }
  if (signals >= 0) ::close(signals);
  return status;
}
