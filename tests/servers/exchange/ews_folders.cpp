// Folders, what is in them, and what changed there.
#include <algorithm>
#include <charconv>

#include "../encode.hpp"
#include "ews_operations.hpp"

namespace syncline::sandbox::exchange {
namespace {

// Where a client stands: all changes up to `top` are known to it, and of what was there at `top`, all above `low`.
struct SyncState {
  std::string folder;
  std::uint64_t generation = 0, top = 0, low = 0;

  [[nodiscard]] std::string text() const {
    const std::string plain =
        folder + "|" + std::to_string(generation) + "|" + std::to_string(top) + "|" + std::to_string(low);
    return base64(plain + "|" + sha256("state " + plain).substr(0, 16));
  }
  static SyncState read(const std::string& text, const std::string& folder, std::uint64_t oldest) {
    const auto invalid = [] { return EwsError("ErrorInvalidSyncStateData", "The sync state data is invalid."); };
    const auto plain = from_base64(text);
    if (!plain) throw invalid();
    const std::size_t seal = plain->rfind('|');
    if (seal == std::string::npos || plain->substr(seal + 1) != sha256("state " + plain->substr(0, seal)).substr(0, 16))
      throw invalid();
    SyncState out;
    std::vector<std::string> parts;
    std::string rest = plain->substr(0, seal);
    for (std::size_t at = rest.find('|'); at != std::string::npos; at = rest.find('|')) {
      parts.push_back(rest.substr(0, at));
      rest.erase(0, at + 1);
    }
    parts.push_back(rest);
    if (parts.size() != 4 || parts[0] != folder) throw invalid();
    out.folder = parts[0];
    out.generation = std::stoull(parts[1]);
    out.top = std::stoull(parts[2]);
    out.low = std::stoull(parts[3]);
    if (out.generation < oldest) throw invalid();
    return out;
  }
};

std::string folder_element(const StoredFolder& f) {
  if (f.item_class.starts_with("IPF.Contact")) return "ContactsFolder";
  if (f.item_class.starts_with("IPF.Task")) return "TasksFolder";
  if (f.item_class.starts_with("IPF.Appointment")) return "CalendarFolder";
  return "Folder";
}

std::int64_t number(const std::string& text, std::int64_t least, std::int64_t most, const std::string& what) {
  std::int64_t n = least - 1;
  std::from_chars(text.data(), text.data() + text.size(), n);
  if (n < least || n > most)
    throw EwsFaultError("ErrorSchemaValidation",
                        "The '" + what + "' element is invalid - The value '" + text + "' is invalid.");
  return n;
}

/// Whether an item meets a restriction.
bool meets(const StoredItem& item, const pugi::xml_node& test) {
  const std::string_view name = plain_name(test);
  const auto parts = elements(test);
  if (name == "And") return std::all_of(parts.begin(), parts.end(), [&](const auto& p) { return meets(item, p); });
  if (name == "Or") return std::any_of(parts.begin(), parts.end(), [&](const auto& p) { return meets(item, p); });
  if (name == "Not") return !meets(item, parts.front());
  const auto value = value_at(item, parts.front());
  if (name == "Exists") return value.has_value();
  if (name == "Contains") {
    const std::string wanted = attribute_of(element(test, "Constant"), "Value");
    if (!value) return false;
    const bool exact = attribute_of(test, "ContainmentComparison") == "Exact";
    const std::string have = exact ? *value : lower(*value), want = exact ? wanted : lower(wanted);
    const std::string mode = attribute_of(test, "ContainmentMode");
    if (mode == "FullString") return have == want;
    if (mode == "Prefixed") return have.starts_with(want);
    return have.find(want) != std::string::npos;
  }
  const pugi::xml_node other = elements(element(test, "FieldURIOrConstant")).front();
  const auto wanted =
      plain_name(other) == "Constant" ? std::optional(attribute_of(other, "Value")) : value_at(item, other);
  if (name == "IsNotEqualTo") return value != wanted;
  if (!value || !wanted) return false;
  if (name == "IsEqualTo") return lower(*value) == lower(*wanted);
  if (name == "IsGreaterThan") return *value > *wanted;
  if (name == "IsGreaterThanOrEqualTo") return *value >= *wanted;
  if (name == "IsLessThan") return *value < *wanted;
  if (name == "IsLessThanOrEqualTo") return *value <= *wanted;
  throw EwsError("ErrorUnsupportedPathForQuery", "The restriction cannot be evaluated.");
}

bool folder_meets(const StoredFolder& f, const pugi::xml_node& test) {
  const std::string_view name = plain_name(test);
  const auto parts = elements(test);
  if (name == "And") return std::all_of(parts.begin(), parts.end(), [&](const auto& p) { return folder_meets(f, p); });
  if (name == "Or") return std::any_of(parts.begin(), parts.end(), [&](const auto& p) { return folder_meets(f, p); });
  const std::string uri = attribute_of(parts.front(), "FieldURI");
  const std::string value = uri == "folder:DisplayName"   ? f.name
                            : uri == "folder:FolderClass" ? f.item_class
                                                          : std::string();
  const std::string wanted = attribute_of(element(element(test, "FieldURIOrConstant"), "Constant"), "Value");
  return lower(value) == lower(wanted);
}

}  // namespace

std::string Operations::folder_xml(const StoredFolder& f, const pugi::xml_node& shape) const {
  demand_order(shape, {"BaseShape", "AdditionalProperties"});
  const std::string base = text_in(shape, "BaseShape");
  std::set<std::string> wanted;
  for (const pugi::xml_node& path : elements(element(shape, "AdditionalProperties")))
    wanted.insert(attribute_of(path, "FieldURI"));
  const auto asked = [&](const std::string& uri) { return base != "IdOnly" || wanted.contains(uri); };
  const std::string name = folder_element(f);
  std::string out = "<t:" + name + "><t:FolderId Id=\"" + f.id + "\" ChangeKey=\"AQAAAA==\"/>";
  if (asked("folder:ParentFolderId") && !f.parent.empty())
    out += "<t:ParentFolderId Id=\"" + f.parent + "\" ChangeKey=\"AQAAAA==\"/>";
  if (asked("folder:FolderClass") && !f.item_class.empty())
    out += "<t:FolderClass>" + f.item_class + "</t:FolderClass>";
  if (asked("folder:DisplayName")) out += "<t:DisplayName>" + xml_text(f.name) + "</t:DisplayName>";
  if (asked("folder:TotalCount"))
    out += "<t:TotalCount>" + std::to_string(mailbox_.items(f.id).size()) + "</t:TotalCount>";
  if (asked("folder:ChildFolderCount")) {
    const auto all = mailbox_.folders();
    out += "<t:ChildFolderCount>" +
           std::to_string(std::count_if(all.begin(), all.end(), [&](const auto* c) { return c->parent == f.id; })) +
           "</t:ChildFolderCount>";
  }
  if (asked("folder:DistinguishedFolderId") && !f.distinguished.empty())
    out += "<t:DistinguishedFolderId>" + f.distinguished + "</t:DistinguishedFolderId>";
  if (asked("folder:UnreadCount") && (name == "Folder" || name == "TasksFolder")) {
    const auto items = mailbox_.items(f.id);
    out += "<t:UnreadCount>" +
           std::to_string(std::count_if(items.begin(), items.end(), [](const auto* i) { return !i->read; })) +
           "</t:UnreadCount>";
  }
  return out + "</t:" + name + ">";
}

void Operations::get_folder(const pugi::xml_node& node) {
  for (const pugi::xml_node& id : elements(element(node, "FolderIds")))
    message("GetFolder",
            [&] { return "<m:Folders>" + folder_xml(folder_at(id), element(node, "FolderShape")) + "</m:Folders>"; });
}

void Operations::find_folder(const pugi::xml_node& node) {
  const std::string traversal = attribute_of(node, "Traversal");
  if (traversal != "Shallow" && traversal != "Deep" && traversal != "SoftDeleted")
    throw EwsFaultError("ErrorSchemaValidation", "Traversal is missing.");
  for (const pugi::xml_node& id : elements(element(node, "ParentFolderIds")))
    message("FindFolder", [&] {
      const StoredFolder& parent = folder_at(id);
      std::string found;
      std::size_t n = 0;
      std::set<std::string> below{parent.id};
      for (const StoredFolder* f : mailbox_.folders()) {
        if (traversal == "SoftDeleted" || !below.contains(f->parent)) continue;
        if (traversal == "Deep") below.insert(f->id);
        const pugi::xml_node test = element(node, "Restriction");
        if (test && !folder_meets(*f, elements(test).front())) continue;
        found += folder_xml(*f, element(node, "FolderShape"));
        ++n;
      }
      return "<m:RootFolder IndexedPagingOffset=\"" + std::to_string(n) + "\" TotalItemsInView=\"" + std::to_string(n) +
             "\" IncludesLastItemInRange=\"true\"><t:Folders>" + found + "</t:Folders></m:RootFolder>";
    });
}

void Operations::create_folder(const pugi::xml_node& node) {
  for (const pugi::xml_node& xml : elements(element(node, "Folders")))
    message("CreateFolder", [&] {
      const StoredFolder& parent = folder_at(elements(element(node, "ParentFolderId")).front());
      const std::string name = text_in(xml, "DisplayName");
      for (const StoredFolder* f : mailbox_.folders())
        if (f->parent == parent.id && lower(f->name) == lower(name))
          throw EwsError("ErrorFolderExists", "A folder with the specified name already exists.");
      std::string kind = text_in(xml, "FolderClass");
      if (kind.empty())
        kind = plain_name(xml) == "ContactsFolder" ? "IPF.Contact"
               : plain_name(xml) == "TasksFolder"  ? "IPF.Task"
                                                   : "IPF.Note";
      const StoredFolder& made = mailbox_.add_folder(parent.id, name, kind);
      return "<m:Folders><t:" + folder_element(made) + "><t:FolderId Id=\"" + made.id +
             "\" ChangeKey=\"AQAAAA==\"/></t:" + folder_element(made) + "></m:Folders>";
    });
}

void Operations::delete_folder(const pugi::xml_node& node) {
  for (const pugi::xml_node& id : elements(element(node, "FolderIds")))
    message("DeleteFolder", [&]() -> std::string {
      if (!folder_at(id).distinguished.empty())
        throw EwsError("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.");
      throw EwsError("ErrorCannotDeleteObject", "This server keeps its folders.");
    });
}

void Operations::sync_hierarchy(const pugi::xml_node& node) {
  message("SyncFolderHierarchy", [&] {
    const pugi::xml_node root = element(node, "SyncFolderId");
    const std::string root_id =
        root ? folder_at(elements(root).front()).id : mailbox_.distinguished("msgfolderroot")->id;
    const std::string given = text_in(node, "SyncState");
    const SyncState since = given.empty() ? SyncState{root_id, state_.oldest_state, 0, 0}
                                          : SyncState::read(given, root_id, state_.oldest_state);
    std::string changes;
    std::set<std::string> below{root_id};
    for (const StoredFolder* f : mailbox_.folders()) {
      if (!below.contains(f->parent)) continue;
      below.insert(f->id);
      if (f->changed <= since.top) continue;
      const std::string verb = f->created > since.top ? "Create" : "Update";
      changes += "<t:" + verb + ">" + folder_xml(*f, element(node, "FolderShape")) + "</t:" + verb + ">";
    }
    return "<m:SyncState>" + SyncState{root_id, state_.oldest_state, mailbox_.changes(), 0}.text() +
           "</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>" + changes +
           "</m:Changes>";
  });
}

void Operations::sync_items(const pugi::xml_node& node) {
  ItemShape shape = read_shape(element(node, "ItemShape"));
  for (const char* never : {"Body", "Attachments", "MimeContent"}) shape.elements.erase(never);  // not told here
  const auto most = static_cast<std::size_t>(number(text_in(node, "MaxChangesReturned"), 1, 512, "MaxChangesReturned"));
  message("SyncFolderItems", [&] {
    const auto named = elements(element(node, "SyncFolderId"));
    if (named.empty()) throw EwsFaultError("ErrorSchemaValidation", "SyncFolderId is missing.");
    const StoredFolder* folder = nullptr;
    try {
      folder = &folder_at(named.front());
    } catch (const EwsError& e) {
      if (e.code == "ErrorFolderNotFound") throw EwsError("ErrorSyncFolderNotFound", "The folder could not be found.");
      throw;
    }
    const std::string given = text_in(node, "SyncState");
    const std::uint64_t now = mailbox_.changes();
    SyncState at = given.empty() ? SyncState{folder->id, state_.oldest_state, now, now + 1}
                                 : SyncState::read(given, folder->id, state_.oldest_state);
    std::string changes;
    std::size_t n = 0;
    bool last = true;
    if (at.low != 0) {  // what was there when it began: the newest first
      std::vector<const StoredItem*> items = mailbox_.items(folder->id);
      std::sort(items.begin(), items.end(), [](const auto* l, const auto* r) { return l->changed > r->changed; });
      at.low = std::min(at.low, at.top + 1);
      for (const StoredItem* i : items) {
        if (i->changed >= at.low) continue;
        if (n == most) {
          last = false;
          break;
        }
        changes += "<t:Create>" + item_xml(mailbox_, *i, shape) + "</t:Create>";
        at.low = i->changed;
        ++n;
      }
      if (last) at.low = 0;
      if (last && mailbox_.changes() > at.top) last = false;  // what changed meanwhile comes with the next page
    } else {
      std::vector<std::pair<std::uint64_t, std::string>> entries;
      for (const StoredItem* i : mailbox_.items(folder->id)) {
        if (i->changed > at.top) {
          const std::string verb = i->created > at.top ? "Create" : "Update";
          entries.emplace_back(i->changed, "<t:" + verb + ">" + item_xml(mailbox_, *i, shape) + "</t:" + verb + ">");
        } else if (i->read_changed > at.top) {
          entries.emplace_back(i->read_changed, "<t:ReadFlagChange>" + item_id_xml(mailbox_, *i) + "<t:IsRead>" +
                                                    (i->read ? "true" : "false") + "</t:IsRead></t:ReadFlagChange>");
        }
      }
      for (const Tombstone& t : mailbox_.tombstones(folder->id, at.top))
        if (t.created <= at.top) entries.emplace_back(t.gone, "<t:Delete><t:ItemId Id=\"" + t.id + "\"/></t:Delete>");
      std::sort(entries.begin(), entries.end());
      for (const auto& [when, xml] : entries) {
        if (n == most) {
          last = false;
          break;
        }
        changes += xml;
        at.top = when;
        ++n;
      }
      if (last) at.top = now;
    }
    return "<m:SyncState>" + at.text() + "</m:SyncState><m:IncludesLastItemInRange>" + (last ? "true" : "false") +
           "</m:IncludesLastItemInRange><m:Changes>" + changes + "</m:Changes>";
  });
}

void Operations::find_item(const pugi::xml_node& node) {
  constexpr std::int64_t kMostFound = 1000, kMostRestricted = 250;
  constexpr std::size_t kLongestText = 255;
  ItemShape shape = read_shape(element(node, "ItemShape"));
  shape.longest = kLongestText;
  if (attribute_of(node, "Traversal").empty()) throw EwsFaultError("ErrorSchemaValidation", "Traversal is missing.");
  const pugi::xml_node view = element(node, "IndexedPageItemView"), test = element(node, "Restriction");
  std::int64_t most = test ? kMostRestricted : kMostFound, offset = 0;
  bool from_end = false;
  if (view) {
    most = std::min(most, number(attribute_of(view, "MaxEntriesReturned"), 1, 0x7fffffff, "MaxEntriesReturned"));
    offset = number(attribute_of(view, "Offset"), 0, 0x7fffffff, "Offset");
    from_end = attribute_of(view, "BasePoint") == "End";
  }
  for (const pugi::xml_node& id : elements(element(node, "ParentFolderIds")))
    message("FindItem", [&] {
      std::vector<const StoredItem*> found;
      if (attribute_of(node, "Traversal") == "Shallow")
        for (const StoredItem* i : mailbox_.items(folder_at(id).id))
          if (!test || meets(*i, elements(test).front())) found.push_back(i);
      for (const pugi::xml_node& order : elements(element(node, "SortOrder"))) {
        const bool down = attribute_of(order, "Order") == "Descending";
        const pugi::xml_node path = elements(order).front();
        std::stable_sort(found.begin(), found.end(), [&](const auto* l, const auto* r) {
          const auto a = value_at(*l, path), b = value_at(*r, path);
          return down ? b < a : a < b;
        });
      }
      if (from_end) std::reverse(found.begin(), found.end());
      std::string items;
      std::int64_t n = 0;
      for (auto at = static_cast<std::size_t>(offset); at < found.size() && n < most; ++at, ++n)
        items += item_xml(mailbox_, *found[at], shape);
      const bool last = offset + n >= static_cast<std::int64_t>(found.size());
      return "<m:RootFolder IndexedPagingOffset=\"" + std::to_string(offset + n) + "\" TotalItemsInView=\"" +
             std::to_string(found.size()) + "\" IncludesLastItemInRange=\"" + (last ? "true" : "false") +
             "\"><t:Items>" + items + "</t:Items></m:RootFolder>";
    });
}

}  // namespace syncline::sandbox::exchange
