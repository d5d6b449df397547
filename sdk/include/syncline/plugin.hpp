// plugin.hpp: the C++20 face of plugin.h, header-only: it compiles into whoever includes it and never crosses the
// boundary. Authors derive from Connection, Endpoint, Store, Filter or Rule (one header each), throw Error, and end
// with SYNCLINE_PLUGIN(...). No function here keeps a view beyond the call it came with.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "plugin.h"

namespace syncline {

inline sy_str borrow(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view view(sy_str s) { return s.len == 0 ? std::string_view{} : std::string_view{s.ptr, s.len}; }
inline std::string text(sy_str s) { return std::string(view(s)); }

/// The name of a code as it stands in logs, JSON and docs.
constexpr std::string_view code_name(sy_code code) {
  constexpr std::array<std::string_view, 14> names{"ok",      "retry",  "auth",        "gone",     "conflict",
                                                   "invalid", "reset",  "unsupported", "canceled", "broken",
                                                   "exists",  "denied", "full",        "config"};
  return code >= 0 && static_cast<std::size_t>(code) < names.size() ? names[static_cast<std::size_t>(code)] : "broken";
}

/// What ends a call. `what()` is for a person: one line, without secrets and content.
class Error : public std::exception {
 public:
  Error(sy_code code, std::string text, std::int64_t retry_after_ms = 0, std::string server_code = {})
      : code_(code), retry_after_ms_(retry_after_ms), text_(std::move(text)), server_code_(std::move(server_code)) {}
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  [[nodiscard]] sy_code code() const noexcept { return code_; }
  [[nodiscard]] std::int64_t retry_after_ms() const noexcept { return retry_after_ms_; }
  [[nodiscard]] const std::string& server_code() const noexcept { return server_code_; }

 private:
  sy_code code_;
  std::int64_t retry_after_ms_;
  std::string text_;
  std::string server_code_;
};

/// Copies into a fixed buffer and cuts at a whole UTF-8 character.
template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) noexcept {
  std::size_t n = from.size() < N - 1 ? from.size() : N - 1;
  if (n < from.size())
    while (n > 0 && (static_cast<unsigned char>(from[n]) & 0xC0u) == 0x80u) --n;
  static_cast<void>(from.copy(to, n));
  to[n] = '\0';
}

inline sy_code fill(sy_error* e, sy_code code, std::string_view what, std::int64_t wait,
                    std::string_view server) noexcept {
  if (e != nullptr && SY_HAS(e, text)) {
    e->code = code;
    e->retry_after_ms = wait;
    copy_text(e->server_code, server);
    copy_text(e->text, what);
  }
  return code;
}

/// The one place where exceptions turn into codes.
template <class F>
sy_code guard(sy_error* e, F&& body) noexcept {
  try {
    body();
    return SY_OK;
  } catch (const Error& x) {
    return fill(e, x.code(), x.what(), x.retry_after_ms(), x.server_code());
  } catch (const std::bad_alloc&) {
    return fill(e, SY_BROKEN, "out of memory", 0, {});
  } catch (const std::exception& x) {
    return fill(e, SY_BROKEN, x.what(), 0, {});
  } catch (...) {
    return fill(e, SY_BROKEN, "unknown exception", 0, {});
  }
}

/// The other direction: a code that is not SY_OK becomes an Error.
inline sy_error no_error() {
  sy_error e{};
  e.size = sizeof e;
  return e;
}
inline void check(sy_code code, const sy_error& e) {
  if (code == SY_OK) return;
  throw Error(code, e.text[0] != '\0' ? std::string(e.text) : std::string(code_name(code)), e.retry_after_ms,
              e.server_code);
}

/// Deadline and cancel poll of the call in hand. check() between requests is all that cancellation needs.
class Call {
 public:
  explicit Call(const sy_call& call) : call_(&call) {}
  [[nodiscard]] std::int64_t remaining_ms() const { return call_->remaining_ms(call_); }
  [[nodiscard]] bool canceled() const { return call_->canceled(call_) != 0 || remaining_ms() <= 0; }
  void check() const {
    if (call_->canceled(call_) != 0) throw Error(SY_CANCELED, "canceled");
    if (remaining_ms() <= 0) throw Error(SY_CANCELED, "the deadline of the call has passed");
  }
  [[nodiscard]] const sy_call& raw() const { return *call_; }

 private:
  const sy_call* call_;
};

/// A C sink made of a callable; an exception inside is kept and thrown again by rethrow(), after the call has returned.
template <class Sink, class Value, class F>
class SinkOf {
 public:
  explicit SinkOf(F f) : f_(std::move(f)) {
    sink_.ctx = this;
    sink_.put = [](const Sink* s, const Value* v) -> decltype(s->put(s, v)) {
      auto* self = static_cast<SinkOf*>(s->ctx);
      const bool more = self->run(*v);
      if constexpr (!std::is_void_v<decltype(s->put(s, v))>)
        return more ? 1 : 0;
      else
        static_cast<void>(more);
    };
  }
  SinkOf(const SinkOf&) = delete;
  SinkOf& operator=(const SinkOf&) = delete;
  operator const Sink*() const { return &sink_; }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  bool run(const Value& v) noexcept {
    if (failure_) return false;
    try {
      if constexpr (std::is_same_v<decltype(f_(v)), bool>)
        return f_(v);
      else {
        f_(v);
        return true;
      }
    } catch (...) {
      failure_ = std::current_exception();
      return false;
    }
  }
  F f_;
  Sink sink_{};
  std::exception_ptr failure_;
};

template <class F>
class TextSink {
 public:
  explicit TextSink(F f) : f_(std::move(f)) {
    sink_.ctx = this;
    sink_.put = [](const sy_texts* s, sy_str v) -> int {
      auto* self = static_cast<TextSink*>(s->ctx);
      if (self->failure_) return 0;
      try {
        self->f_(view(v));
        return 1;
      } catch (...) {
        self->failure_ = std::current_exception();
        return 0;
      }
    };
  }
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;
  operator const sy_texts*() const { return &sink_; }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  F f_;
  sy_texts sink_{};
  std::exception_ptr failure_;
};

/// What the kernel offers to an instance. Copyable; any thread.
class Host {
 public:
  explicit Host(const sy_host& host) : host_(&host) {}
  void log(int level, std::string_view item, std::string_view line) const {
    host_->log(host_, level, borrow(item), borrow(line));
  }
  [[nodiscard]] std::int64_t now_ms() const { return host_->now_ms(host_); }
  /// The value of a SY_SECRET option by its dotted name. Throws SY_AUTH or SY_CONFIG when it cannot be had.
  [[nodiscard]] std::string secret(std::string_view option) const {
    std::string value;
    TextSink sink([&](std::string_view v) { value = v; });
    sy_error e = no_error();
    const sy_code code = host_->secret(host_, borrow(option), sink, &e);
    sink.rethrow();
    check(code, e);
    return value;
  }
  void count(std::string_view what, std::int64_t n = 1) const { host_->count(host_, borrow(what), n); }
  [[nodiscard]] const void* extension(const char* id) const { return host_->extension(host_, id); }
  [[nodiscard]] const sy_host& raw() const { return *host_; }
  void effect(int phase, std::string_view what) const { host_->effect(host_, phase, borrow(what)); }

 private:
  const sy_host* host_;
};

/// Stands around one request that changes a remote side: what it is called, before and after it.
class Effect {
 public:
  Effect(const Host& host, std::string_view what) : host_(host), what_(what) { host_.effect(SY_BEFORE, what_); }
  Effect(const Effect&) = delete;
  Effect& operator=(const Effect&) = delete;
  ~Effect() { host_.effect(SY_AFTER, what_); }

 private:
  Host host_;
  std::string what_;
};

namespace detail {
template <class T, std::size_t... I>
constexpr auto option_pointers(std::index_sequence<I...>) {
  return std::array<const sy_option*, sizeof...(I)>{&T::options[I]...};
}
template <class T>
inline constexpr auto options_of =
    option_pointers<T>(std::make_index_sequence<std::tuple_size_v<decltype(T::options)>>());
}  // namespace detail

/// A class description made at compile time. T has static constexpr: role (from its base), name, summary, revision,
/// options (a std::array of sy_option); a constructor T(Host, std::string_view config); and extension(const char*).
template <class T>
inline constexpr sy_class class_of = {
    sizeof(sy_class),
    T::role,
    T::name,
    T::summary,
    detail::options_of<T>.size(),
    detail::options_of<T>.data(),
    T::revision,
    [](const sy_host* host, sy_str config, sy_error* e) -> void* {
      typename T::Base* made = nullptr;
      const sy_code code = guard(e, [&] { made = new T(Host(*host), view(config)); });
      return code == SY_OK ? made : nullptr;
    },
    [](void* self) { delete static_cast<typename T::Base*>(self); },
    [](void* self, const char* id) -> const void* { return static_cast<typename T::Base*>(self)->table(id); }};

template <class... T>
inline constexpr std::array<const sy_class*, sizeof...(T)> classes_of{&class_of<T>...};

}  // namespace syncline

/// Exports the library's one symbol. Use once, at namespace scope: SYNCLINE_PLUGIN("pop3", "0.1.0", "Apache-2.0", Pop3)
#define SYNCLINE_PLUGIN(plugin_name, plugin_version, plugin_licence, ...)                      \
  extern "C" __attribute__((visibility("default"))) const sy_plugin sy_plugin_v1;              \
  extern "C" __attribute__((visibility("default"))) constinit const sy_plugin sy_plugin_v1 = { \
      SY_MAGIC,                                                                                \
      sizeof(sy_plugin),                                                                       \
      SY_ABI_MAJOR,                                                                            \
      SY_ABI_MINOR,                                                                            \
      plugin_name,                                                                             \
      plugin_version,                                                                          \
      plugin_licence,                                                                          \
      ::syncline::classes_of<__VA_ARGS__>.size(),                                              \
      ::syncline::classes_of<__VA_ARGS__>.data()}
