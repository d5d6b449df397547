// uuid.hpp: UUIDs (RFC 9562): version 5 for tokens that must come out the same again, version 4 for all else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::formats {

using Uuid = std::array<std::uint8_t, 16>;

/// Lower-case, with hyphens, without braces.
[[nodiscard]] std::string to_string(const Uuid& uuid);

/// Reads either case, with or without braces.
[[nodiscard]] std::optional<Uuid> parse_uuid(std::string_view text);

/// The name-based UUID over SHA-1.
[[nodiscard]] Uuid uuid_v5(const Uuid& name_space, std::string_view name);

/// Random bits from the operating system. Throws Error(SY_BROKEN) when it has none to give.
[[nodiscard]] Uuid uuid_v4();

/// The name spaces that the RFC itself names.
inline constexpr Uuid uuid_dns_namespace{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                         0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
inline constexpr Uuid uuid_url_namespace{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                         0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

}  // namespace syncline::formats
