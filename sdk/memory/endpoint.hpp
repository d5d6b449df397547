// endpoint.hpp: a mailbox or a CRM of a world, as one pair sees it.
#pragma once

#include "features.hpp"
#include "syncline/blobs.hpp"
#include "syncline/connection.hpp"

namespace syncline::memory {

/// What connection and endpoints share; thread-safe.
struct System {
  int side = SY_MAILBOX;
  Features features;
  std::shared_ptr<World> world;
};

/// The feeds of one mailbox, or with an empty box those of the organization. Thread-safe.
class MemoryFeeds final : public Feeds {
 public:
  MemoryFeeds(std::shared_ptr<const System> system, Host host, std::string box);
  std::vector<Feed> list() override;
  PageEnd page(const Call&, std::string_view feed, std::string_view cursor, const ItemSink&) override;

 private:
  std::shared_ptr<const System> system_;
  Host host_;
  std::string box_;
};

class MemoryDirectory final : public Directory {
 public:
  MemoryDirectory(std::shared_ptr<const System> system, Host host) : system_(std::move(system)), host_(host) {}
  std::string identity(const Call&, std::string_view address) override;
  std::vector<std::string> parties(const Call&, std::span<const std::string_view> addresses) override;
  std::vector<std::string> records(const Call&, std::string_view kind, std::span<const std::string_view> keys) override;

 private:
  void ask(const Call&, const char* verb, std::string_view kind);
  std::shared_ptr<const System> system_;
  Host host_;
};

class MemoryEndpoint final : public Endpoint {
 public:
  MemoryEndpoint(std::shared_ptr<const System> system, Host host, std::string address);
  Caps caps(std::string_view kind) override;
  void fetch(const Call&, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink&) override;
  std::optional<Item> find(const Call&, const Operation&) override;
  void apply(const Call&, std::span<const Operation>, const DoneSink&) override;
  Feeds* feeds() override { return feeds_.get(); }
  Directory* directory() override { return directory_.get(); }

 private:
  Done mark(const Call&, const Operation&);
  Done run(const Call&, const Operation&);
  Done create_email(const Call&, const Operation&);
  Record upload(const Call&, const Write& draft, const std::string& part, const std::string& reference);
  Record send(const Call&, const Write&, std::string_view what);
  /// Throws when a call asks for more than `max_batch` says that it takes.
  void within_batch(std::size_t count) const;
  [[nodiscard]] std::string box() const;
  [[nodiscard]] json::object with_blobs(const Record&) const;

  std::shared_ptr<const System> system_;
  Host host_;
  std::string address_;
  std::unique_ptr<MemoryFeeds> feeds_;
  std::unique_ptr<MemoryDirectory> directory_;
};

/// An item as this system shows it; email without bodies and parts.
Item item_of(const System&, const Record&);

void wait_for_end(const Call&);

/// Runs a request; one that hangs lasts until the call ends.
template <class F>
auto with_patience(const Call& call, F&& request) {
  call.check();
  try {
    return request();
  } catch (const Hang&) {}
  wait_for_end(call);
  throw Error(SY_CANCELED, "no answer before the call ended");
}

}  // namespace syncline::memory
