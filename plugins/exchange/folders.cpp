#include "folders.hpp"

#include <array>

namespace syncline::exchange {
namespace {

std::string_view class_of_kind(std::string_view kind) {
  if (kind == "contact") return "IPF.Contact";
  if (kind == "task") return "IPF.Task";
  return "IPF.Note";
}

/// A folder without a class is one of mail (IMAP clients make them).
bool fits(const FolderFacts& folder, std::string_view kind) {
  const std::string_view wanted = class_of_kind(kind);
  if (folder.item_class.empty() || folder.item_class == "IPF") return kind == "email";
  return folder.item_class == wanted || folder.item_class.starts_with(std::string(wanted) + ".") ||
         (kind == "email" && folder.item_class.starts_with("IPF.Imap"));
}

Error missing(const FolderName& name, const std::string& why) {
  return {SY_CONFIG,
          "exchange: folder \"" + name.text() + "\" " + why + "; correct folders, or make the folder in the mailbox"};
}

}  // namespace

std::vector<FolderName> Folders::of_kind(std::string_view kind) const {
  std::vector<FolderName> out;
  for (const FolderName& name : names_)
    if (name.kind == kind) out.push_back(name);
  return out;
}

const FolderId& Folders::id_of(Session& session, const Call& call, const FolderName& name) {
  const std::string text = name.text();
  const auto known = ids_.find(text);
  if (known != ids_.end()) return known->second;
  return ids_.emplace(text, resolve(session, call, name)).first->second;
}

FolderId Folders::resolve(Session& session, const Call& call, const FolderName& name) {
  const std::array root{FolderId{name.root, true}};
  std::optional<FolderFacts> found = get_folders(session, call, root).front();
  if (!found || found->id.empty()) throw missing(name, "is not in this mailbox");
  for (const std::string& part : name.path) {
    found = find_folder(session, call, {found->id}, part);
    if (!found) throw missing(name, "is not in this mailbox");
  }
  // The default folders of a kind are of that kind, whatever class the server reports.
  if (!name.path.empty() && !fits(*found, name.kind))
    throw missing(name, "is not one for items of the kind " + name.kind);
  return {found->id};
}

const std::string& Folders::deleted_items(Session& session, const Call& call) {
  if (!deleted_) {
    const std::array folder{FolderId{"deleteditems", true}};
    const auto found = get_folders(session, call, folder).front();
    deleted_ = found ? found->id : std::string();
  }
  return *deleted_;
}

bool Folders::outgoing(Session& session, const Call& call, std::string_view folder_id) {
  for (const FolderName& name : names_)
    if (name.outgoing && id_of(session, call, name).id == folder_id) return true;
  return false;
}

}  // namespace syncline::exchange
