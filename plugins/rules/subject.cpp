#include "subject.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace syncline::rules {

namespace {

// What mail programs write before the subject in the languages of Europe and East Asia. "VS" is left out: it is a
// forward in Danish and Norwegian and an answer in Finnish.
constexpr std::array<std::string_view, 15> forwards{"fw", "fwd", "wg",  "tr",     "rv",   "enc",  "i",   "pd",
                                                    "vb", "vl",  "ilt", "doorst", "转发", "轉寄", "転送"};
constexpr std::array<std::string_view, 13> replies{"re",  "aw",  "sv",  "antw", "antwort", "ref", "rif",
                                                   "odp", "bls", "ynt", "atb",  "回复",    "回覆"};

bool same(std::string_view l, std::string_view lower) {
  return std::equal(l.begin(), l.end(), lower.begin(), lower.end(),
                    [](unsigned char a, unsigned char b) { return (a < 0x80 ? std::tolower(a) : a) == b; });
}

template <class List>
bool any_of(const List& list, std::string_view word) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view w) { return same(word, w); });
}

}  // namespace

SubjectKind subject_kind(std::string_view subject) {
  subject.remove_prefix(std::min(subject.find_first_not_of(" \t"), subject.size()));
  constexpr std::string_view wide_colon = "：";
  auto colon = std::min(subject.find(':'), subject.find(wide_colon));
  if (colon == std::string_view::npos) return SubjectKind::plain;
  std::string_view word = subject.substr(0, colon);
  if (const auto bracket = word.find('['); bracket != std::string_view::npos) word = word.substr(0, bracket);  // Re[2]:
  while (!word.empty() && (word.back() == ' ' || word.back() == '.')) word.remove_suffix(1);
  if (any_of(forwards, word)) return SubjectKind::forward;
  return any_of(replies, word) ? SubjectKind::reply : SubjectKind::plain;
}

}  // namespace syncline::rules
