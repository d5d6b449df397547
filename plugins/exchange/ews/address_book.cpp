#include "address_book.hpp"

#include "operations.hpp"

namespace syncline::exchange {

std::optional<std::string> AddressBook::known(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

void AddressBook::ask(Session& session, const Call& call, std::string_view name) {
  if (known(name)) return;
  std::string address;
  try {
    address = resolve_name(session, call, name);
  } catch (const Refused& e) {
    // A directory that does not answer this one name must not hold up the item: the name stands as it is.
    if (e.scope() != Scope::ITEM) throw;
    session.host().log(SY_WARN, {}, e.what());
  }
  const std::lock_guard lock(mutex_);
  if (names_.size() >= kMostNames) names_.clear();
  names_[std::string(name)] = std::move(address);
}

}  // namespace syncline::exchange
