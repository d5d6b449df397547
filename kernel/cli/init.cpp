// syncline init: asks for servers and people and writes a configuration that has been checked.
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "config_draft.hpp"
#include "context.hpp"
#include "exit_code.hpp"
#include "reference.hpp"

namespace syncline {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string file, store_plugin, mailbox_plugin, crm_plugin;
  std::vector<std::string> users, queues, values, secrets;
  bool no_input = false;
};

/// A file of its own that only its owner can read. Never replaces one.
void write_private(const fs::path& file, const std::string& text) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    throw Error(SY_CONFIG, file.string() + (errno == EEXIST ? " exists already: nothing is overwritten"
                                                            : " cannot be made; see whether its folder is writable"));
  std::size_t done = 0;
  while (done < text.size()) {
    const auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  const bool good = ::fsync(fd) == 0 && done == text.size();
  ::close(fd);
  if (good) return;
  std::error_code ec;
  fs::remove(file, ec);
  throw Error(SY_FULL, file.string() + " cannot be written: the disk is full");
}

/// The terminal shows nothing of what is typed.
class NoEcho {
 public:
  NoEcho() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) == 0;
  }
  ~NoEcho() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

class Init {
 public:
  Init(Context& context, Options options)
      : context_(context),
        o_(std::move(options)),
        file_(fs::absolute(o_.file.empty() ? context.file() : o_.file)),
        asks_(!o_.no_input && ::isatty(STDIN_FILENO) != 0),
        classes_(known_classes(context.plugins())) {}

  void run() {
    std::error_code ec;
    if (fs::exists(file_, ec)) throw Error(SY_CONFIG, file_.string() + " exists already: nothing is overwritten");
    try {
      draft();
      finish();
    } catch (...) {
      for (const fs::path& f : made_) fs::remove(f, ec);
      throw;
    }
  }

 private:
  void draft() {
    for (const std::string& v : o_.values) given_.insert(split(v, "--set"));
    for (const std::string& v : o_.secrets) given_secrets_.insert(split(v, "--secret"));
    part("store", draft_.store, o_.store_plugin, "store", false);
    part("mailbox", draft_.mailbox, o_.mailbox_plugin, "connection", true);
    part("crm", draft_.crm, o_.crm_plugin, "connection", false);
    people();
    for (const auto* rest : {&given_, &given_secrets_})
      if (!rest->empty())
        throw Error(SY_CONFIG, "nothing is called " + rest->begin()->first +
                                   " there; `syncline plugin info` shows a plugin's options");
  }

  using Given = std::map<std::string, std::string>;

  /// "mailbox:host=pop.contoso.test"
  static std::pair<std::string, std::string> split(const std::string& text, const std::string& flag) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || text.find(':') > equals)
      throw Error(SY_CONFIG,
                  flag + " " + text + ": write PART:OPTION=VALUE, where PART is store, mailbox, crm or an address");
    return {text.substr(0, equals), text.substr(equals + 1)};
  }

  static std::optional<std::string> take(Given& from, const std::string& key) {
    const auto it = from.find(key);
    if (it == from.end()) return std::nullopt;
    std::string out = std::move(it->second);
    from.erase(it);
    return out;
  }

  std::string ask(const std::string& question, const std::string& otherwise = {}) {
    std::cout << question << (otherwise.empty() ? "" : " [" + otherwise + "]") << ": " << std::flush;
    std::string answer;
    if (!std::getline(std::cin, answer)) throw Error(SY_CANCELED, "no answer: nothing was written");
    return answer.empty() ? otherwise : answer;
  }

  /// Plugins that fit: for a mailbox those whose class has options for each mailbox.
  const KnownClass& choose(const std::string& name, const std::string& wanted, const std::string& role, bool mailbox) {
    std::vector<const KnownClass*> fit;
    const std::string cls = take(given_, name + ":class").value_or("");
    for (const KnownClass& c : classes_)
      if (c.type->role == role && (cls.empty() || c.type->name == cls) &&
          (wanted.empty() || c.plugin->name == wanted) &&
          (!wanted.empty() || role != "connection" || endpoint_options(*c.type).empty() != mailbox))
        fit.push_back(&c);
    std::string names;
    for (const KnownClass* c : fit) names += (names.empty() ? "" : ", ") + std::string(c->plugin->name);
    if (fit.size() == 1) return *fit.front();
    if (asks_ && wanted.empty() && !fit.empty()) {
      const std::string answer = ask("Plugin for the " + name + " (" + names + ")", fit.front()->plugin->name);
      return choose(name, answer, role, mailbox);
    }
    throw Error(SY_CONFIG, fit.empty() ? "there is no plugin " + wanted + " for the " + name +
                                             "; `syncline plugin list` shows what is there"
                                       : "several would do for the " + name + ": name one with --" + name + "-plugin" +
                                             (wanted.empty() ? " (" + names + ")" : " and --set " + name + ":class=…"));
  }

  void part(const std::string& name, ConfigDraft::Part& to, const std::string& wanted, const std::string& role,
            bool mailbox) {
    const KnownClass& c = choose(name, wanted, role, mailbox);
    to.plugin = c.plugin->name;
    const auto same = std::count_if(classes_.begin(), classes_.end(), [&](const KnownClass& k) {
      return k.plugin == c.plugin && std::string_view(k.type->role) == role;
    });
    if (same > 1) to.class_name = c.type->name;
    if (mailbox) person_options_ = endpoint_options(*c.type);
    fill(name, own_options(*c.type), to.values);
  }

  void fill(const std::string& name, const OptionTable& options, ConfigDraft::Values& to) {
    const OptionTable asked = asked_options(options);
    for (const sy_option* o : options) {
      const std::string key = name + ":" + o->name;
      const bool ask_for_it = std::find(asked.begin(), asked.end(), o) != asked.end();
      if (o->type == SY_SECRET) {
        if (const auto ref = take(given_secrets_, key))
          to[o->name] = secret_literal(*ref);
        else if (asks_)
          ask_secret(name, *o, to);
        else if ((o->flags & SY_REQUIRED) != 0)
          throw Error(SY_CONFIG, "give --secret " + key + "=env:NAME or file:PATH: " + o->doc);
        continue;
      }
      std::string value = take(given_, key).value_or("");
      if (value.empty() && asks_ && ask_for_it) value = ask(name + " " + o->name + " (" + o->doc + ")");
      if (!value.empty())
        to[o->name] = toml_literal(*o, value);
      else if ((o->flags & SY_REQUIRED) != 0)
        throw Error(SY_CONFIG, "give --set " + key + "=VALUE: " + o->doc);
    }
  }

  /// What is typed goes into a file of its own; the configuration says where it is.
  void ask_secret(const std::string& name, const sy_option& o, ConfigDraft::Values& to) {
    std::string typed;
    {
      const NoEcho quietly;
      typed = ask(name + " " + o.name + " (not shown; or env:NAME, file:PATH; empty to leave it out)");
      std::cout << "\n";
    }
    if (typed.empty()) return;
    if (typed.starts_with("env:") || typed.starts_with("file:")) {
      to[o.name] = secret_literal(typed);
      return;
    }
    const fs::path folder = file_.parent_path() / "secrets";
    std::error_code ec;
    if (fs::create_directory(folder, ec)) fs::permissions(folder, fs::perms::owner_all, ec);
    std::string leaf = name + "-" + o.name;
    std::replace(leaf.begin(), leaf.end(), '/', '_');
    write_private(folder / leaf, typed + "\n");
    made_.push_back(folder / leaf);
    to[o.name] = secret_literal("file:" + (folder / leaf).string());
  }

  void people() {
    if (asks_ && o_.users.empty() && o_.queues.empty()) {
      for (std::string a = ask("Address of a user"); !a.empty(); a = ask("Address of a further user (empty: no more)"))
        o_.users.push_back(a);
      for (std::string a = ask("Address of a queue (empty: none)"); !a.empty();
           a = ask("Address of a further queue (empty: no more)"))
        o_.queues.push_back(a);
    }
    if (o_.users.empty() && o_.queues.empty())
      throw Error(SY_CONFIG, "give at least one --user ADDRESS or --queue ADDRESS");
    for (const auto& [kind, addresses] : {std::pair{"user", &o_.users}, std::pair{"queue", &o_.queues}})
      for (const std::string& address : *addresses) {
        ConfigDraft::Person p{kind, address, {}};
        fill(address, person_options_, p.values);
        draft_.people.push_back(std::move(p));
      }
  }

  /// The file appears only when it is without a fault.
  void finish() {
    const fs::path trial = file_.string() + ".new";
    std::error_code ec;
    try {
      write_private(trial, draft_.text());
      const LoadedConfig loaded = read_config(trial.string(), context_.options());
      if (!loaded.faults.empty()) throw ConfigError(loaded.faults);
      if (::link(trial.c_str(), file_.c_str()) != 0)
        throw Error(SY_CONFIG, file_.string() + " cannot be made, or exists by now");
      fs::remove(trial, ec);
    } catch (...) {
      fs::remove(trial, ec);
      throw;
    }
    std::cout << file_.string() << " is written and without a fault. Next: `syncline --config " << file_.string()
              << " doctor`, then `plan` and `sync`\n";
  }

  Context& context_;
  Options o_;
  fs::path file_;
  bool asks_;
  std::vector<KnownClass> classes_;
  Given given_, given_secrets_;
  ConfigDraft draft_;
  OptionTable person_options_;
  std::vector<fs::path> made_;  ///< secrets that go again when the rest fails
};

}  // namespace

void add_init(CLI::App& app, Context& context) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand(
      "init", "Asks for servers and people and writes a checked configuration; all can be given as options instead");
  c->add_option("FILE", o->file, "The file to write; default: the one that --config names. It must not exist");
  c->add_option("--store-plugin", o->store_plugin, "Where the state is kept; needed if several would do");
  c->add_option("--mailbox-plugin", o->mailbox_plugin, "What the mailboxes' server speaks; needed if several would do");
  c->add_option("--crm-plugin", o->crm_plugin, "What the CRM speaks; needed if several would do");
  c->add_option("--user", o->users, "Address of a CRM user (may be repeated)")->allow_extra_args(false);
  c->add_option("--queue", o->queues, "Address of a CRM queue (may be repeated)")->allow_extra_args(false);
  c->add_option("--set", o->values, "PART:OPTION=VALUE; PART is store, mailbox, crm, or a user's or queue's address")
      ->allow_extra_args(false);
  c->add_option("--secret", o->secrets, "PART:OPTION=env:NAME or PART:OPTION=file:PATH")->allow_extra_args(false);
  c->add_flag("--no-input", o->no_input, "Ask nothing; what is missing is an error");
  c->callback([&context, o] { Init(context, *o).run(); });
}

}  // namespace syncline
