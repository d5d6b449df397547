// host.hpp: what the kernel offers to one plugin instance: its log, clock, secrets, spool and counters. Outlives the
// instance; any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <syncline/plugin.hpp>

#include "spool.hpp"

namespace syncline {

/// The one clock. Tests and the simulation own another.
using Clock = std::function<std::int64_t()>;
Clock system_clock();

/// Counts of requests, bytes and so on, by name.
class Counts {
 public:
  /// `above` gets all that this one gets; it must live longer.
  explicit Counts(Counts* above = nullptr) : above_(above) {}
  void add(std::string_view what, std::int64_t n);
  [[nodiscard]] std::map<std::string, std::int64_t, std::less<>> all() const;
  [[nodiscard]] std::int64_t of(std::string_view what) const;

 private:
  Counts* above_;
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t, std::less<>> values_;
};

using SecretSource = std::function<std::string(std::string_view option)>;  ///< throws Error when it cannot be had

class PluginHost {
 public:
  /// `label`: connection or pair, in every log line. `spool` null: no sy.blobs/1.
  PluginHost(std::string label, Clock clock, SecretSource secrets, Counts& counts, Spool* spool, std::int64_t pair);
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;
  [[nodiscard]] const sy_host& raw() const { return raw_.host; }
  /// Whose spool it writes to, once that is known; before that, nothing may be spooled.
  void belongs_to(std::int64_t pair) { pair_ = pair; }

 private:
  struct Raw {  // standard layout with sy_host first: the pointer that comes back leads to the owner
    sy_host host;
    PluginHost* owner;
  };
  static PluginHost& self(const sy_host* h) { return *reinterpret_cast<const Raw*>(h)->owner; }
  static const sy_blobs& blobs_table();

  Raw raw_{};
  std::string label_;
  Clock clock_;
  SecretSource secrets_;
  Counts& counts_;
  Spool* spool_;
  std::atomic<std::int64_t> pair_;
};

}  // namespace syncline
