// process.hpp: runs a program with an environment and waits for its end.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace syncline::test {

struct Ended {
  int code = -1;
  std::string output;
};

inline Ended run_program(const std::vector<std::string>& args,
                         const std::vector<std::pair<std::string, std::string>>& environment, const std::string& log) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    for (const auto& [k, v] : environment) ::setenv(k.c_str(), v.c_str(), 1);
    std::vector<char*> argv;
    for (const std::string& a : args) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  Ended out;
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::ostringstream text;
  text << std::ifstream(log).rdbuf();
  out.output = text.str();
  return out;
}

/// A command of `syncline-crash`; `die` 0: to its end. 99 is the exit code of a process that died at its step.
inline Ended command_dying_at(const std::vector<std::string>& command, const std::string& config,
                              const std::string& log, long die) {
  std::vector<std::string> args{SYNCLINE_BUILD_DIR "/bin/syncline-crash", "--config", config, "--plugin-dir",
                                SYNCLINE_BUILD_DIR "/plugins"};
  args.insert(args.end(), command.begin(), command.end());
  return run_program(args, {{"SYNCLINE_STEP_DIE", std::to_string(die)}}, log);
}

/// One `syncline-crash sync`; `die` 0: to its end. 99 is the exit code of a process that died at its step.
inline Ended sync_dying_at(const std::string& config, const std::string& log, long die,
                           const std::vector<std::pair<std::string, std::string>>& more = {}) {
  auto environment = more;
  environment.emplace_back("SYNCLINE_STEP_DIE", std::to_string(die));
  return run_program({SYNCLINE_BUILD_DIR "/bin/syncline-crash", "--config", config, "--plugin-dir",
                      SYNCLINE_BUILD_DIR "/plugins", "sync", "--yes", "--workers", "1"},
                     environment, log);
}

}  // namespace syncline::test
