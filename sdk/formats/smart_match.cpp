#include "syncline/formats/smart_match.hpp"

#include <algorithm>
#include <boost/locale/encoding_utf.hpp>
#include <boost/regex.hpp>
#include <locale>

#include "syncline/formats/ascii.hpp"

namespace syncline::formats {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_subject = 1000, most_addresses = 20;

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

/// Boost's, since its machine keeps no stack and gives up where std::regex would overflow one or run for ever.
boost::wregex compile(std::string_view expression) {
  boost::wregex out;
  out.imbue(unicode());
  out.assign(boost::locale::conv::utf_to_utf<wchar_t>(expression.data(), expression.data() + expression.size()));
  return out;
}

std::vector<std::string> texts_of(const json::object& o, std::string_view name) {
  std::vector<std::string> out;
  if (const json::value* v = o.if_contains(name); v != nullptr && v->is_array())
    for (const json::value& e : v->get_array())
      if (e.is_string()) out.emplace_back(e.get_string());
  return out;
}

std::size_t number_of(const json::object& o, std::string_view name, std::size_t otherwise) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_int64() ? static_cast<std::size_t>(std::max<std::int64_t>(v->get_int64(), 0))
                                       : otherwise;
}

std::string_view text_of(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string_view(v->get_string()) : std::string_view();
}

}  // namespace

std::optional<std::string> fault_of_expression(std::string_view expression) {
  try {
    static_cast<void>(compile(expression));
    return std::nullopt;
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

SubjectWords::SubjectWords(std::string_view noise, std::size_t most) : most_(most) {
  try {
    noise_ = std::make_shared<const boost::wregex>(compile(noise));
  } catch (const std::runtime_error&) {  // it takes nothing off
  }
}

std::vector<std::string> SubjectWords::of(std::string_view subject) const {
  std::wstring text = boost::locale::conv::utf_to_utf<wchar_t>(subject.data(), subject.data() + subject.size());
  if (text.size() > longest_subject) text.resize(longest_subject);
  try {
    boost::wsmatch found;
    if (noise_ && boost::regex_search(text, found, *noise_, boost::match_continuous))
      text.erase(0, static_cast<std::size_t>(found.length()));
  } catch (const std::runtime_error&) {  // too complex for this subject
  }
  const auto& letters = std::use_facet<std::ctype<wchar_t>>(unicode());
  letters.tolower(text.data(), text.data() + text.size());
  const auto blank = [&](wchar_t c) { return letters.is(std::ctype_base::space, c); };
  std::vector<std::string> out;
  for (auto at = text.cbegin(); at != text.cend() && out.size() < most_;) {
    const auto from = std::find_if_not(at, text.cend(), blank);
    at = std::find_if(from, text.cend(), blank);
    if (from == at) break;
    std::string word = boost::locale::conv::utf_to_utf<char>(std::wstring(from, at));
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(std::move(word));
  }
  return out;
}

Likeness::Likeness(const json::object& wanted)
    : subject_(texts_of(wanted, "subject")),
      addresses_(texts_of(wanted, "addresses")),
      delta_(number_of(wanted, "delta", 0)),
      min_addresses_(number_of(wanted, "min_addresses", 2)),
      words_(text_of(wanted, "noise"), number_of(wanted, "max_words", 20)) {}

bool Likeness::fits(std::string_view subject, const std::vector<std::string>& addresses) const {
  std::vector<std::string> less = subject_, more = words_.of(subject);
  if (less.size() > more.size()) std::swap(less, more);
  if (more.size() - less.size() > delta_) return false;
  const auto in = [](const std::vector<std::string>& all) {
    return [&all](const std::string& one) { return std::find(all.begin(), all.end(), one) != all.end(); };
  };
  return std::all_of(less.begin(), less.end(), in(more)) &&
         static_cast<std::size_t>(std::count_if(addresses_.begin(), addresses_.end(), in(addresses))) >= min_addresses_;
}

std::vector<std::string> Likeness::needed_words() const {
  std::vector<std::string> out = subject_;
  std::sort(out.begin(), out.end(), [](const std::string& l, const std::string& r) {
    return l.size() != r.size() ? l.size() > r.size() : l < r;
  });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.size() <= delta_ || addresses_.size() < min_addresses_) return {};
  out.resize(delta_ + 1);
  return out;
}

std::vector<std::string> mail_addresses(const json::object& mail) {
  std::vector<std::string> out;
  const auto take = [&](const json::value& v) {
    const auto* o = v.if_object();
    const auto* a = o == nullptr ? nullptr : o->if_contains("address");
    if (a == nullptr || !a->is_string() || a->get_string().empty() || out.size() == most_addresses) return;
    std::string address = lower(a->get_string());
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
