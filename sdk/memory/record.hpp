// record.hpp: how a world's records stand in its rows.
#pragma once

#include "world.hpp"

namespace syncline::memory {

std::string side_name(int side);
std::string item_key(int side, std::string_view id);
std::string token_key(int side, std::string_view token);
std::string lower(std::string_view);

std::string text_at(const json::object&, std::string_view key);
std::int64_t number_at(const json::object&, std::string_view key);
bool flag_at(const json::object&, std::string_view key, bool fallback = false);

json::object row_of(const Record&);
Record record_of(const json::object&);
std::optional<Record> find_record(const Rows::Session&, int side, std::string_view id);

/// RFC 7396.
void merge(json::object& into, const json::object& patch);

std::string from_base64(std::string_view);
std::string to_base64(std::string_view);
/// The bytes of {"text": …} or {"base64": …}.
std::string bytes_of(const json::object&);

}  // namespace syncline::memory
