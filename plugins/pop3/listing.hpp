// listing.hpp: a UIDL listing, held compactly: twenty bytes and the id for each message, whatever their number.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::pop3 {

class Listing {
 public:
  /// In the server's order. The id is empty when the server gave none that can be used.
  void add(std::uint32_t number, std::string_view uidl);
  /// After the last add(): makes find() work.
  void index();

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::uint32_t number(std::size_t entry) const { return entries_[entry].number; }
  [[nodiscard]] std::string_view uidl(std::size_t entry) const;
  /// The entries with this id, in the server's order.
  [[nodiscard]] std::span<const std::uint32_t> find(std::string_view uidl) const;
  /// Whether each id stands for one message only; the entries where it does not, in the server's order.
  [[nodiscard]] std::vector<std::uint32_t> shared() const;

 private:
  struct Entry {
    std::uint32_t number, begin, length;
  };
  std::vector<Entry> entries_;
  std::string text_;                   // all ids, one behind the other
  std::vector<std::uint32_t> sorted_;  // entries by id, then in order
};

}  // namespace syncline::pop3
