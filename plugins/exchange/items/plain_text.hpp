// plain_text.hpp: texts of a mailbox as documents have them: one line, or plain lines out of HTML.
#pragma once

#include <string>
#include <string_view>

namespace syncline::exchange {

/// Blanks for control characters, none at the ends.
[[nodiscard]] std::string one_line(std::string_view text);

/// A body as notes: no blank lines at the end, which servers add when they turn one form into another. Otherwise each
/// cycle would make the text longer.
[[nodiscard]] std::string notes_text(std::string_view text);

/// What a reader sees of HTML: without markup, scripts and styles; paragraphs and rows as lines.
[[nodiscard]] std::string text_of_html(std::string_view html);

}  // namespace syncline::exchange
