// address_book.hpp: Internet addresses of directory names ("/o=Org/ou=…"), asked for once.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "session.hpp"

namespace syncline::exchange {

/// Any thread.
class AddressBook {
 public:
  /// Empty: the directory knows none. nullopt: not asked yet.
  [[nodiscard]] std::optional<std::string> known(std::string_view name) const;
  void ask(Session& session, const Call& call, std::string_view name);

 private:
  static constexpr std::size_t kMostNames = 10'000;  // then it begins anew

  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace syncline::exchange
