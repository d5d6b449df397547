#include "secrets.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <syncline/plugin.hpp>

namespace syncline {
namespace {

constexpr std::size_t most = std::size_t{64} << 10;

[[noreturn]] void fail(const SecretRef& ref, sy_code code, const std::string& why, const std::string& remedy) {
  const std::string place = ref.where.empty() ? std::string() : ref.where + ": ";
  throw Error(code, place + "cannot get the secret from " + ref.describe() + ": " + why + "; " + remedy);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

SecretText from_file(const SecretRef& ref) {
  const Descriptor file(::open(ref.name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0)
    fail(ref, SY_CONFIG, std::strerror(errno), "create the file, readable by this program's user only");
  struct stat info{};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    fail(ref, SY_CONFIG, "it is not a regular file", "name a file");
  if ((info.st_mode & 007U) != 0) fail(ref, SY_CONFIG, "everybody may read or change it", "chmod 600 " + ref.name);
  if (static_cast<std::uintmax_t>(info.st_size) > most)
    fail(ref, SY_CONFIG, "it is larger than 64 KiB", "put nothing but the secret into it");
  std::string value(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t got = 0;
  while (got < value.size()) {
    const ssize_t n = ::read(file.get(), value.data() + got, value.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  value.resize(got);
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  if (value.empty()) fail(ref, SY_CONFIG, "it is empty", "put the secret into it");
  return SecretText(std::move(value));
}

SecretText from_environment(const SecretRef& ref) {
  const char* value = std::getenv(ref.name.c_str());
  if (value == nullptr || *value == '\0')
    fail(ref, SY_CONFIG, "it is not set", "set it for the service, or use { file = \"…\" }");
  return SecretText(value);
}

/// A child process that is ended and reaped with its whole group, whatever happens.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
  }
  /// Its wait status once it has ended; nothing while it runs.
  bool ended(int& status) {
    const pid_t got = ::waitpid(pid_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return false;
    pid_ = 0;
    return true;
  }

 private:
  pid_t pid_;
};

pid_t spawn(const SecretRef& ref, int write_end) {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, write_end, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);  // may say too much
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals{};
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::sigaddset(&signals, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  std::vector<std::string> words = ref.command;
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) fail(ref, SY_CONFIG, std::strerror(failed), "name a program that exists and may be run");
  return pid;
}

SecretText from_command(const SecretRef& ref, std::chrono::milliseconds patience) {
  if (ref.command.empty()) fail(ref, SY_CONFIG, "it is empty", "write { command = [\"program\", \"argument\"] }");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(ref, SY_RETRY, std::strerror(errno), "try again");
  const Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  Child child(spawn(ref, write_end.get()));
  write_end.close();
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto left = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
  };
  SecretText holder;
  std::string output;
  output.reserve(most + 4096);  // never moved while it grows
  bool open = true;
  int status = 0;
  while (true) {
    if (left() <= 0) {
      holder = SecretText(std::move(output));
      fail(ref, SY_RETRY, "no answer in " + std::to_string(patience.count() / 1000) + " s",
           "run it by hand to see what it waits for");
    }
    pollfd wait{read_end.get(), POLLIN, 0};
    if (open && ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left(), 100))) > 0) {
      std::array<char, 4096> buffer{};
      const ssize_t n = ::read(read_end.get(), buffer.data(), buffer.size());
      if (n > 0) output.append(buffer.data(), static_cast<std::size_t>(n));
      ::explicit_bzero(buffer.data(), buffer.size());
      open = n > 0 || (n < 0 && errno == EINTR);
      if (output.size() <= most) continue;
      fail(ref, SY_CONFIG, "it printed more than 64 KiB", "let it print the secret only");
    }
    if (child.ended(status)) break;
    if (!open) ::usleep(10'000);
  }
  holder = SecretText(output.substr(0, output.find('\n')));
  ::explicit_bzero(output.data(), output.size());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail(ref, SY_AUTH, WIFEXITED(status) ? "it ended with " + std::to_string(WEXITSTATUS(status)) : "it was killed",
         "run it by hand as this program's user to see why");
  if (holder.empty()) fail(ref, SY_AUTH, "its first line is empty", "let it print the secret on its first line");
  return holder;
}

}  // namespace

void SecretText::wipe() noexcept {
  if (!value_.empty()) ::explicit_bzero(value_.data(), value_.size());
  value_.clear();
}

std::string SecretRef::describe() const {
  switch (from) {
    case From::inline_text: return "the configuration file";
    case From::file: return "the file " + name;
    case From::environment: return "the environment variable " + name;
    case From::command: return "the command " + (command.empty() ? std::string() : command.front());
  }
  return {};
}

SecretText resolve(const SecretRef& ref, std::chrono::milliseconds patience) {
  switch (ref.from) {
    case SecretRef::From::file: return from_file(ref);
    case SecretRef::From::environment: return from_environment(ref);
    case SecretRef::From::command: return from_command(ref, patience);
    default: return ref.text;
  }
}

std::string redact(std::string_view text, const std::vector<SecretText>& known) {
  std::string out(text);
  for (const SecretText& secret : known) {
    const std::string& s = secret.reveal();
    if (s.size() < 4) continue;
    for (std::size_t i = out.find(s); i != std::string::npos; i = out.find(s, i + 3)) out.replace(i, s.size(), "***");
  }
  return out;
}

}  // namespace syncline
