// roster.hpp: who is in the mailbox now: item ids and the message numbers of one session.
//
// An item's id is its UIDL. Where the server gives one UIDL to several messages, or none that can be used, the id is
// "UIDL#" and 16 hexadecimal digits of the SHA-256 of the message's headers.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "session.hpp"

namespace syncline::pop3 {

struct Place {
  enum Kind { PRESENT, ABSENT, AMBIGUOUS } kind = ABSENT;
  std::uint32_t number = 0;
};

class Roster {
 public:
  /// Reads the listing. Throws SY_CONFIG when the server has no UIDL.
  Roster(Session& session, const Settings& settings, const Host& host);

  /// The id of every message, in the server's order, each once. Reads the heads of those that share a UIDL.
  [[nodiscard]] std::vector<std::string> ids();
  /// Where each of `ids` is. A plain id that several messages share now is ambiguous.
  [[nodiscard]] std::vector<Place> find(std::span<const std::string> ids);
  [[nodiscard]] std::size_t size() const { return messages_.size(); }

 private:
  [[nodiscard]] bool plain(const std::string& uidl) const;
  void read_heads(const std::vector<std::uint32_t>& numbers);

  Session& session_;
  const Settings& settings_;
  const Host& host_;
  std::vector<std::pair<std::uint32_t, std::string>> messages_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_uidl_;
  std::map<std::uint32_t, std::string> heads_;  // of messages that share a UIDL, when asked for
};

/// SHA-256 prefix over the header lines that a server does not add or change later (Status, X-UIDL and the like).
[[nodiscard]] std::string head_mark(std::string_view head);

}  // namespace syncline::pop3
