// kernel_bench: the kernel between two endpoints in memory, in one process; prints what each phase cost as JSON.
#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "counting.hpp"
#include "kernel/report.hpp"
#include "kernel/schedule.hpp"

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using syncline::bench::Counts;

struct Settings {
  std::string folder, plugins, entities = "contact";
  std::size_t items = 100'000, pairs = 1;
  unsigned workers = 1;
  std::vector<std::string> phases{"first", "echo", "idle", "changed", "idle"};
};

std::string write_config(const Settings& s) {
  const fs::path folder = s.folder;
  const std::string path = (folder / "syncline.toml").string();
  std::ofstream out(path);
  out << "instance = \"bench\"\nfirst_run = \"go\"\n[store]\nplugin = \"storage-sqlite\"\npath = \""
      << (folder / "state.db").string() << "\"\n[log]\nlevel = \"error\"\n"
      << "[connection.mail]\nplugin = \"bench\"\nclass = \"bench-mailbox\"\nitems = " << s.items / s.pairs
      << "\n[connection.crm]\nplugin = \"bench\"\nclass = \"bench-crm\"\n";
  for (std::size_t i = 0; i < s.pairs; ++i)
    out << "[user.\"user" << i << "@contoso.test\"]\norganization = \"crm\"\nmailbox = { connection = \"mail\" }\n"
        << "entities = [\"" << s.entities << "\"]\nruleset = \"none\"\n";
  return path;
}

double cpu_seconds() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

template <class F>
F symbol(void* library, const char* name) {
  void* at = ::dlsym(library, name);
  if (at == nullptr) throw std::runtime_error(std::string("no symbol ") + name);
  return reinterpret_cast<F>(at);
}

json::object phase(syncline::Engine& engine, const Settings& s, const std::string& name, void* plugin) {
  const auto count = reinterpret_cast<void (*)(Counts*)>(::dlsym(RTLD_DEFAULT, "bench_counts"));
  const auto requests = symbol<std::uint64_t (*)(int)>(plugin, "bench_requests");
  std::size_t edited = 0;
  if (name == "changed") edited = symbol<std::size_t (*)(std::size_t, std::size_t)>(plugin, "bench_edit")(7, 100);
  Counts before, after;
  const std::uint64_t crm_before = requests(SY_CRM), mailbox_before = requests(SY_MAILBOX);
  if (count != nullptr) count(&before);
  const double cpu = cpu_seconds();
  const auto from = std::chrono::steady_clock::now();
  syncline::SyncOptions o;
  o.workers = s.workers;
  const auto reports = engine.sync(o);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  const double used = cpu_seconds() - cpu;
  if (count != nullptr) count(&after);
  syncline::PassCounts total;
  for (const auto& r : reports) {
    if (r.end != syncline::PairEnd::done) throw std::runtime_error(r.name + ": " + r.error);
    total.add(r.counts);
  }
  return {{"phase", name},
          {"wall", wall},
          {"cpu", used},
          {"edited", edited},
          {"created", total.created},
          {"updated", total.updated},
          {"crm_requests", requests(SY_CRM) - crm_before},
          {"mailbox_requests", requests(SY_MAILBOX) - mailbox_before},
          {"allocations", after.allocations - before.allocations},
          {"commits", after.commits - before.commits},
          {"rows_read", after.rows_read - before.rows_read},
          {"rows_written", after.rows_written - before.rows_written},
          {"item_rows_read", after.item_rows_read - before.item_rows_read},
          {"item_rows_written", after.item_rows_written - before.item_rows_written}};
}

std::int64_t state_bytes(const Settings& s) {
  std::error_code ec;
  const auto size = fs::file_size(fs::path(s.folder) / "state.db", ec);
  return ec ? 0 : static_cast<std::int64_t>(size);
}

int run(const Settings& s) {
  syncline::set_up_log({"error", "plain", {}});
  json::array phases;
  {
    syncline::Engine engine(syncline::load_config(write_config(s), {{s.plugins}, {}}), {});
    void* plugin = ::dlopen((s.plugins + "/bench.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (plugin == nullptr) throw std::runtime_error(::dlerror());
    for (const std::string& name : s.phases) phases.push_back(phase(engine, s, name, plugin));
  }
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  std::cout << json::serialize(json::object{
                   {"phases", std::move(phases)}, {"state_bytes", state_bytes(s)}, {"peak_kib", u.ru_maxrss}})
            << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  CLI::App app{"The kernel between two endpoints in memory"};
  app.add_option("--folder", s.folder)->required();
  app.add_option("--plugins", s.plugins)->required();
  app.add_option("--items", s.items);
  app.add_option("--pairs", s.pairs);
  app.add_option("--workers", s.workers);
  app.add_option("--entities", s.entities);
  app.add_option("--phases", s.phases)->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  try {
    return run(s);
  } catch (const std::exception& e) {
    std::cerr << "kernel_bench: " << e.what() << "\n";
    return 1;
  }
}
