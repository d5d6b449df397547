// house.hpp: a whole installation in a temporary folder, with memory endpoints on both sides, for the laws and the
// crash tests: a config in, both sides' end state out.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "kernel/report.hpp"
#include "kernel/schedule.hpp"
#include "sdk/memory/world.hpp"

namespace syncline::test {

namespace fs = std::filesystem;

inline constexpr const char* alice = "alice@contoso.test";
inline constexpr const char* bob = "bob@contoso.test";

class House {
 public:
  /// `crm` and `mailbox`: further lines of the two connections; `rest`: further text, e.g. [defaults].
  explicit House(std::string mailbox = {}, std::string crm = {}, std::string rest = {},
                 std::string entities = R"(["contact", "task"])", const std::string& ruleset = "none") {
    std::string pattern = (fs::temp_directory_path() / "syncline-house-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    world_ = std::make_unique<memory::World>(folder_ / "world");
    world_->organization("org-1", "Contoso");
    for (const auto* who : {alice, bob})
      world_->principal({{"id", who == alice ? "u-alice" : "u-bob"},
                         {"kind", "user"},
                         {"address", who},
                         {"name", who},
                         {"approved", true},
                         {"enabled", true}});
    std::ofstream(folder_ / "syncline.toml")
        << "instance = \"test\"\nfirst_run = \"go\"\n"
        << "[store]\nplugin = \"storage-sqlite\"\npath = \"" << (folder_ / "state.db").string() << "\"\n"
        << "[log]\nlevel = \"error\"\n"
        << "[connection.mail]\nplugin = \"memory\"\nclass = \"memory-mailbox\"\nworld = \""
        << folder_.filename().string() << "\"\npath = \"" << (folder_ / "world").string() << "\"\n"
        << mailbox << "\n"
        << "[connection.crm]\nplugin = \"memory\"\nclass = \"memory-crm\"\nworld = \"" << folder_.filename().string()
        << "\"\npath = \"" << (folder_ / "world").string() << "\"\n"
        << crm << "\n"
        << "[user.\"" << alice
        << "\"]\norganization = \"crm\"\nmailbox = { connection = \"mail\" }\nentities = " << entities
        << "\nruleset = \"" << ruleset << "\"\n"
        << rest << "\n";
  }
  House(const House&) = delete;
  House& operator=(const House&) = delete;
  ~House() {
    std::error_code ec;
    if (!::testing::Test::HasFailure()) fs::remove_all(folder_, ec);
  }

  memory::World& world() { return *world_; }
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  [[nodiscard]] std::string config() const { return (folder_ / "syncline.toml").string(); }
  void append_config(const std::string& text) const { std::ofstream(folder_ / "syncline.toml", std::ios::app) << text; }

  std::unique_ptr<Engine> engine(EngineOptions options = {}) const {
    set_up_log({"error", "plain", {}});
    return std::make_unique<Engine>(load_config(config(), {{SYNCLINE_BUILD_DIR "/plugins"}, {}}), std::move(options));
  }
  std::vector<PairReport> sync(unsigned workers = 1) const {
    SyncOptions o;
    o.workers = workers;
    return engine()->sync(o);
  }
  /// As if it were so much later.
  std::vector<PairReport> sync_later(std::chrono::hours later) const {
    EngineOptions e;
    e.clock = [later, now = system_clock()] { return now() + std::chrono::milliseconds(later).count(); };
    return engine(std::move(e))->sync({});
  }
  /// Sync that must end well.
  std::vector<PairReport> settle() const {
    auto reports = sync();
    for (const PairReport& r : reports) {
      EXPECT_EQ(r.end, PairEnd::done) << r.name << ": " << r.error;
      EXPECT_EQ(r.counts.waiting, 0) << r.name;
    }
    return reports;
  }

  /// Documents of a side that are there, by a field.
  std::map<std::string, json::object> documents(int side, std::string_view kind, std::string_view by) {
    std::map<std::string, json::object> out;
    for (const memory::Record& r : world_->records(side, kind)) {
      if (r.gone) continue;
      const auto* v = r.doc.if_contains(by);
      const std::string key = v != nullptr && v->is_string() ? std::string(v->get_string()) : "?" + r.id;
      EXPECT_TRUE(out.emplace(key, r.doc).second)
          << "two " << kind << "s with " << by << " " << key << " on side " << side;
    }
    return out;
  }
  std::vector<std::string> titles(int side, std::string_view kind, std::string_view by) {
    std::vector<std::string> out;
    for (const auto& [k, d] : documents(side, kind, by)) out.push_back(k);
    return out;
  }
  std::string id_of(int side, std::string_view kind, std::string_view by, std::string_view value) {
    for (const memory::Record& r : world_->records(side, kind))
      if (!r.gone && r.doc.contains(by) && std::string_view(r.doc.at(by).as_string()) == value) return r.id;
    ADD_FAILURE() << "no " << kind << " with " << by << " " << value;
    return {};
  }
  /// Both sides hold the same documents.
  void expect_in_step(std::string_view kind, std::string_view by) {
    const auto m = documents(SY_MAILBOX, kind, by), c = documents(SY_CRM, kind, by);
    EXPECT_EQ(m.size(), c.size());
    for (const auto& [k, d] : m) {
      ASSERT_TRUE(c.contains(k)) << k;
      EXPECT_EQ(canonical_text(normalise(d)), canonical_text(normalise(c.at(k)))) << k;
    }
  }

 private:
  fs::path folder_;
  std::unique_ptr<memory::World> world_;
};

}  // namespace syncline::test
