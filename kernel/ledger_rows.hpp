// ledger_rows.hpp: how a fact becomes a row: its key and its write; for the ledger's own files.
#pragma once

#include "document.hpp"
#include "ledger.hpp"

namespace syncline {

inline std::string item_key(std::string_view kind, std::string_view id) {
  std::string out(kind);
  out.push_back('\n');
  return out += id;
}

inline std::vector<std::int64_t> item_row(std::int64_t pair, Side side, std::string_view id) {
  return {pair, number_of(side), key_hash(id)};
}

inline RowWrite write(std::string name, std::vector<std::int64_t> key, const json::object& doc,
                      std::int64_t expect = SY_ANY_REVISION, std::string payload = {}) {
  return {std::move(name), std::move(key), false, expect, json::serialize(doc), std::move(payload)};
}

inline RowWrite erase(std::string name, std::vector<std::int64_t> key) {
  return {std::move(name), std::move(key), true, SY_ANY_REVISION, {}, {}};
}

}  // namespace syncline
