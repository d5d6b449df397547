// head.hpp: the part of the email document that the headers give.
#pragma once

#include <gmime/gmime.h>

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "raw_mail.hpp"

namespace syncline::formats {

/// Owns what GLib and GMime allocate.
struct GlibFree {
  void operator()(char* text) const { g_free(text); }
  void operator()(GObject* object) const { g_object_unref(object); }
  void operator()(GDateTime* time) const { g_date_time_unref(time); }
  void operator()(GMimeParserOptions* options) const { g_mime_parser_options_free(options); }
};
template <class T>
using GlibPtr = std::unique_ptr<T, GlibFree>;

template <class T>
struct ObjectUnref {
  void operator()(T* object) const { g_object_unref(object); }
};
template <class T>
using ObjectPtr = std::unique_ptr<T, ObjectUnref<T>>;

/// Starts GMime once; from any thread.
void start_gmime();
[[nodiscard]] GlibPtr<GMimeParserOptions> parser_options();

/// A value with RFC 2047 words, as one clean line.
[[nodiscard]] std::string decode_text(std::string_view raw);

[[nodiscard]] boost::json::object head_document(const HeaderFields& fields, const MailOptions& options);

}  // namespace syncline::formats
