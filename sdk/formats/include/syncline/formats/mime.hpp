// mime.hpp: a raw message (RFC 5322, MIME) as the canonical email document. However large the message, memory holds its
// headers and one piece of one part; decoded parts go to the caller's sink.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace syncline::formats {

/// Where the raw message is. Bytes are for small messages: a copy of them is made.
struct MailFile {
  std::filesystem::path path;
};
struct MailBytes {
  std::string_view bytes;
};
using MailSource = std::variant<MailFile, MailBytes>;

/// What a message may ask of us. Beyond them it is refused with Error(SY_INVALID), so that it ends in quarantine.
struct MailLimits {
  std::size_t header_bytes = std::size_t{4} << 20;
  std::size_t header_lines = 50'000;
  std::size_t recipients = 20'000;
  std::size_t parts = 2'000;
  /// A multipart nested more deeply is kept whole, as one attachment.
  std::size_t depth = 400;
};

struct MailOptions {
  std::string direction = "incoming";
  /// What the server says; read_whole counts for itself when it is absent, read_head then leaves it out.
  std::optional<std::uint64_t> size;
  MailLimits limits;
};

/// Takes the decoded body (part "body", always UTF-8, first) and attachments (part: the MIME path, "2.1"), one after
/// the other. No piece is larger than `piece_bytes`.
class PartSink {
 public:
  static constexpr std::size_t piece_bytes = std::size_t{256} << 10;

  PartSink() = default;
  PartSink(const PartSink&) = delete;
  PartSink& operator=(const PartSink&) = delete;
  virtual ~PartSink() = default;

  virtual void begin(std::string_view part) = 0;
  virtual void append(std::string_view bytes) = 0;
  /// The blob reference that shall stand in the document.
  [[nodiscard]] virtual std::string finish() = 0;
};

/// The document from the headers alone; whatever follows the first empty line is not read.
[[nodiscard]] boost::json::object read_head(const MailSource& mail, const MailOptions& options);

/// The document with body, attachments and, where there is no Message-ID, the digest.
[[nodiscard]] boost::json::object read_whole(const MailSource& mail, const MailOptions& options, PartSink& sink);

}  // namespace syncline::formats
