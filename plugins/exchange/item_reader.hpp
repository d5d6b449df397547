// item_reader.hpp: items by their ids, in batches that grow and shrink with what the server can do.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ews/address_book.hpp"
#include "ews/operations.hpp"
#include "folders.hpp"
#include "items/item.hpp"
#include "syncline/endpoint.hpp"

namespace syncline::exchange {

/// An item without a document: gone, or not to be found for certain.
[[nodiscard]] Item absent(std::string_view kind, std::string_view id, std::uint32_t flag);

/// Used by one thread at a time.
class ItemReader {
 public:
  /// `crm_marks`: the Microsoft client's properties are read too.
  ItemReader(Session& session, Folders& folders, AddressBook& addresses, bool crm_marks)
      : session_(session), folders_(folders), addresses_(addresses), crm_marks_(crm_marks) {}

  /// What became of one id: the item, or one without a document. False: no more is wanted.
  using Sink = std::function<bool(const std::string& id, const ItemRead* read, const Item& item)>;
  /// Heads of mail, whole contacts and tasks; one answer for each id. One item's failure is its own.
  void fetch(const Call& call, std::string_view kind, std::span<const std::string> ids, const Sink& put);
  /// One item, for a write. Throws Refused when it cannot be had.
  [[nodiscard]] ItemRead now(const Call& call, std::string_view kind, const std::string& id);
  /// A mail in the answer with its MIME text, as `now` reads it. Throws Refused.
  [[nodiscard]] ItemRead read(const Call& call, std::string_view kind, const ResponseMessage& message,
                              const std::string& query);

  [[nodiscard]] Item item(std::string_view kind, std::string_view id, const ItemRead& read) const;
  /// A mail that is there and cannot be read must not hold up the others: it says why.
  [[nodiscard]] static Item unreadable(std::string_view id, std::string_view version, std::string_view direction,
                                       std::string_view why);

 private:
  struct Batch;
  void run(Batch& batch, std::vector<std::string>& again);
  bool message(Batch& batch, const std::string& id, const ResponseMessage& m, std::vector<std::string>& again);
  [[nodiscard]] Item refused(std::string_view kind, const std::string& id, const Error& why);

  Session& session_;
  Folders& folders_;
  AddressBook& addresses_;
  const bool crm_marks_;
};

}  // namespace syncline::exchange
