// side.hpp: the two sides of a pair. What is two-sided is written once, with a side as its index.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace syncline {

enum class Side : std::uint8_t { mailbox = 0, crm = 1 };
inline constexpr std::array<Side, 2> both_sides{Side::mailbox, Side::crm};

constexpr Side other(Side s) { return s == Side::mailbox ? Side::crm : Side::mailbox; }
constexpr std::string_view name_of(Side s) { return s == Side::mailbox ? "mailbox" : "crm"; }
constexpr int number_of(Side s) { return static_cast<int>(s) + 1; }  ///< as SY_MAILBOX and SY_CRM, and in keys

template <class T>
struct Sides {
  T mailbox{}, crm{};
  constexpr T& operator[](Side s) { return s == Side::mailbox ? mailbox : crm; }
  constexpr const T& operator[](Side s) const { return s == Side::mailbox ? mailbox : crm; }
};

}  // namespace syncline
