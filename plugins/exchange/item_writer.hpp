// item_writer.hpp: contacts and tasks written to the mailbox, many in a request, and read back; marks on any item.
#pragma once

#include "item_reader.hpp"

namespace syncline::exchange {

/// Used by one thread at a time.
class ItemWriter {
 public:
  /// `crm_marks`: the Microsoft client's properties are written too.
  ItemWriter(Session& session, Folders& folders, ItemReader& items, bool crm_marks)
      : session_(session), folders_(folders), items_(items), crm_marks_(crm_marks) {}

  /// In their order; neighbours of one verb and kind share their requests. What concerns one operation alone is in its
  /// result; what ends the call is thrown, after the results that are known.
  void carry_out(const Call& call, std::span<const Operation> ops, const DoneSink& put);
  [[nodiscard]] std::optional<Item> find(const Call& call, const Operation& create);

 private:
  struct Group;
  void create(Group& group);
  void change(Group& group);
  void remove(Group& group);
  /// The items as they are in the mailbox, when their version is still the one that was decided on. Some servers do not
  /// check it, and no server does for a deletion (C19), so we look ourselves just before. The others have failed.
  void read_unmoved(Group& group);
  /// Answers what was written with the items as they are stored now.
  void read_back(Group& group);
  /// Sends one request for these of the group; each message to its operation. Throws what ends the call at the end.
  void send(Group& group, const Query& query, std::span<const std::size_t> which,
            const std::function<void(std::size_t, const ResponseMessage&)>& took);
  [[nodiscard]] WriteContext context(const Operation& op, const ItemRead* now) const;

  Session& session_;
  Folders& folders_;
  ItemReader& items_;
  const bool crm_marks_;
};

}  // namespace syncline::exchange
