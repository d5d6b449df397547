// Any bytes are read as a message: no crash, no endless loop, and what comes out keeps what mime.hpp promises.
// Run: mime_fuzz -max_len=65536 CORPUS tests/mime
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "syncline/formats/mime.hpp"
#include "syncline/plugin.hpp"

namespace {

using namespace syncline;

void require(bool holds) {
  if (!holds) std::abort();
}

class Sink : public formats::PartSink {
 public:
  void begin(std::string_view part) override {
    require(!open_ && !part.empty());
    open_ = true;
    ++parts;
  }
  void append(std::string_view bytes) override {
    require(open_ && bytes.size() <= piece_bytes);
    total += bytes.size();
  }
  std::string finish() override {
    require(open_);
    open_ = false;
    return "ref";
  }
  std::size_t parts = 0;
  std::size_t total = 0;

 private:
  bool open_ = false;
};

bool is_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto at = [&](std::size_t k) { return k < s.size() ? static_cast<unsigned char>(s[k]) : 0U; };
    const unsigned lead = at(i);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((at(i + k) & 0xC0U) != 0x80U) return false;
    const unsigned second = at(i + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
        (lead == 0xF4 && second > 0x8F))
      return false;
    i += length;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    Sink sink;
    const auto document = formats::read_whole(formats::MailBytes{bytes}, {}, sink);
    const auto& attachments = document.at("attachments").as_array();
    require(sink.parts == attachments.size() + 1);
    require(document.contains("digest") != document.contains("message_id"));
    require(is_utf8(boost::json::serialize(document)));
    // A charset may need three bytes for one; an attached message in an attached message is written once only, and the
    // outermost signed part once more.
    require(sink.total <= size * 5 + 4096);
  } catch (const Error& error) {
    require(error.code() == SY_INVALID);
  }
  return 0;
}
