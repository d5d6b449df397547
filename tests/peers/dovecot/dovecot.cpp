#include "dovecot.hpp"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace syncline::peers {

namespace fs = std::filesystem;

namespace {

pid_t spawn(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int failed = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    throw std::runtime_error("cannot start " + command.front() + ": install it (Debian: dovecot-pop3d, openssl)");
  return child;
}

void run(const std::vector<std::string>& command) {
  int status = 0;
  const pid_t child = spawn(command);
  if (::waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error(command.front() + " " + command.at(1) + " failed with status " + std::to_string(status));
}

std::uint16_t free_port() { return Poco::Net::ServerSocket(Poco::Net::SocketAddress("127.0.0.1", 0)).address().port(); }

void write(const fs::path& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary);
  out << content;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

Dovecot::Dovecot(const std::vector<std::string>& users, const std::string& password)
    : plain_port_(free_port()), tls_port_(free_port()), mail_uid_(::getuid()), mail_gid_(::getgid()) {
  if (!fs::exists("/usr/sbin/dovecot") || !fs::exists("/usr/lib/dovecot/pop3"))
    throw std::runtime_error("Dovecot's POP3 server is not installed: apt-get install dovecot-pop3d");
  if (::getuid() == 0) {
    const passwd* mail = ::getpwnam("mail");
    if (mail == nullptr) throw std::runtime_error("there is no user \"mail\" to read mail as");
    mail_uid_ = mail->pw_uid;
    mail_gid_ = mail->pw_gid;
  }
  std::string pattern = (fs::temp_directory_path() / "syncline-dovecot-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
  folder_ = pattern;
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec |
                               fs::perms::group_read | fs::perms::others_read);
  fs::create_directories(folder_ / "mail");
  give(folder_ / "mail");
  std::string accounts;  // all of them now: Dovecot looks at the file's time in whole seconds before it reads it again
  for (const std::string& user : users) {
    accounts += user + ":{PLAIN}" + password + "\n";
    make_maildir(user);
  }
  write(folder_ / "users", accounts);
  make_certificates();
  write_config();
  start();
}

Dovecot::~Dovecot() {
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    int status = 0;
    ::waitpid(process_, &status, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Dovecot::give(const fs::path& path) const {
  if (::getuid() == 0 && ::chown(path.c_str(), mail_uid_, mail_gid_) != 0)
    throw std::runtime_error("cannot chown " + path.string());
}

void Dovecot::make_certificates() const {
  const auto at = [&](const char* name) { return (folder_ / name).string(); };
  write(folder_ / "names", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
       "-subj", "/CN=Syncline peer CA", "-keyout", at("ca.key"), "-out", at("ca.pem")});
  run({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
       "-keyout", at("server.key"), "-out", at("server.csr")});
  run({"openssl", "x509", "-req", "-in", at("server.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"),
       "-CAcreateserial", "-days", "2", "-extfile", at("names"), "-out", at("server.pem")});
}

void Dovecot::write_config() const {
  std::ostringstream out;
  const std::string folder = folder_.string();
  out << "base_dir = " << folder << "/run\nstate_dir = " << folder << "/state\nlog_path = " << folder << "/log\n"
      << "protocols = pop3\nlisten = 127.0.0.1\n"
      << "ssl = yes\nssl_cert = <" << folder << "/server.pem\nssl_key = <" << folder << "/server.key\n"
      << "mail_location = maildir:" << folder << "/mail/%n\npop3_lock_session = yes\n"
      << "first_valid_uid = 1\nauth_failure_delay = 0\nauth_mechanisms = plain login apop\n"
      << "passdb {\n  driver = passwd-file\n  args = scheme=PLAIN " << folder << "/users\n}\n"
      << "userdb {\n  driver = static\n  args = uid=" << mail_uid_ << " gid=" << mail_gid_ << " home=" << folder
      << "/mail/%n\n}\n"
      << "service pop3-login {\n  chroot =\n  inet_listener pop3 {\n    port = " << plain_port_
      << "\n  }\n  inet_listener pop3s {\n    port = " << tls_port_ << "\n    ssl = yes\n  }\n}\n"
      << "service anvil {\n  chroot =\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n"
      << "auth_username_format = %n\n";
  if (::getuid() != 0) {
    const passwd* self = ::getpwuid(::getuid());
    const group* own = ::getgrgid(::getgid());
    if (self == nullptr || own == nullptr)
      throw std::runtime_error("this process has no user name or no group name, which Dovecot needs");
    const std::string name = self->pw_name;
    out << "default_internal_user = " << name << "\ndefault_login_user = " << name
        << "\ndefault_internal_group = " << own->gr_name << "\n";
  }
  write(folder_ / "dovecot.conf", out.str());
}

void Dovecot::start() {
  process_ = spawn({"/usr/sbin/dovecot", "-F", "-c", (folder_ / "dovecot.conf").string()});
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (;;) {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      throw std::runtime_error("Dovecot ended at once: " + log());
    }
    try {
      Poco::Net::StreamSocket probe(Poco::Net::SocketAddress("127.0.0.1", plain_port_));
      probe.setReceiveTimeout(Poco::Timespan(5, 0));
      char byte = 0;
      if (probe.receiveBytes(&byte, 1) == 1 && byte == '+') return;
    } catch (const Poco::Exception&) {  // not yet
    }
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("Dovecot does not answer: " + log());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void Dovecot::make_maildir(const std::string& user) const {
  fs::create_directories(maildir(user));
  give(maildir(user));
  for (const char* room : {"cur", "new", "tmp"}) {
    fs::create_directories(maildir(user) / room);
    give(maildir(user) / room);
  }
}

fs::path Dovecot::deliver(const std::string& user, const std::string& message) {
  // Names in the order of delivery: that is the order of the messages' numbers.
  ++delivered_;
  const std::string name = std::to_string(1'700'000'000 + delivered_) + ".M" + std::to_string(delivered_) + ".peer";
  const fs::path path = maildir(user) / "cur" / (name + ":2,");
  write(maildir(user) / "tmp" / name, message);
  give(maildir(user) / "tmp" / name);
  fs::rename(maildir(user) / "tmp" / name, path);
  return path;
}

std::string Dovecot::log() const {
  std::ifstream in(folder_ / "log");
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace syncline::peers
