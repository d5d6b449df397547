// raw_range.hpp: the bytes of a part that is kept whole, as they stand in the raw message.
#pragma once

#include <gmime/gmime.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::formats {

/// Where the headers of an entity (a message, or a part with its own headers) begin in the stream that it was parsed
/// from; nullopt: it has none, or they were changed.
[[nodiscard]] std::optional<std::int64_t> begin_of(GMimeObject* entity);

/// Reads from `begin` to the line before the next boundary of one of the enclosing multiparts, or to the end.
void read_until_boundary(GMimeStream* stream, std::int64_t begin, const std::vector<std::string>& boundaries,
                         const std::function<void(std::string_view)>& take);

}  // namespace syncline::formats
