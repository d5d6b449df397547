// response_codes.hpp: what each of EWS's response codes means for the caller. The table is in response_codes.cpp.
#pragma once

#include <string>
#include <string_view>

#include "syncline/plugin.hpp"

namespace syncline::exchange {

/// How far an error reaches.
enum class Scope {
  ITEM,      ///< this item alone; the others of the request count
  SHRINK,    ///< too much was asked for at once
  MAILBOX,   ///< everything in this mailbox, for now: stop asking
  RELOCATE,  ///< the mailbox is served elsewhere, or is being moved
  VERSION,   ///< the server does not take the schema version that was asked for
  FOLDER,    ///< a folder is not what it was
  CALL       ///< nothing will work until a person has done something
};

struct Meaning {
  std::string_view code;
  sy_code what = SY_BROKEN;
  Scope scope = Scope::ITEM;
  std::string_view remedy;
};

/// An unknown code is SY_BROKEN for the item.
[[nodiscard]] const Meaning& meaning_of(std::string_view response_code);

/// An answer of EWS that says no.
class Refused : public Error {
 public:
  Refused(sy_code code, Scope scope, std::string text, std::int64_t retry_after_ms, std::string server_code)
      : Error(code, std::move(text), retry_after_ms, std::move(server_code)), scope_(scope) {}
  [[nodiscard]] Scope scope() const noexcept { return scope_; }

 private:
  Scope scope_;
};

/// `what`: the operation; `request`: the id that the server's log bears for it. What the server said in words is left
/// out: it may repeat content.
[[nodiscard]] Refused refusal(std::string_view what, std::string_view response_code, std::string_view request,
                              std::int64_t retry_after_ms = 0);

}  // namespace syncline::exchange
