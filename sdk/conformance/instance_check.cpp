#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstring>

#include "check.hpp"
#include "option_check.hpp"
#include "syncline/conformance/test_host.hpp"

namespace syncline::conformance {
namespace {

void set(boost::json::object& into, const std::vector<std::string>& path, boost::json::value value) {
  boost::json::object* at = &into;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    boost::json::value& next = (*at)[path[i]];
    if (!next.is_object()) next = boost::json::object();
    at = &next.get_object();
  }
  (*at)[path.back()] = std::move(value);
}

/// Defaults, and for what is required the example.
std::string sample_config(const sy_class& c) {
  boost::json::object out;
  for (std::size_t i = 0; i < c.n_options; ++i) {
    const sy_option& o = *c.options[i];
    if ((o.flags & SY_PER_ENDPOINT) != 0 || o.type == SY_SECRET) continue;
    const char* value = o.fallback != nullptr ? o.fallback : (o.flags & SY_REQUIRED) != 0 ? o.example : nullptr;
    if (value != nullptr) set(out, split(o.name, '.'), boost::json::parse(json_of(o, value)));
  }
  return boost::json::serialize(out);
}

/// What is wrong, in a child process; empty: nothing.
std::string exercise(const sy_class& c, const std::string& config) {
  TestHost host;
  if (!host.effects().empty()) return "unexpected effects";
  sy_error e = no_error();
  void* self = c.create(&host.raw(), borrow(config), &e);
  if (self == nullptr) {
    if (e.code == SY_OK) return "create failed and gave no code";
    if (e.text[0] == '\0') return "create failed and gave no text";
    return std::strchr(e.text, '\n') != nullptr ? "create's error is more than one line" : "";
  }
  const std::string table = std::string("sy.") + c.role + "/1";
  const void* offered = c.extension(self, table.c_str());
  const void* nonsense = c.extension(self, "sy.nothing/1");
  c.destroy(self);
  if (offered == nullptr) return "it does not offer " + table;
  if (nonsense != nullptr) return "it offers a table that does not exist";
  if (*static_cast<const std::uint32_t*>(offered) < 2 * sizeof(void*)) return table + " does not begin with its size";
  return "";
}

std::string in_child(const sy_class& c, const std::string& config) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) return "no pipe can be made";
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return "no child process can be made";
  if (child == 0) {
    ::close(pipe_ends[0]);
    ::alarm(20);
    std::string found;
    try {
      found = exercise(c, config);
    } catch (...) {
      found = "an exception came out of it";
    }
    const ssize_t n = ::write(pipe_ends[1], found.data(), found.size());
    ::_exit(n == static_cast<ssize_t>(found.size()) ? 0 : 1);
  }
  ::close(pipe_ends[1]);
  std::string found;
  char buf[512];
  for (ssize_t n = 0; (n = ::read(pipe_ends[0], buf, sizeof buf)) > 0;) found.append(buf, static_cast<std::size_t>(n));
  ::close(pipe_ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (WIFSIGNALED(status))
    return WTERMSIG(status) == SIGALRM ? "it did not come back within 20 seconds"
                                       : "it was ended by signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? found : "the child process failed";
}

}  // namespace

std::vector<std::string> problems_of_instances(const sy_plugin& p) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < p.n_classes; ++i) {
    const sy_class& c = *p.classes[i];
    for (const std::string& config : {sample_config(c), std::string("{}")})
      if (const std::string found = in_child(c, config); !found.empty())
        out.push_back("class " + std::string(c.name) + ", made with " +
                      (config == "{}" ? "no options" : "its defaults") + ": " + found);
  }
  return out;
}

}  // namespace syncline::conformance
