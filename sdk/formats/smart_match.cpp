#include "syncline/formats/smart_match.hpp"

#include <algorithm>

namespace syncline::formats {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_subject = 1000, most_addresses = 20;

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::vector<std::string> subject_words(std::string_view subject, const std::regex& noise, std::size_t most) {
  std::string text(subject.substr(0, longest_subject));
  std::smatch found;
  if (std::regex_search(text, found, noise, std::regex_constants::match_continuous)) text = found.suffix().str();
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size() && out.size() < most;) {
    const std::size_t begin = static_cast<std::size_t>(
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), blank) - text.begin());
    const std::size_t end = static_cast<std::size_t>(
        std::find_if(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(), blank) - text.begin());
    if (end != begin) out.push_back(lowered(std::string_view(text).substr(begin, end - begin)));
    at = end;
  }
  return out;
}

std::vector<std::string> mail_addresses(const json::object& mail) {
  std::vector<std::string> out;
  const auto take = [&](const json::value& v) {
    const auto* o = v.if_object();
    const auto* a = o == nullptr ? nullptr : o->if_contains("address");
    if (a == nullptr || !a->is_string() || a->get_string().empty() || out.size() == most_addresses) return;
    std::string address = lowered(a->get_string());
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(std::move(address));
  };
  for (const std::string_view name : {"from", "to", "cc", "bcc"}) {
    const auto* v = mail.if_contains(name);
    if (v == nullptr) continue;
    if (v->is_array())
      for (const json::value& e : v->get_array()) take(e);
    else
      take(*v);
  }
  return out;
}

}  // namespace syncline::formats
