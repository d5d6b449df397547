// test_host.hpp: what a plugin's tests hold in the kernel's place: a host whose clock, secrets, effects, counts, log
// and spool the test owns, and a call whose deadline and cancel poll it owns. Header-only.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "syncline/blobs.hpp"
#include "syncline/conformance/test_spool.hpp"
#include "syncline/handles.hpp"

namespace syncline::conformance {

/// A call that never expires unless the test says so. Not copyable: plugins hold its address during the call.
class TestCall {
 public:
  explicit TestCall(std::int64_t remaining_ms = 60'000) : remaining_(remaining_ms) {
    owned_.raw.size = sizeof(sy_call);
    owned_.raw.remaining_ms = [](const sy_call* c) { return self(c).remaining_.load(); };
    owned_.raw.canceled = [](const sy_call* c) { return self(c).poll() ? 1 : 0; };
    owned_.self = this;
  }
  TestCall(const TestCall&) = delete;
  TestCall& operator=(const TestCall&) = delete;
  operator const sy_call*() const { return &owned_.raw; }
  [[nodiscard]] Call call() const { return Call(owned_.raw); }
  void remaining(std::int64_t ms) { remaining_ = ms; }  ///< <= 0: the deadline has passed
  void cancel() { cancel_at_ = 0; }                     ///< from any thread
  void cancel_at_poll(std::int64_t n) { cancel_at_ = n; }
  [[nodiscard]] std::int64_t polls() const { return polls_; }

 private:
  struct Owned {  // standard layout, sy_call first: the pointer that comes back leads to the owner
    sy_call raw{};
    TestCall* self = nullptr;
  };
  static TestCall& self(const sy_call* c) { return *reinterpret_cast<const Owned*>(c)->self; }
  bool poll() { return ++polls_ >= cancel_at_; }

  Owned owned_;
  std::atomic<std::int64_t> remaining_;
  std::atomic<std::int64_t> polls_{0};
  std::atomic<std::int64_t> cancel_at_{std::numeric_limits<std::int64_t>::max()};
};

struct LogLine {
  int level = SY_INFO;
  std::string item, text;
};

/// Thread-safe, not copyable: instances hold its address.
class TestHost {
 public:
  /// Called around each effect. What it throws before one reaches the plugin as if the request had failed (C++ plugins
  /// only); what it throws after one is kept for rethrow().
  using EffectHook = std::function<void(int phase, std::string_view what)>;

  explicit TestHost(std::string pair = "test") : spool_(temporary_.path(), std::move(pair)) { wire(); }
  /// With a spool that outlives this host: what another process or host left there can be opened.
  TestHost(std::string pair, std::filesystem::path spool) : spool_(std::move(spool), std::move(pair)) { wire(); }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  [[nodiscard]] const sy_host& raw() const { return owned_.raw; }
  [[nodiscard]] Host host() const { return Host(owned_.raw); }
  operator const sy_host&() const { return owned_.raw; }

  /// A call for everyday use: a minute that does not run out.
  [[nodiscard]] const sy_call* call() const { return everyday_; }

  // The clock stands still unless it is moved; with a step, each reading moves it.
  [[nodiscard]] std::int64_t now() const { return now_; }
  void set_now(std::int64_t ms) { now_ = ms; }
  void advance(std::int64_t ms) { now_ += ms; }
  void step(std::int64_t ms) { step_ = ms; }

  void secret(const std::string& option, std::string value) {
    const std::lock_guard lock(mutex_);
    secrets_[option] = std::move(value);
  }
  void forget_secret(const std::string& option) {
    const std::lock_guard lock(mutex_);
    secrets_.erase(option);
  }
  void on_effect(EffectHook hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
  }
  /// The effects begun so far, in order.
  [[nodiscard]] std::vector<std::string> effects() const {
    const std::lock_guard lock(mutex_);
    return effects_;
  }
  [[nodiscard]] std::int64_t counted(const std::string& what) const {
    const std::lock_guard lock(mutex_);
    const auto it = counts_.find(what);
    return it == counts_.end() ? 0 : it->second;
  }
  [[nodiscard]] std::vector<LogLine> log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  [[nodiscard]] bool logged(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    for (const LogLine& l : log_)
      if (l.text.find(part) != std::string::npos) return true;
    return false;
  }
  void forget() {  ///< effects, counts and log start anew
    const std::lock_guard lock(mutex_);
    effects_.clear();
    counts_.clear();
    log_.clear();
  }
  void rethrow() const {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
  }
  /// A further table, or null in place of "sy.blobs/1".
  void offer(const std::string& id, const void* table) {
    const std::lock_guard lock(mutex_);
    tables_[id] = table;
  }

  [[nodiscard]] TestSpool& spool() { return spool_; }
  [[nodiscard]] std::string put_blob(std::string_view item, std::string_view part, std::string_view data) const {
    BlobWriter w(host(), item, part);
    w.append(data);
    return w.finish();
  }
  [[nodiscard]] std::string read_blob(std::string_view reference) const {
    BlobReader r(host(), reference);
    std::string out;
    char buf[65536];
    while (const std::size_t n = r.read(buf, sizeof buf)) out.append(buf, n);
    return out;
  }

 private:
  struct Owned {
    sy_host raw{};
    TestHost* self = nullptr;
  };
  static TestHost& self(const sy_host* h) { return *reinterpret_cast<const Owned*>(h)->self; }

  void wire() {
    owned_.self = this;
    owned_.raw = {sizeof(sy_host),
                  SY_ABI_MAJOR,
                  SY_ABI_MINOR,
                  [](const sy_host* h, int level, sy_str item, sy_str line) { self(h).add_line(level, item, line); },
                  [](const sy_host* h) {
                    TestHost& t = self(h);
                    return t.now_.fetch_add(t.step_.load());
                  },
                  [](const sy_host* h, sy_str option, const sy_texts* out, sy_error* e) {
                    return guard(e, [&] { self(h).give_secret(view(option), out); });
                  },
                  [](const sy_host* h, int phase, sy_str what) { self(h).run_effect(phase, view(what)); },
                  [](const sy_host* h, sy_str what, std::int64_t n) {
                    const std::lock_guard lock(self(h).mutex_);
                    self(h).counts_[syncline::text(what)] += n;
                  },
                  [](const sy_host* h, const char* id) { return self(h).table(id); }};
  }
  void add_line(int level, sy_str item, sy_str line) {
    const std::lock_guard lock(mutex_);
    log_.push_back({level, syncline::text(item), syncline::text(line)});
  }
  void give_secret(std::string_view option, const sy_texts* out) {
    std::string value;
    {
      const std::lock_guard lock(mutex_);
      const auto it = secrets_.find(std::string(option));
      if (it == secrets_.end()) throw Error(SY_CONFIG, "the test gave no secret for " + std::string(option));
      value = it->second;
    }
    out->put(out, borrow(value));
  }
  void run_effect(int phase, std::string_view what) {
    EffectHook hook;
    {
      const std::lock_guard lock(mutex_);
      if (phase == SY_BEFORE) effects_.emplace_back(what);
      hook = hook_;
    }
    if (!hook) return;
    if (phase == SY_BEFORE) return hook(phase, what);
    try {
      hook(phase, what);
    } catch (...) {  // the plugin's Effect is being destroyed
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
  }
  const void* table(const char* id) const {
    const std::lock_guard lock(mutex_);
    if (const auto it = tables_.find(id); it != tables_.end()) return it->second;
    return std::string_view(id) == "sy.blobs/1" ? blobs() : nullptr;
  }

  static const sy_blobs* blobs() {
    static constexpr sy_blobs table = {
        sizeof(sy_blobs),
        [](const sy_host* h, sy_str item, sy_str part, std::uint64_t* handle, sy_error* e) {
          return guard(e, [&] { *handle = self(h).spool().begin(view(item), view(part)); });
        },
        [](const sy_host* h, std::uint64_t handle, const void* data, std::size_t len, sy_error* e) {
          return guard(e, [&] { self(h).spool().append(handle, {static_cast<const char*>(data), len}); });
        },
        [](const sy_host* h, std::uint64_t handle, const sy_texts* ref, sy_error* e) {
          return guard(e, [&] { ref->put(ref, borrow(self(h).spool().finish(handle))); });
        },
        [](const sy_host* h, std::uint64_t handle) { guard(nullptr, [&] { self(h).spool().discard(handle); }); },
        [](const sy_host* h, sy_str ref, std::uint64_t* handle, std::uint64_t* length, sy_error* e) {
          return guard(e, [&] { *handle = self(h).spool().open(view(ref), *length); });
        },
        [](const sy_host* h, std::uint64_t handle, void* buf, std::size_t cap, std::size_t* got, sy_error* e) {
          return guard(e, [&] { *got = self(h).spool().read(handle, static_cast<char*>(buf), cap); });
        },
        [](const sy_host* h, std::uint64_t handle) { self(h).spool().close(handle); },
        [](const sy_host* h, sy_str ref) { guard(nullptr, [&] { self(h).spool().remove(view(ref)); }); }};
    return &table;
  }

  Owned owned_;
  TestCall everyday_;
  std::atomic<std::int64_t> now_{1'767'225'600'000};  // 2026-01-01T00:00:00Z
  std::atomic<std::int64_t> step_{0};
  mutable std::mutex mutex_;
  std::map<std::string, std::string> secrets_;
  std::map<std::string, std::int64_t> counts_;
  std::map<std::string, const void*> tables_;
  std::vector<std::string> effects_;
  std::vector<LogLine> log_;
  EffectHook hook_;
  std::exception_ptr failure_;
  TemporaryFolder temporary_;
  TestSpool spool_;
};

}  // namespace syncline::conformance
