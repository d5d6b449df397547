// mail_house.hpp: a whole installation that carries mail from POP3 mailboxes into a CRM. Both servers live in the
// test's process, so they outlive the program, which runs as a child and may be killed at any of its steps.
#pragma once

#include <sqlite3.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "process.hpp"
#include "tests/servers/dataverse.hpp"
#include "tests/servers/encode.hpp"
#include "tests/servers/pop3.hpp"

namespace syncline::test {

namespace fs = std::filesystem;
namespace json = boost::json;

/// A mail as its sender wrote it.
struct Letter {
  std::string from, subject, message_id, date;
  std::vector<std::string> to;
  std::string in_reply_to{}, body = "Good morning,\r\n\r\nplease see below.\r\n";
  std::vector<std::pair<std::string, std::string>> attachments{};  ///< name and bytes

  [[nodiscard]] std::string text() const {
    std::string out = "From: " + from + "\r\nTo: ";
    for (const std::string& t : to) out += (&t == to.data() ? "" : ", ") + t;
    out += "\r\nSubject: " + subject + "\r\nDate: " + date + "\r\n";
    if (!message_id.empty()) out += "Message-ID: <" + message_id + ">\r\n";
    if (!in_reply_to.empty()) out += "In-Reply-To: <" + in_reply_to + ">\r\nReferences: <" + in_reply_to + ">\r\n";
    out += "MIME-Version: 1.0\r\n";
    if (attachments.empty()) return out + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + body;
    out +=
        "Content-Type: multipart/mixed; boundary=frontier\r\n\r\n--frontier\r\nContent-Type: text/plain; "
        "charset=utf-8\r\n\r\n" +
        body;
    for (const auto& [name, bytes] : attachments)
      out += "\r\n--frontier\r\nContent-Type: application/octet-stream; name=" + name +
             "\r\nContent-Disposition: attachment; filename=" + name + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
             sandbox::base64(bytes);
    return out + "\r\n--frontier--\r\n";
  }
};

struct MailSetup {
  std::vector<std::string> order{"alice", "bob", "support"};  ///< pairs as they stand in the file
  std::map<std::string, int> method{};                        ///< of a pair; absent: 0, all mail
  std::string top{}, mail{}, crm{}, rest{};                   ///< further lines of the file and of its two connections
  std::map<std::string, std::string> pair{};                  ///< further lines of a pair
  sandbox::DataverseOptions crm_options{};
  sandbox::Pop3Options pop3_options{};
};

/// How a child runs: the step it dies at, more environment, a limit for the size of each file that it writes.
struct Child {
  long die = 0;
  std::vector<std::pair<std::string, std::string>> environment{};
  std::optional<rlim_t> file_limit{};
  const char* program = "syncline-crash";
  std::string config = "syncline.toml";  ///< in the house's folder
};

class MailHouse {
 public:
  explicit MailHouse(MailSetup setup = {})
      : setup_(std::move(setup)), crm_(setup_.crm_options), pop3_(setup_.pop3_options) {
    std::string pattern = (fs::temp_directory_path() / "syncline-mail-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directories(folder_ / "tmp");
    set_environment("CRM_SECRET", setup_.crm_options.client_secret);
    for (const std::string& user : setup_.order) {
      pop3_.add_mailbox(user, password(user));
      set_environment(upper(user) + "_PASSWORD", password(user));
    }
    set_environment("TMPDIR", (folder_ / "tmp").string());
    write_config();
  }
  MailHouse(const MailHouse&) = delete;
  MailHouse& operator=(const MailHouse&) = delete;
  ~MailHouse() {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }

  sandbox::Dataverse& crm() { return crm_; }
  [[nodiscard]] const sandbox::Dataverse& crm() const { return crm_; }
  sandbox::Pop3Server& pop3() { return pop3_; }
  MailSetup& setup() { return setup_; }
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  [[nodiscard]] fs::path store() const { return folder_ / "state.db"; }
  [[nodiscard]] static std::string address(const std::string& user) { return user + "@contoso.test"; }
  [[nodiscard]] static std::string password(const std::string& user) { return "pop-password-of-" + user; }
  void set_environment(const std::string& name, const std::string& value) { environment_[name] = value; }
  void add(const std::string& user, const Letter& letter, const std::string& uidl = {}) {
    pop3_.add(user, letter.text(), uidl);
  }

  void write_config() const {
    std::ofstream out(folder_ / "syncline.toml");
    out << "instance = \"test\"\nfirst_run = \"go\"\n"
        << setup_.top << "\n[store]\nplugin = \"storage-sqlite\"\npath = \"" << store().string() << "\"\n"
        << "[connection.mail]\nplugin = \"pop3\"\nhost = \"" << pop3_.host() << "\"\nport = " << pop3_.port() << "\n";
    if (setup_.mail.find("tls") == std::string::npos) out << "tls = \"none\"\n";
    out << setup_.mail << "\n[connection.contoso]\nplugin = \"crm-rest\"\nurl = \"" << crm_.url() << "\"\n"
        << setup_.crm << "\n[connection.contoso.auth]\nclient_id = \"" << crm_.options().client_id
        << "\"\ntoken_url = \"" << crm_.token_url() << "\"\nscope = \"" << crm_.scope()
        << "\"\nsecret = { env = \"CRM_SECRET\" }\n"
        << "[defaults.email]\nreceived_after = 2026-01-01T00:00:00Z\n";
    for (const std::string& user : setup_.order) {
      const auto method = setup_.method.find(user);
      const auto more = setup_.pair.find(user);
      out << "[" << (user == "support" ? "queue" : "user") << ".\"" << address(user)
          << "\"]\norganization = \"contoso\"\n"
          << "mailbox = { connection = \"mail\", username = \"" << user << "\", password = { env = \"" << upper(user)
          << "_PASSWORD\" } }\n"
          << "entities = [\"email\"]\nemail = { method = " << (method == setup_.method.end() ? 0 : method->second)
          << " }\n"
          << (more == setup_.pair.end() ? "" : more->second) << "\n";
    }
    out << setup_.rest << "\n";
  }

  /// Runs the program with `args`; its output is both streams.
  Ended run(const std::vector<std::string>& args, const Child& how = {}) {
    for (const std::string& user : setup_.order)  // a killed program's session ends when the server notices
      for (int i = 0; i < 200 && pop3_.locked(user); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const pid_t child = start(args, how);
    return finish(child);
  }
  Ended sync(const Child& how = {}) { return run({"sync", "--yes", "--workers", "1"}, how); }

  pid_t start(const std::vector<std::string>& args, const Child& how) {
    std::vector<std::string> words{std::string(SYNCLINE_BUILD_DIR "/bin/") + how.program, "--config",
                                   (folder_ / how.config).string(), "--plugin-dir", SYNCLINE_BUILD_DIR "/plugins"};
    words.insert(words.end(), args.begin(), args.end());
    std::map<std::string, std::string> environment = environment_;
    for (char** e = environ; *e != nullptr; ++e) {
      const std::string entry = *e;
      environment.emplace(entry.substr(0, entry.find('=')), entry.substr(entry.find('=') + 1));
    }
    if (how.die != 0) environment["SYNCLINE_STEP_DIE"] = std::to_string(how.die);
    for (const auto& [k, v] : how.environment) environment[k] = v;
    std::vector<std::string> pairs;
    for (const auto& [k, v] : environment) pairs.push_back(k + "=" + v);
    std::vector<char*> argv, envp;  // all memory is taken before the fork: other threads may hold its locks
    for (std::string& w : words) argv.push_back(w.data());
    for (std::string& p : pairs) envp.push_back(p.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    const std::string log = (folder_ / ("output-" + std::to_string(++started_))).string();
    const pid_t child = ::fork();
    if (child != 0) {
      outputs_[child] = log;
      return child;
    }
    ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::close_range(3, ~0U, 0);  // the servers' sockets are not the child's
    if (how.file_limit) {
      const rlimit limit{*how.file_limit, *how.file_limit};
      ::signal(SIGXFSZ, SIG_IGN);
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  /// What it has written so far.
  [[nodiscard]] std::string output_of(pid_t child) const {
    std::ostringstream text;
    text << std::ifstream(outputs_.at(child)).rdbuf();
    return text.str();
  }
  Ended finish(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    Ended out;
    out.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    std::ostringstream text;
    text << std::ifstream(outputs_[child]).rdbuf();
    out.output = text.str();
    return out;
  }

  /// The CRM's mails: by Message-ID, without one by subject, what stands in them; the same for every house.
  std::map<std::string, std::string> mails() {
    const json::object state = crm_.state();
    std::map<std::string, std::string> names, out;
    std::set<std::string> known;
    bool twice = false;
    for (const auto& v : state.at("emails").as_array())
      names[text(v.as_object(), "activityid")] = "email:" + text(v.as_object(), "messageid");
    for (const auto& [set, key, name] :
         {std::tuple{"contacts", "contactid", "emailaddress1"}, std::tuple{"accounts", "accountid", "name"},
          std::tuple{"systemusers", "systemuserid", "internalemailaddress"},
          std::tuple{"queues", "queueid", "emailaddress"}})
      for (const auto& row : state.at(set).as_array()) {
        std::string shown = std::string(set) + ":" + text(row.as_object(), name);
        while (!known.insert(shown).second) shown += " AGAIN";  // a second record of the same person
        names[text(row.as_object(), key)] = shown;
        twice = twice || shown.ends_with("AGAIN");
      }
    for (const auto& v : state.at("emails").as_array()) {
      const auto& mail = v.as_object();
      std::multiset<std::string> parts;
      for (const auto& p : mail.at("email_activity_parties").as_array()) {
        const auto& party = p.as_object();
        parts.insert("party " + text(party, "participationtypemask") + " " + text(party, "addressused") + " " +
                     names[text(party, "_partyid_value")]);
      }
      for (const auto& a : state.at("activitymimeattachments").as_array())
        if (text(a.as_object(), "_objectid_value") == text(mail, "activityid"))
          parts.insert("attachment " + text(a.as_object(), "filename") + " " + text(a.as_object(), "body_sha256"));
      for (const auto& q : state.at("queueitems").as_array())
        if (text(q.as_object(), "_objectid_value") == text(mail, "activityid"))
          parts.insert("queue item " + names[text(q.as_object(), "_queueid_value")]);
      if (const std::string to = text(mail, "_correlatedactivityid_value"); !to.empty())
        parts.insert("answers " + names[to] + " by " + text(mail, "correlationmethod"));
      if (twice) parts.insert("SOMEBODY TWICE");
      std::string line = text(mail, "subject") + " state " + text(mail, "statecode") + "/" + text(mail, "statuscode") +
                         " notifications " + text(mail, "notifications") + " regarding " +
                         names[text(mail, "_regardingobjectid_value")] + " ended " + text(mail, "actualend") +
                         " body " + sandbox::sha256(text(mail, "description")).substr(0, 12);
      for (const std::string& p : parts) line += "; " + p;
      std::string key = text(mail, "messageid").empty() ? text(mail, "subject") : text(mail, "messageid");
      while (out.contains(key)) key += " AGAIN";
      out[key] = line;
    }
    return out;
  }
  /// Write requests that the CRM has had since its log was cleared, token requests left out.
  std::string writes() const {
    std::string out;
    for (const auto& e : crm_.log())
      if (e.method != "GET" && e.path.find("/api/data/") != std::string::npos &&
          e.path.find("$batch") == std::string::npos)
        out += e.method + " " + e.path + " " + std::to_string(e.status) + "\n";
    return out;
  }
  /// All rows that say something of items; leases and the run log excepted.
  [[nodiscard]] std::string rows() const {
    sqlite3* db = nullptr;
    std::string out;
    if (sqlite3_open_v2(store().c_str(), &db, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK)
      out = "the store cannot be read";
    for (const auto* table :
         {"link", "seen", "pending", "intent", "claim", "known", "quarantine", "activity", "unconfirmed"}) {
      out += std::string(table) + ":\n";
      sqlite3_exec(
          db, (std::string("select * from ") + table).c_str(),
          [](void* to, int n, char** values, char**) {
            for (int i = 0; i < n; ++i)
              *static_cast<std::string*>(to) += std::string(values[i] == nullptr ? "" : values[i]) + "|";
            *static_cast<std::string*>(to) += "\n";
            return 0;
          },
          &out, nullptr);
    }
    sqlite3_close(db);
    return out;
  }
  /// Files that the spool and TMPDIR still hold.
  [[nodiscard]] std::string leftovers() const {
    std::string out;
    for (const auto* place : {"spool", "tmp"})
      if (std::error_code ec; fs::exists(folder_ / place, ec))
        for (const auto& f : fs::recursive_directory_iterator(folder_ / place))
          if (f.is_regular_file() && f.path().extension() != ".lock") out += f.path().string() + "\n";
    return out;
  }
  /// The id of the CRM's mail with this Message-ID, or an empty text.
  std::string crm_id(const std::string& message_id) {
    for (const auto& mail : crm_.rows("emails"))
      if (text(mail, "messageid") == message_id || text(mail, "messageid") == "<" + message_id + ">")
        return text(mail, "activityid");
    return {};
  }

  static std::string text(const json::object& o, std::string_view name) {
    const auto* v = o.if_contains(name);
    if (v == nullptr || v->is_null()) return {};
    return v->is_string() ? std::string(v->get_string()) : json::serialize(*v);
  }

 private:
  static std::string upper(std::string s) {
    for (char& c : s) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return s;
  }

  MailSetup setup_;
  sandbox::Dataverse crm_;
  sandbox::Pop3Server pop3_;
  fs::path folder_;
  std::map<std::string, std::string> environment_;
  std::map<pid_t, std::string> outputs_;
  int started_ = 0;
};

/// f(n) for n in [1, last] with `stride` on a few threads; f returns what is wrong, or nothing. The first complaints.
inline std::string in_parallel(long last, long stride, const std::function<std::string(long)>& f,
                               unsigned threads = 3) {
  std::atomic<long> next{1};
  std::atomic<int> complaints{0};
  std::mutex mutex;
  std::string out;
  const auto worker = [&] {
    for (long n = next.fetch_add(stride); n <= last && complaints < 3; n = next.fetch_add(stride)) {
      std::string wrong;
      try {
        wrong = f(n);
      } catch (const std::exception& e) {
        wrong = e.what();
      }
      if (wrong.empty()) continue;
      ++complaints;
      const std::lock_guard lock(mutex);
      out += "step " + std::to_string(n) + ": " + wrong + "\n";
    }
  };
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i) all.emplace_back(worker);
  for (std::thread& t : all) t.join();
  return out;
}

}  // namespace syncline::test
