#include "trial.hpp"

#include <stdlib.h>

#include <algorithm>
#include <set>

#include "pair.hpp"
#include "preparation.hpp"
#include "trial_sides.hpp"

namespace syncline {

namespace {

namespace fs = std::filesystem;

/// A folder for bodies that goes with it.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "syncline-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw Error(SY_FULL, "a folder for the tests cannot be made in " + fs::temp_directory_path().string() +
                               "; make room there, or set TMPDIR");
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ec;
    fs::remove_all(path_, ec);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// What became of the mail, and the codes of all who spoke.
struct Outcome {
  std::string verdict;
  std::set<std::string> reasons;
  std::string last;  ///< stage and code of the last word, for people
};

EndpointHandle handle(int side, std::unique_ptr<Endpoint> endpoint) {
  const sy_connection* table =
      side == SY_MAILBOX ? &detail::connection_table<SY_MAILBOX> : &detail::connection_table<SY_CRM>;
  return {table, nullptr, endpoint.release()};  // closing it deletes it
}

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

class Trial {
 public:
  explicit Trial(const Config& config)
      : config_(config),
        spool_(scratch_.path(), limit, limit),
        installation_(config, store_, spool_, counts_, system_clock(), {}) {}

  Outcome run(const ConfigTest& test) {
    const PairConfig& p = config_.pair(test.pair);
    EmptyRows nothing;
    OverlayRows rows(nothing);
    Ledger ledger(rows);
    PairState state;
    state.organization = "trial";
    state.principal = "trial " + p.address;
    state.key = state.organization + "/" + state.principal;
    state.id = key_hash(state.key);
    state.org = key_hash(state.organization);
    state.name = p.name;
    state.address = p.address;
    state.kind = p.kind == PairConfig::Kind::queue ? "queue" : "user";
    state.confirmed = true;
    state.confirmed_ms = 1;  // mail of any age may be tested; the configuration's own watermark holds
    const std::vector<Stage> stages = installation_.stages_of(p);
    PairSettings settings = pair_settings(config_, p, state, stages, installation_.configured(p.organization));
    settings.kinds = {"email"};
    state.fingerprint = settings.fingerprint;
    const EndpointHandle mailbox = handle(SY_MAILBOX, std::make_unique<TrialMailbox>(test, p, spool_, state.id));
    const EndpointHandle crm = handle(SY_CRM, std::make_unique<TrialCrm>(test, config_));
    OrgFeeds feeds({}, {state.organization, "trial", 0, true, 0}, ledger, nullptr, system_clock(), {});
    PartyCache parties(system_clock());
    PassContext ctx{settings, stages, ledger, {&mailbox, &crm}, feeds, parties, spool_, system_clock(), {}};
    ctx.renew = [] {};
    ctx.state = state;
    run_pass(ctx, true);
    return outcome(ledger, ctx);
  }

 private:
  static constexpr std::uint64_t limit = std::uint64_t{2} << 30;

  static Outcome outcome(Ledger& ledger, const PassContext& ctx) {
    Outcome out;
    const auto say = [&](const json::object& step) {
      const std::string reason = text_of(step, "reason");
      if (reason.empty()) return;
      out.reasons.insert(reason);
      out.last = text_of(step, "stage") + ": " + reason;
    };
    for (const auto& [seq, step] : ledger.activity_page(ctx.state.id, 0, 1000)) {
      if (const auto* rules = step.if_contains("rules"); rules != nullptr && rules->is_array())
        for (const auto& r : rules->get_array())
          if (const auto* o = r.if_object()) say(*o);
      say(step);
    }
    const auto seen = ledger.seen(ctx.state.id, Side::mailbox, trial_item);
    if (ctx.counts.created != 0)
      out.verdict = "accepted";
    else if (ctx.counts.linked != 0)
      out.verdict = "linked";
    else if (seen && !seen->verdict.empty())
      out.verdict = seen->verdict;
    else
      out.verdict = "waits";
    return out;
  }

  const Config& config_;
  Scratch scratch_;
  Spool spool_;
  StoreHandle store_;
  Counts counts_;
  Installation installation_;
};

}  // namespace

void try_tests(LoadedConfig& loaded) {
  if (loaded.config.tests.empty()) return;
  Trial trial(loaded.config);
  for (const ConfigTest& test : loaded.config.tests) {
    const auto fails = [&](const std::string& what, const std::string& help) {
      loaded.faults.add("CFG050", test.expect_at, "test \"" + test.name + "\": " + what, {}, help);
    };
    try {
      const Outcome o = trial.run(test);
      const std::string found = o.verdict + (o.last.empty() ? "" : " (" + o.last + ")");
      if (o.verdict != test.expect)
        fails("expected " + test.expect + ", found " + found, "change the rules, or what the test expects");
      else if (!test.reason.empty() && !o.reasons.contains(test.reason))
        fails("it is " + found + " as expected, but nobody says " + test.reason,
              "change the rules, or the reason that the test expects");
    } catch (const std::exception& e) {
      fails(std::string("it cannot be run: ") + e.what(), "correct what the text names");
    }
  }
}

}  // namespace syncline
