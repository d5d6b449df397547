// features.hpp: what a memory system can and cannot do: it plays limited and lossy ones.
#pragma once

#include <set>

#include "world.hpp"

namespace syncline::memory {

struct Features {
  std::string world, path, faults;
  std::size_t page = 5;
  bool cursor = true, feed_docs = true, if_version = true;
  bool keyed = true, find = true, repeat_exists = false;
  bool answer_document = true, missing_invisible = false, consumes = false, states = false;
  int tombstones = 2;
  std::int64_t settle_ms = 0, lag_ms = 0;
  std::uint32_t max_batch = 0;
  std::size_t attachment_limit = 64u << 20u;
  std::map<std::string, std::set<std::string>> carried;  ///< by kind; a kind without an entry: all fields
  std::map<std::string, std::size_t> truncated;          ///< "kind.field" → characters
  std::map<std::string, std::string> normalised;         ///< "kind.field" → phone, lower, trim
  std::set<std::string> never, later;                    ///< "kind.field"

  static Features read(std::string_view config);

  [[nodiscard]] bool carries(const std::string& kind, const std::string& field) const;
  [[nodiscard]] std::string carried_json(const std::string& kind) const;  ///< empty: all

  struct Stored {
    json::object doc;
    std::vector<std::string> fields;  ///< update: which of them to write
    bool whole = false;               ///< update: all of them
    json::array never, later;
  };
  /// What this system stores of a document that it is given.
  [[nodiscard]] Stored stored(std::uint32_t verb, const std::string& kind, const json::object& doc,
                              const std::vector<std::string>& fields) const;
  /// What it shows of a document that it holds.
  [[nodiscard]] json::object shown(const std::string& kind, const json::object& doc) const;
};

}  // namespace syncline::memory
