// item_writer.hpp: contacts and tasks written to the mailbox, one at a time, and read back.
#pragma once

#include "item_reader.hpp"

namespace syncline::exchange {

/// Used by one thread at a time.
class ItemWriter {
 public:
  ItemWriter(Session& session, Folders& folders, ItemReader& items)
      : session_(session), folders_(folders), items_(items) {}

  /// Throws what ends the call; what concerns this operation alone is in the result.
  [[nodiscard]] Done carry_out(const Call& call, const Operation& op);
  [[nodiscard]] std::optional<Item> find(const Call& call, const Operation& create);

 private:
  [[nodiscard]] Done create(const Call& call, const Operation& op);
  [[nodiscard]] Done update(const Call& call, const Operation& op);
  [[nodiscard]] Done remove(const Call& call, const Operation& op);
  /// As it is in the mailbox, when its version is still the one that was decided on. Some servers do not check it, and
  /// no server does for a deletion (C19), so we look ourselves just before.
  [[nodiscard]] ItemRead unmoved(const Call& call, const Operation& op);
  [[nodiscard]] Done read_back(const Call& call, std::string_view kind, const std::string& id,
                               const std::vector<std::string>& never);
  [[nodiscard]] WriteContext context(const Operation& op) const;

  Session& session_;
  Folders& folders_;
  ItemReader& items_;
};

}  // namespace syncline::exchange
