// documents.hpp: raw messages as items of kind email; decoded bodies and attachments go to the host's blobs.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <syncline/endpoint.hpp>
#include <syncline/formats/raw_message.hpp>

namespace syncline::pop3 {

inline constexpr const char* kKind = "email";
inline constexpr const char* kVersion = "1";  // a message on a POP3 server never changes

/// An item without a document: gone, or not to be found for certain.
[[nodiscard]] Item absent(std::string_view id, std::uint32_t flag);

/// From the headers. `oversize`: the message is larger than it may be; marked as such, and never read whole. What the
/// reader refuses as a mail becomes an item that says so ("unreadable").
[[nodiscard]] Item head_item(std::string_view id, std::string_view head, std::optional<std::uint64_t> size,
                             bool oversize);

/// From the whole message. Hands the item to `put` and removes the blobs that were written for it when that, or the
/// reading before it, fails. Returns what `put` returned.
bool put_whole(const Host& host, std::string_view id, const formats::RawMessage& raw, const ItemSink& put);

}  // namespace syncline::pop3
