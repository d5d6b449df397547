// plugincheck: says what is in a plugin and what is wrong with it, without a server.
#include <cstdio>
#include <cstring>
#include <string>

#include "check.hpp"
#include "syncline/plugin.hpp"

namespace {

constexpr const char* usage =
    "usage: plugincheck FILE.so...\n"
    "Loads each plugin, lists its classes and checks its description, its options and that its instances begin and "
    "end.\n"
    "Exit code: 0 nothing is wrong, 1 something is, 2 not called rightly.\n";

void list(const sy_plugin& p) {
  std::printf("%s %s, %s, ABI %u.%u\n", p.name, p.version, p.licence, p.abi_major, p.abi_minor);
  for (std::size_t i = 0; i < p.n_classes; ++i) {
    const sy_class& c = *p.classes[i];
    std::printf("  %s %s: %s (%zu options)\n", c.role, c.name, c.summary, c.n_options);
  }
}

bool check(const char* file) {
  try {
    const sy_plugin& plugin = syncline::conformance::load_plugin(file);
    auto problems = syncline::conformance::problems_of(plugin);
    if (problems.empty()) {
      list(plugin);
      problems = syncline::conformance::problems_of_instances(plugin);
    }
    for (const std::string& p : problems) std::fprintf(stderr, "%s: %s\n", file, p.c_str());
    return problems.empty();
  } catch (const syncline::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::strcmp(argv[1], "--help") == 0) {
    std::fputs(usage, argc < 2 ? stderr : stdout);
    return argc < 2 ? 2 : 0;
  }
  bool good = true;
  for (int i = 1; i < argc; ++i) good = check(argv[i]) && good;
  return good ? 0 : 1;
}
