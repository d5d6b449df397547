// connection.hpp: base class over connection.h. One instance serves many threads.
#pragma once

#include "connection.h"
#include "discovery.h"
#include "endpoint.hpp"

namespace syncline {

/// Tells what a system holds. Any thread.
class Discovery {
 public:
  virtual ~Discovery() = default;
  virtual std::vector<std::string> discover(const Call&, std::span<const std::string_view> sets) = 0;
  virtual std::string draft(const Call&, std::span<const std::string_view> sets) = 0;
};

class Connection {
 public:
  using Base = Connection;
  static constexpr const char* role = "connection";
  static constexpr std::uint32_t revision = 0;

  explicit Connection(int side) : side_(side) {}
  virtual ~Connection() = default;
  /// `settings`: JSON with the PER_ENDPOINT options and the principal. No network in here.
  virtual std::unique_ptr<Endpoint> open(Host host, std::string_view settings) = 0;
  virtual std::string probe(const Call&) = 0;
  virtual Feeds* feeds() { return nullptr; }
  virtual Discovery* discovery() { return nullptr; }

  const void* table(const char* id);

 private:
  int side_;
};

namespace detail {
inline constexpr sy_discovery discovery_table = {
    sizeof(sy_discovery),
    [](void* self, const sy_call* call, const sy_str* sets, std::size_t n, const sy_texts* out, sy_error* e) {
      return guard(e, [&] {
        for (const std::string& t : static_cast<Connection*>(self)->discovery()->discover(Call(*call), views(sets, n)))
          if (out->put(out, borrow(t)) == 0) break;
      });
    },
    [](void* self, const sy_call* call, const sy_str* sets, std::size_t n, const sy_texts* out, sy_error* e) {
      return guard(e, [&] {
        out->put(out, borrow(static_cast<Connection*>(self)->discovery()->draft(Call(*call), views(sets, n))));
      });
    }};

inline Feeds* connection_feeds(void* self) { return static_cast<Connection*>(self)->feeds(); }

template <int Side>
inline constexpr sy_connection connection_table = {
    sizeof(sy_connection),
    Side,
    [](void* self, const sy_host* host, sy_str settings, sy_error* e) -> void* {
      Endpoint* made = nullptr;
      guard(e, [&] { made = static_cast<Connection*>(self)->open(Host(*host), view(settings)).release(); });
      return made;
    },
    [](void*, void* endpoint) { delete static_cast<Endpoint*>(endpoint); },
    [](void*, void* endpoint, const char* id) -> const void* {
      const std::string_view name = id;
      auto* self = static_cast<Endpoint*>(endpoint);
      if (name == "sy.endpoint/1") return &endpoint_table;
      if (name == "sy.feeds/1" && self->feeds() != nullptr) return &feeds_table<&endpoint_feeds>;
      if (name == "sy.directory/1" && self->directory() != nullptr) return &directory_table<&endpoint_directory>;
      return nullptr;
    },
    [](void* self, const sy_call* call, const sy_texts* out, sy_error* e) {
      return guard(e, [&] { out->put(out, borrow(static_cast<Connection*>(self)->probe(Call(*call)))); });
    }};
}  // namespace detail

inline const void* Connection::table(const char* id) {
  const std::string_view name = id;
  if (name == "sy.connection/1")
    return side_ == SY_MAILBOX ? &detail::connection_table<SY_MAILBOX> : &detail::connection_table<SY_CRM>;
  if (name == "sy.feeds/1" && feeds() != nullptr) return &detail::feeds_table<&detail::connection_feeds>;
  if (name == "sy.discovery/1" && discovery() != nullptr) return &detail::discovery_table;
  return nullptr;
}

}  // namespace syncline
