#include "host.hpp"

#include <spdlog/spdlog.h>

#include <openssl/crypto.h>

#include <chrono>
#include <tuple>

#include "report.hpp"
#include "step.hpp"

namespace syncline {

Clock system_clock() {
  return [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
}

void Counts::add(std::string_view what, std::int64_t n) {
  if (above_ != nullptr) above_->add(what, n);
  const std::lock_guard lock(mutex_);
  const auto it = values_.find(what);
  if (it == values_.end())
    values_.emplace(what, n);
  else
    it->second += n;
}

std::map<std::string, std::int64_t, std::less<>> Counts::all() const {
  const std::lock_guard lock(mutex_);
  return values_;
}

std::int64_t Counts::of(std::string_view what) const {
  const std::lock_guard lock(mutex_);
  const auto it = values_.find(what);
  return it == values_.end() ? 0 : it->second;
}

PluginHost::PluginHost(std::string label, Clock clock, SecretSource secrets, Counts& counts, Spool* spool,
                       std::int64_t pair)
    : label_(std::move(label)),
      clock_(std::move(clock)),
      secrets_(std::move(secrets)),
      counts_(counts),
      spool_(spool),
      pair_(pair) {
  raw_.owner = this;
  raw_.host = {sizeof(sy_host),
               SY_ABI_MAJOR,
               SY_ABI_MINOR,
               [](const sy_host* h, int level, sy_str item, sy_str line) {
                 log_plugin_line(level, self(h).label_, view(item), view(line));
               },
               [](const sy_host* h) { return self(h).clock_(); },
               [](const sy_host* h, sy_str option, const sy_texts* out, sy_error* e) {
                 return guard(e, [&] {
                   std::string value = self(h).secrets_(view(option));
                   out->put(out, borrow(value));
                   OPENSSL_cleanse(value.data(), value.size());
                 });
               },
               [](const sy_host* h, int phase, sy_str what) {
                 const std::string name = (phase == SY_BEFORE ? "before " : "after ") + text(what);
                 if (phase == SY_BEFORE) self(h).counts_.add("writes", 1);
                 spdlog::trace("{}: {}", self(h).label_, name);
                 step(name);
               },
               [](const sy_host* h, sy_str what, std::int64_t n) { self(h).counts_.add(view(what), n); },
               [](const sy_host* h, const char* id) -> const void* {
                 return std::string_view(id) == "sy.blobs/1" && self(h).spool_ != nullptr ? &blobs_table() : nullptr;
               }};
}

const sy_blobs& PluginHost::blobs_table() {
  static constexpr sy_blobs table = {
      sizeof(sy_blobs),
      [](const sy_host* h, sy_str item, sy_str part, std::uint64_t* handle, sy_error* e) {
        return guard(e, [&] { *handle = self(h).spool_->begin(self(h).pair_, view(item), view(part)); });
      },
      [](const sy_host* h, std::uint64_t handle, const void* data, std::size_t len, sy_error* e) {
        return guard(e, [&] { self(h).spool_->append(handle, {static_cast<const char*>(data), len}); });
      },
      [](const sy_host* h, std::uint64_t handle, const sy_texts* out, sy_error* e) {
        return guard(e, [&] { out->put(out, borrow(self(h).spool_->finish(handle))); });
      },
      [](const sy_host* h, std::uint64_t handle) { self(h).spool_->discard(handle); },
      [](const sy_host* h, sy_str reference, std::uint64_t* handle, std::uint64_t* length, sy_error* e) {
        return guard(e, [&] { std::tie(*handle, *length) = self(h).spool_->open(view(reference)); });
      },
      [](const sy_host* h, std::uint64_t handle, void* buf, std::size_t cap, std::size_t* got, sy_error* e) {
        return guard(e, [&] { *got = self(h).spool_->read(handle, static_cast<char*>(buf), cap); });
      },
      [](const sy_host* h, std::uint64_t handle) { self(h).spool_->close(handle); },
      [](const sy_host* h, sy_str reference) { guard(nullptr, [&] { self(h).spool_->remove(view(reference)); }); }};
  return table;
}

}  // namespace syncline
