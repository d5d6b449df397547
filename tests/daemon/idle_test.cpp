// What many idle pairs cost: their mailboxes are looked at, and the CRM hears nothing of it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "kernel/daemon.hpp"
#include "kernel/report.hpp"
#include "sdk/memory/world.hpp"

namespace syncline::test {
namespace {

namespace fs = std::filesystem;

/// An organization of so many people, mailboxes and CRM in worlds of their own, so that each counts its requests.
class Crowd {
 public:
  explicit Crowd(int people) {
    std::string pattern = (fs::temp_directory_path() / "syncline-crowd-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    mail_ = std::make_unique<memory::World>(folder_ / "mail");
    crm_ = std::make_unique<memory::World>(folder_ / "crm");
    crm_->organization("org-1", "Contoso");
    std::ofstream out(folder_ / "syncline.toml");
    out << "first_run = \"go\"\ninstance = \"test\"\n[store]\nplugin = \"storage-sqlite\"\npath = \""
        << (folder_ / "state.db").string() << "\"\n[log]\nlevel = \"warn\"\n";
    for (const auto* side : {"mail", "crm"})
      out << "[connection." << side << "]\nplugin = \"memory\"\nclass = \"memory-"
          << (side == std::string("mail") ? "mailbox" : "crm") << "\"\nworld = \"" << folder_.filename().string()
          << side << "\"\npath = \"" << (folder_ / side).string() << "\"\n";
    out << "[defaults]\nruleset = \"none\"\nentities = [\"email\"]\n[defaults.poll]\nbusy = "
           "\"1s\"\nnormal = \"1s\"\nidle = \"2s\"\n";
    for (int i = 0; i < people; ++i) {
      const std::string address = "user" + std::to_string(i) + "@contoso.test";
      crm_->principal({{"id", "u" + std::to_string(i)},
                       {"kind", "user"},
                       {"address", address},
                       {"name", address},
                       {"approved", true},
                       {"enabled", true}});
      out << "[user.\"" << address << "\"]\norganization = \"crm\"\nmailbox = { connection = \"mail\" }\n";
    }
  }
  ~Crowd() {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  LoadedConfig config() const {
    return load_config((folder_ / "syncline.toml").string(), {{SYNCLINE_BUILD_DIR "/plugins"}, {}});
  }
  memory::World& crm() { return *crm_; }
  memory::World& mail() { return *mail_; }

 private:
  fs::path folder_;
  std::unique_ptr<memory::World> mail_, crm_;
};

struct Ledgers {
  std::int64_t least_passes = 0;
};
Ledgers look(const LoadedConfig& config) {
  EngineOptions o;
  o.read_only = true;
  Engine engine(config, o);
  Ledgers out{std::numeric_limits<std::int64_t>::max()};
  std::size_t pairs = 0;
  for (const PairState& p : engine.ledger().pairs()) {
    out.least_passes = std::min(out.least_passes, engine.ledger().run(p.id).passes);
    ++pairs;
  }
  if (pairs != config.config.pairs.size()) out.least_passes = 0;
  return out;
}

/// Runs until every pair has had so many passes in all.
void run_until(const LoadedConfig& config, std::int64_t passes) {
  Daemon daemon(config, 8);
  daemon.start();
  while (look(config).least_passes < passes) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  daemon.drain();
  while (!daemon.at_rest()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(daemon.stop(std::chrono::seconds(60)));
}

class IdlePairs : public ::testing::TestWithParam<int> {};

TEST_P(IdlePairs, AskTheCrmNothing) {
  set_up_log({"warn", "plain", {}});
  Crowd crowd(GetParam());
  const LoadedConfig config = crowd.config();
  run_until(config, 1);
  const std::int64_t requests = crowd.crm().requests();
  const std::int64_t mailbox_requests = crowd.mail().requests();
  run_until(config, 4);
  // Beside who each of them is, once after the start, there are the walks of the one feed, which do not follow from how
  // many pairs there are: far fewer than one for each pass, of which there were three a pair.
  const std::int64_t walks = crowd.crm().requests() - requests - GetParam();
  EXPECT_GE(walks, 1);
  EXPECT_LT(walks, 3 * GetParam());
  EXPECT_GE(crowd.mail().requests() - mailbox_requests, 3 * GetParam());
}

INSTANTIATE_TEST_SUITE_P(Of, IdlePairs, ::testing::Values(50, 500));

}  // namespace
}  // namespace syncline::test
