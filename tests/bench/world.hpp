// world.hpp: what the bench's two endpoints hold: contacts of mailboxes and of one organization, in memory, as text.
// Cheap on purpose: what is measured is the kernel. Any thread.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <syncline/endpoint.hpp>
#include <unordered_map>
#include <vector>

namespace syncline::bench {

struct Contact {
  std::string id, token, doc, owner;
  std::uint64_t version = 0;
};

/// One side of one owner: items, and in which order they changed last.
class Box {
 public:
  /// Fills the box with `n` generated contacts.
  void fill(std::size_t n, std::string_view owner);
  [[nodiscard]] std::optional<Contact> find(std::string_view id);
  [[nodiscard]] std::optional<Contact> by_token(std::string_view token);
  Contact create(std::string id, const Operation& op, std::string owner);
  /// Throws SY_CONFLICT or SY_GONE.
  Contact update(const Operation& op);
  /// Up to `most` items that changed after `since`; the cursor behind them, and whether there is more.
  struct Page {
    std::vector<Contact> contacts;
    std::uint64_t next = 0;
    bool more = false;
  };
  [[nodiscard]] Page changes(std::uint64_t since, std::size_t most);
  /// Edits every `every`-th item, beginning with `first`.
  std::size_t edit(std::size_t first, std::size_t every, const std::string& field);
  [[nodiscard]] std::size_t size();
  [[nodiscard]] std::string first_doc();

 private:
  void touch(std::size_t at);
  std::mutex mutex_;
  std::vector<Contact> contacts_;
  std::unordered_map<std::string, std::size_t> by_id_, by_token_;
  std::vector<std::pair<std::uint64_t, std::size_t>> log_;  ///< version → item; an item's older entries are stale
  std::uint64_t last_ = 0;
};

struct World {
  static World& the();
  Box& mailbox(const std::string& address, std::size_t items);
  std::mutex mutex;
  std::map<std::string, Box> mailboxes;
  Box crm;
  std::atomic<std::uint64_t> crm_requests{0}, mailbox_requests{0}, blob_bytes{0};
};

/// About 1.2 KB of canonical contact, the same for the same number.
std::string contact_document(std::size_t n, std::string_view owner);

}  // namespace syncline::bench
