#include "sink_stream.hpp"

#include <cerrno>
#include <utility>

namespace syncline::formats {
namespace {

struct CStream {
  GMimeStream parent;
  SinkStream* owner;
};
struct CStreamClass {
  GMimeStreamClass parent;
};

ssize_t write(GMimeStream* stream, const char* bytes, size_t length) {
  auto* self = reinterpret_cast<CStream*>(stream);
  if (!self->owner->put({bytes, length})) {
    errno = EIO;
    return -1;
  }
  stream->position += static_cast<gint64>(length);
  return static_cast<ssize_t>(length);
}
ssize_t read(GMimeStream* /*stream*/, char* /*buffer*/, size_t /*length*/) {
  errno = EINVAL;
  return -1;
}
int succeed(GMimeStream* /*stream*/) { return 0; }
gboolean at_end(GMimeStream* /*stream*/) { return TRUE; }
gint64 seek(GMimeStream* /*stream*/, gint64 /*offset*/, GMimeSeekWhence /*whence*/) {
  errno = EINVAL;
  return -1;
}
gint64 tell(GMimeStream* stream) { return stream->position; }
GMimeStream* substream(GMimeStream* /*stream*/, gint64 /*start*/, gint64 /*end*/) { return nullptr; }

void init_class(gpointer type_class, gpointer /*data*/) {
  auto* stream = static_cast<GMimeStreamClass*>(type_class);
  stream->read = read;
  stream->write = write;
  stream->flush = succeed;
  stream->close = succeed;
  stream->eos = at_end;
  stream->reset = succeed;
  stream->seek = seek;
  stream->tell = tell;
  stream->length = tell;
  stream->substream = substream;
}

GType stream_type() {
  static const GType type =
      g_type_register_static_simple(g_mime_stream_get_type(), "SynclineSinkStream", sizeof(CStreamClass), init_class,
                                    sizeof(CStream), nullptr, static_cast<GTypeFlags>(0));
  return type;
}

}  // namespace

SinkStream::SinkStream(Take take)
    : take_(std::move(take)), stream_(static_cast<GMimeStream*>(g_object_new(stream_type(), nullptr))) {
  g_mime_stream_construct(stream_.get(), 0, -1);
  reinterpret_cast<CStream*>(stream_.get())->owner = this;
}

bool SinkStream::put(std::string_view bytes) noexcept {
  if (failure_) return false;
  try {
    take_(bytes);
    return true;
  } catch (...) {
    failure_ = std::current_exception();
    return false;
  }
}

}  // namespace syncline::formats
