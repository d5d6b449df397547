// running.hpp: a daemon beside the servers of a MailHouse, and how its tests wait.
#pragma once

#include <signal.h>

#include "tests/crash/mail_house.hpp"

namespace syncline::test {

inline constexpr const char* quick_polls = "[defaults.poll]\nbusy = \"1s\"\nnormal = \"1s\"\nidle = \"1s\"\n";
inline constexpr const char* quick_retry = "[retry]\nfirst = \"1s\"\nmost = \"1s\"\n";
inline constexpr const char* quick_lease = "lease_ttl = \"10s\"\n";

inline const Child plain{0, {}, {}, "syncline"};

/// Waits for what must come; the limit is there for what never does.
inline bool comes(const std::function<bool()>& true_once, std::chrono::seconds limit = std::chrono::seconds(60)) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!true_once()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

inline std::size_t times(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

inline Letter letter(const std::string& id, const std::string& to = "alice") {
  return {"Carol <carol@fabrikam.test>",
          "Subject of " + id,
          id + "@fabrikam.test",
          "Mon, 02 Mar 2026 10:00:00 +0000",
          {to + "@contoso.test"}};
}

inline MailSetup setup(const std::string& top = {}, std::vector<std::string> order = {"alice"}) {
  MailSetup s;
  s.order = std::move(order);
  s.top = quick_lease + top;
  s.rest = std::string(quick_polls) + quick_retry + "[log]\nformat = \"json\"\n";
  return s;
}

/// A running daemon; killed at the end if the test has not ended it.
class Running {
 public:
  explicit Running(MailHouse& house, const std::string& config = "syncline.toml")
      : house_(house), pid_(house.start({"run"}, {0, {}, {}, "syncline", config})) {}
  ~Running() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    house_.finish(pid_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] std::string output() const { return house_.output_of(pid_); }
  [[nodiscard]] bool says(const std::string& what) const {
    return comes([&] { return output().find(what) != std::string::npos; });
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  /// Whether it ends in the time that a service may take; its exit code.
  int ended_within(std::chrono::seconds limit) {
    siginfo_t info{};
    const bool ended = comes(
        [&] {
          info.si_pid = 0;
          return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
        },
        limit);
    if (!ended) return -1;
    const Ended e = house_.finish(pid_);
    pid_ = 0;
    last_ = e.output;
    return e.code;
  }
  [[nodiscard]] const std::string& last_words() const { return last_; }

 private:
  MailHouse& house_;
  pid_t pid_;
  std::string last_;
};

inline bool carried(MailHouse& house, const std::string& id) {
  return comes([&] { return !house.crm_id(id + "@fabrikam.test").empty(); });
}

}  // namespace syncline::test
