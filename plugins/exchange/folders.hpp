// folders.hpp: the folders of one mailbox that are synchronized, by the ids that the server gives them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ews/operations.hpp"
#include "settings.hpp"

namespace syncline::exchange {

/// Used by one thread at a time.
class Folders {
 public:
  explicit Folders(std::vector<FolderName> names) : names_(std::move(names)) {}

  /// Those of a kind, in the configuration's order. No network.
  [[nodiscard]] std::vector<FolderName> of_kind(std::string_view kind) const;

  /// Throws SY_CONFIG when the mailbox has no such folder, or one of another class.
  [[nodiscard]] const FolderId& id_of(Session& session, const Call& call, const FolderName& name);
  /// Where deleted items go; empty: the server does not say.
  [[nodiscard]] const std::string& deleted_items(Session& session, const Call& call);
  /// What is sent from here is outgoing mail.
  [[nodiscard]] bool outgoing(Session& session, const Call& call, std::string_view folder_id);
  /// The ids are asked for anew: a folder was not where it had been.
  void forget() { ids_.clear(); }

 private:
  [[nodiscard]] FolderId resolve(Session& session, const Call& call, const FolderName& name);

  const std::vector<FolderName> names_;
  std::map<std::string, FolderId> ids_;
  std::optional<std::string> deleted_;
};

}  // namespace syncline::exchange
