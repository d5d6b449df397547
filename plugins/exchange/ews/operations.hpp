// operations.hpp: the questions that are put to EWS, and their answers as values.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "session.hpp"

namespace syncline::exchange {

/// `<t:DistinguishedFolderId>` or `<t:FolderId>`.
struct FolderId {
  std::string id;
  bool distinguished = false;

  /// `owner`: whose default folder, when it is not the impersonated one's; empty: not said.
  [[nodiscard]] std::string xml(std::string_view owner = {}) const;
};

struct FolderFacts {
  std::string id, item_class;  ///< "IPF.Contact"; empty: not said
};

struct ItemId {
  std::string id, change_key;
};

/// One entry of SyncFolderItems.
struct ItemChange {
  ItemId id;
  bool gone = false;
  pugi::xml_node item;  ///< of what was created or changed; lives as long as the page
};

struct SyncPage {
  Answer answer;
  std::string state;
  bool last = false;
  std::vector<ItemChange> changes;  ///< in the server's order; changes of the read mark are left out
};

/// The item's element of a message of GetItem, FindItem and the like; null: none.
[[nodiscard]] pugi::xml_node item_of(const ResponseMessage& message);
[[nodiscard]] ItemId item_id(const pugi::xml_node& item);

/// Each folder's facts, or nothing where the mailbox has none of that name.
[[nodiscard]] std::vector<std::optional<FolderFacts>> get_folders(Session& session, const Call& call,
                                                                  std::span<const FolderId> folders);
/// The sub-folder of that name. Names are compared as the server does.
[[nodiscard]] std::optional<FolderFacts> find_folder(Session& session, const Call& call, const FolderId& parent,
                                                     std::string_view name);
/// Throws Refused with SY_RESET for a state that the server does not take, and of Scope::FOLDER for a missing folder.
[[nodiscard]] SyncPage sync_items(Session& session, const Call& call, const FolderId& folder, std::string_view state,
                                  std::string_view shape, std::size_t most);
/// Items that bear what the restriction says, in the folders, the oldest first.
[[nodiscard]] std::vector<ItemId> find_items(Session& session, const Call& call, std::span<const FolderId> folders,
                                             std::string_view shape, std::string_view restriction);
[[nodiscard]] Query get_items(std::span<const std::string> ids, std::string_view shape);

/// What shall be changed of one item: `<t:SetItemField>…`.
struct ItemUpdate {
  ItemId item;
  std::string changes;
};

/// Writes of several items are answered by a message for each, in their order.
[[nodiscard]] Query create_items(const FolderId& folder, std::string_view owner, std::string_view items);
[[nodiscard]] Query update_items(std::span<const ItemUpdate> updates);
[[nodiscard]] Query delete_items(std::span<const ItemId> items, bool tasks);

/// The Internet address of a directory name; empty: nobody, or several.
[[nodiscard]] std::string resolve_name(Session& session, const Call& call, std::string_view name);

}  // namespace syncline::exchange
