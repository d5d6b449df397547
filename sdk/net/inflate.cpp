#include "inflate.hpp"

#include <zlib.h>

#include <array>
#include <new>

#include "malformed.hpp"

namespace syncline::net {

struct Inflater::State {
  z_stream stream{};
  bool begun = false;
  bool ended = false;  // at the end of a member; another may follow
  State() {
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { inflateEnd(&stream); }
};

Inflater::Inflater(Sink sink) : state_(std::make_unique<State>()), sink_(std::move(sink)) {}
Inflater::~Inflater() = default;

void Inflater::push(std::string_view compressed) {
  z_stream& z = state_->stream;
  std::array<char, std::size_t{16} * 1024> out;
  z.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(compressed.data()));  // zlib only reads from it
  z.avail_in = static_cast<uInt>(compressed.size());
  while (z.avail_in > 0 || z.avail_out == 0) {
    if (state_->ended) {
      if (z.avail_in == 0) break;
      inflateReset(&z);
      state_->ended = false;
    }
    state_->begun = true;
    z.next_out = reinterpret_cast<unsigned char*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&z, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      throw Malformed("the gzip data of the answer is damaged");
    const std::size_t made = out.size() - z.avail_out;
    if (made > 0) sink_(std::string_view(out.data(), made));
    state_->ended = code == Z_STREAM_END;
    if (code == Z_BUF_ERROR && made == 0) break;
  }
  z.next_in = nullptr;
  z.avail_in = 0;
  z.avail_out = 1;
}

void Inflater::finish() const {
  if (state_->begun && !state_->ended) throw Malformed("the gzip data of the answer ends too early");
}

}  // namespace syncline::net
