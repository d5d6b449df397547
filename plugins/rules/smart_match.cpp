#include "smart_match.hpp"

#include <algorithm>
#include <boost/locale/encoding_utf.hpp>
#include <boost/regex.hpp>
#include <locale>
#include <set>

namespace syncline::rules {

namespace {

constexpr std::size_t longest_subject = 1000;  ///< characters; mail servers stop far below
constexpr std::size_t most_addresses = 20;

/// Letters of every alphabet, whatever the process is set to.
const std::locale& unicode() {
  static const std::locale found = [] {
    try {
      return std::locale("C.UTF-8");
    } catch (const std::runtime_error&) {
      return std::locale::classic();
    }
  }();
  return found;
}

/// Boost's machine gives up on an expression that would take for ever; std::regex would run, or overflow the stack.
std::wstring without_noise(std::wstring subject, const std::string& noise) {
  try {
    boost::wregex expression;
    expression.imbue(unicode());
    expression.assign(boost::locale::conv::utf_to_utf<wchar_t>(noise));
    return boost::regex_replace(subject, expression, std::wstring(), boost::format_first_only);
  } catch (const std::runtime_error&) {
    return subject;
  }
}

std::string lower_address(std::string address) {
  for (char& c : address)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return address;
}

}  // namespace

std::vector<std::string> subject_words(std::string_view subject, const std::string& noise, std::size_t most) {
  std::wstring text = boost::locale::conv::utf_to_utf<wchar_t>(subject.data(), subject.data() + subject.size());
  if (text.size() > longest_subject) text.resize(longest_subject);
  text = without_noise(std::move(text), noise);
  const auto& letters = std::use_facet<std::ctype<wchar_t>>(unicode());
  letters.tolower(text.data(), text.data() + text.size());
  const auto blank = [&](wchar_t c) { return letters.is(std::ctype_base::space, c); };
  std::vector<std::string> out;
  for (auto at = text.begin(); at != text.end() && out.size() < most;) {
    const auto from = std::find_if_not(at, text.end(), blank);
    at = std::find_if(from, text.end(), blank);
    if (from == at) break;
    std::string word = boost::locale::conv::utf_to_utf<char>(std::wstring(from, at));
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(std::move(word));
  }
  return out;
}

std::optional<json::object> smart_of(const Mail& mail) {
  std::vector<std::string> words =
      subject_words(mail.text("subject"), mail.words("email.smart.noise_regex", R"(^[\s]*([\w]+\s?:[\s]*)+)"),
                    static_cast<std::size_t>(mail.number("email.smart.max_words", 20)));
  if (words.empty()) return std::nullopt;
  std::sort(words.begin(), words.end());
  std::set<std::string> addresses;
  for (const std::string_view field : {"from", "to", "cc", "bcc"})
    for (const auto& a : mail.addresses(field))
      if (const std::string address = lower_address(text_of(a, "address"));
          !address.empty() && addresses.size() < most_addresses)
        addresses.insert(address);
  return json::object{{"subject", json::array(words.begin(), words.end())},
                      {"addresses", json::array(addresses.begin(), addresses.end())}};
}

std::string smart_key(const Mail& mail, json::object smart) {
  smart["delta"] = mail.number("email.smart.delta", 0);
  smart["min_addresses"] = mail.number("email.smart.min_addresses", 2);
  return "words:" + json::serialize(smart);
}

}  // namespace syncline::rules
