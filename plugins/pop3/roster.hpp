// roster.hpp: who is in the mailbox now: item ids and the message numbers of one session.
//
// An item's id is its UIDL. Where the server gives one UIDL to several messages, or none that can be used, the id is
// "UIDL#" and 16 hexadecimal digits of the SHA-256 of the message's headers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "session.hpp"

namespace syncline::pop3 {

struct Place {
  enum Kind { PRESENT, ABSENT, AMBIGUOUS } kind = ABSENT;
  std::uint32_t number = 0;
  std::size_t copies = 1;  // messages that this id stands for; more than one only with a mark
};

class Roster {
 public:
  /// Reads the listing. Throws SY_CONFIG when the server has no UIDL.
  Roster(Session& session, const Settings& settings, const Host& host);

  /// Reads the heads of all that share a UIDL. Before each(), while the session lasts.
  void tell_apart();
  /// The id of every message, in the server's order, each once, until `take` returns false. Needs no session any more.
  void each(const std::function<bool(std::string_view)>& take) const;
  /// Where each of `ids` is. A plain id that several messages share now is ambiguous.
  [[nodiscard]] std::vector<Place> find(std::span<const std::string> ids);
  [[nodiscard]] std::size_t size() const { return listing_->size(); }
  /// The listing, for a later session that finds the same mailbox.
  [[nodiscard]] std::shared_ptr<const Listing> listing() const { return listing_; }

 private:
  [[nodiscard]] std::string marked(std::uint32_t entry, const std::string& mark) const;
  Place marked_place(const std::string& id) const;
  void read_heads(const std::vector<std::uint32_t>& entries);

  Session& session_;
  const Settings& settings_;
  const Host& host_;
  std::shared_ptr<const Listing> listing_;
  std::vector<std::uint32_t> shared_;           // entries; after tell_apart()
  std::map<std::uint32_t, std::string> heads_;  // mark by message number, of messages that share a UIDL
};

/// SHA-256 prefix over the header lines that a server does not add or change later (Status, X-UIDL and the like).
[[nodiscard]] std::string head_mark(std::string_view head);

}  // namespace syncline::pop3
