#include "listing.hpp"

#include <algorithm>
#include <numeric>

namespace syncline::pop3 {

void Listing::add(std::uint32_t number, std::string_view uidl) {
  entries_.push_back({number, static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(uidl.size())});
  text_ += uidl;
}

std::string_view Listing::uidl(std::size_t entry) const {
  return std::string_view(text_).substr(entries_[entry].begin, entries_[entry].length);
}

void Listing::index() {
  sorted_.resize(entries_.size());
  std::iota(sorted_.begin(), sorted_.end(), 0U);
  std::sort(sorted_.begin(), sorted_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int order = uidl(a).compare(uidl(b));
    return order != 0 ? order < 0 : a < b;
  });
}

std::span<const std::uint32_t> Listing::find(std::string_view wanted) const {
  const auto first = std::lower_bound(sorted_.begin(), sorted_.end(), wanted,
                                      [&](std::uint32_t entry, std::string_view id) { return uidl(entry) < id; });
  auto last = first;
  while (last != sorted_.end() && uidl(*last) == wanted) ++last;
  return {first, last};
}

std::vector<std::uint32_t> Listing::shared() const {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < sorted_.size();) {
    std::size_t end = i + 1;
    while (end < sorted_.size() && uidl(sorted_[end]) == uidl(sorted_[i])) ++end;
    if (end - i > 1 || uidl(sorted_[i]).empty())
      out.insert(out.end(), sorted_.begin() + static_cast<std::ptrdiff_t>(i),
                 sorted_.begin() + static_cast<std::ptrdiff_t>(end));
    i = end;
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace syncline::pop3
