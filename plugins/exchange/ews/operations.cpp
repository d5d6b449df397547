#include "operations.hpp"

namespace syncline::exchange {
namespace {

std::string item_id_xml(std::string_view id, std::string_view change_key = {}) {
  std::string out = "<t:ItemId Id=\"" + escape(id) + "\"";
  if (!change_key.empty()) out += " ChangeKey=\"" + escape(change_key) + "\"";
  return out + "/>";
}

FolderFacts facts_of(const pugi::xml_node& folder) {
  return {attribute(child(folder, "FolderId"), "Id"), child_text(folder, "FolderClass")};
}

pugi::xml_node first_element(const pugi::xml_node& list) {
  for (const pugi::xml_node& node : list.children())
    if (node.type() == pugi::node_element) return node;
  return {};
}

Error shapeless(const std::string& what) {
  return {SY_RETRY, "exchange: " + what + ": the answer lacks what was asked for"};
}

const ResponseMessage& only(const Session& session, const std::string& what, const Answer& answer) {
  const ResponseMessage& message = answer.messages().front();
  if (message.error) throw session.refused(what, message);
  return message;
}

constexpr std::string_view kFolderShape =
    "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI "
    "FieldURI=\"folder:FolderClass\"/>"
    "</t:AdditionalProperties></m:FolderShape>";

}  // namespace

std::string FolderId::xml(std::string_view owner) const {
  if (!distinguished) return "<t:FolderId Id=\"" + escape(id) + "\"/>";
  const std::string start = "<t:DistinguishedFolderId Id=\"" + escape(id) + "\"";
  if (owner.empty()) return start + "/>";
  return start + "><t:Mailbox><t:EmailAddress>" + escape(owner) +
         "</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>";
}

pugi::xml_node item_of(const ResponseMessage& message) { return first_element(child(message.node, "Items")); }

ItemId item_id(const pugi::xml_node& item) {
  const pugi::xml_node id = child(item, "ItemId");
  return {attribute(id, "Id"), attribute(id, "ChangeKey")};
}

std::vector<std::optional<FolderFacts>> get_folders(Session& session, const Call& call,
                                                    std::span<const FolderId> folders) {
  Query query{"GetFolder", "<m:GetFolder>" + std::string(kFolderShape) + "<m:FolderIds>"};
  for (const FolderId& f : folders) query.body += f.xml(session.account().owner());
  query.body += "</m:FolderIds></m:GetFolder>";
  const Answer answer = session.send(call, query);
  if (answer.messages().size() != folders.size()) throw shapeless(query.name);
  std::vector<std::optional<FolderFacts>> out;
  for (const ResponseMessage& m : answer.messages()) {
    if (m.error && m.code != "ErrorFolderNotFound" && m.code != "ErrorItemNotFound")
      throw session.refused(query.name, m);
    out.push_back(m.error ? std::nullopt : std::optional(facts_of(first_element(child(m.node, "Folders")))));
  }
  return out;
}

std::optional<FolderFacts> find_folder(Session& session, const Call& call, const FolderId& parent,
                                       std::string_view name) {
  const Query query{"FindFolder", "<m:FindFolder Traversal=\"Shallow\">" + std::string(kFolderShape) +
                                      "<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI=\"folder:DisplayName\"/>"
                                      "<t:FieldURIOrConstant><t:Constant Value=\"" +
                                      escape(name) +
                                      "\"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction><m:ParentFolderIds>" +
                                      parent.xml(session.account().owner()) + "</m:ParentFolderIds></m:FindFolder>"};
  const Answer answer = session.send(call, query);
  const ResponseMessage& message = only(session, query.name, answer);
  const pugi::xml_node found = first_element(child(child(message.node, "RootFolder"), "Folders"));
  return found ? std::optional(facts_of(found)) : std::nullopt;
}

SyncPage sync_items(Session& session, const Call& call, const FolderId& folder, std::string_view state,
                    std::string_view shape, std::size_t most) {
  Query query{"SyncFolderItems",
              "<m:SyncFolderItems>" + std::string(shape) + "<m:SyncFolderId>" + folder.xml() + "</m:SyncFolderId>"};
  if (!state.empty()) query.body += "<m:SyncState>" + escape(state) + "</m:SyncState>";
  query.body += "<m:MaxChangesReturned>" + std::to_string(most) +
                "</m:MaxChangesReturned><m:SyncScope>NormalItems</m:SyncScope></m:SyncFolderItems>";
  query.syncs = true;
  SyncPage page{session.send(call, query), {}, false, {}};
  const ResponseMessage& message = only(session, query.name, page.answer);
  page.state = child_text(message.node, "SyncState");
  const std::string last = child_text(message.node, "IncludesLastItemInRange");
  if (page.state.empty() || (last != "true" && last != "false")) throw shapeless(query.name);
  page.last = last == "true";
  for (const pugi::xml_node& entry : child(message.node, "Changes").children()) {
    const std::string_view verb = local_name(entry);
    ItemChange change;
    if (verb == "Create" || verb == "Update") {
      change.item = first_element(entry);
      change.id = item_id(change.item);
    } else if (verb == "Delete") {
      change.gone = true;
      change.id = item_id(entry);
    } else {
      continue;
    }
    if (change.id.id.empty()) throw shapeless(query.name);
    page.changes.push_back(std::move(change));
  }
  return page;
}

std::vector<ItemId> find_items(Session& session, const Call& call, std::span<const FolderId> folders,
                               std::string_view shape, std::string_view restriction) {
  constexpr std::string_view kMost = "20";  // of one token there is one, and a few copies that people made
  std::vector<ItemId> out;
  for (const FolderId& folder : folders) {  // one at a time: a missing folder's error is then its own
    const Query query{"FindItem", "<m:FindItem Traversal=\"Shallow\">" + std::string(shape) +
                                      "<m:IndexedPageItemView MaxEntriesReturned=\"" + std::string(kMost) +
                                      "\" Offset=\"0\" BasePoint=\"Beginning\"/>" + std::string(restriction) +
                                      "<m:SortOrder><t:FieldOrder Order=\"Ascending\"><t:FieldURI "
                                      "FieldURI=\"item:DateTimeCreated\"/></t:FieldOrder></m:SortOrder>"
                                      "<m:ParentFolderIds>" +
                                      folder.xml() + "</m:ParentFolderIds></m:FindItem>"};
    const Answer answer = session.send(call, query);
    const ResponseMessage& message = only(session, query.name, answer);
    for (const pugi::xml_node& item : child(child(message.node, "RootFolder"), "Items").children())
      if (item.type() == pugi::node_element) out.push_back(item_id(item));
  }
  return out;
}

Query get_items(std::span<const std::string> ids, std::string_view shape) {
  Query query{"GetItem", "<m:GetItem>" + std::string(shape) + "<m:ItemIds>"};
  for (const std::string& id : ids) query.body += item_id_xml(id);
  query.body += "</m:ItemIds></m:GetItem>";
  return query;
}

Query create_items(const FolderId& folder, std::string_view owner, std::string_view items) {
  Query query{"CreateItem", "<m:CreateItem MessageDisposition=\"SaveOnly\"><m:SavedItemFolderId>" + folder.xml(owner) +
                                "</m:SavedItemFolderId><m:Items>" + std::string(items) + "</m:Items></m:CreateItem>"};
  query.reads = false;
  return query;
}

Query update_items(std::span<const ItemUpdate> updates) {
  Query query{"UpdateItem",
              "<m:UpdateItem ConflictResolution=\"NeverOverwrite\" MessageDisposition=\"SaveOnly\"><m:ItemChanges>"};
  for (const ItemUpdate& u : updates)
    query.body += "<t:ItemChange>" + item_id_xml(u.item.id, u.item.change_key) + "<t:Updates>" + u.changes +
                  "</t:Updates></t:ItemChange>";
  query.body += "</m:ItemChanges></m:UpdateItem>";
  query.reads = false;
  return query;
}

Query delete_items(std::span<const ItemId> items, bool tasks) {
  Query query{"DeleteItem", "<m:DeleteItem DeleteType=\"MoveToDeletedItems\"" +
                                std::string(tasks ? " AffectedTaskOccurrences=\"AllOccurrences\"" : "") +
                                "><m:ItemIds>"};
  for (const ItemId& item : items) query.body += item_id_xml(item.id, item.change_key);
  query.body += "</m:ItemIds></m:DeleteItem>";
  query.reads = false;
  return query;
}

std::string resolve_name(Session& session, const Call& call, std::string_view name) {
  const Query query{
      "ResolveNames",
      "<m:ResolveNames ReturnFullContactData=\"false\" SearchScope=\"ActiveDirectory\"><m:UnresolvedEntry>" +
          escape(name) + "</m:UnresolvedEntry></m:ResolveNames>"};
  const Answer answer = session.send(call, query);
  const ResponseMessage& message = answer.messages().front();
  if (message.error && message.code != "ErrorNameResolutionNoResults" && message.code != "ErrorNameResolutionNoMailbox")
    throw session.refused(query.name, message);
  const std::vector<pugi::xml_node> found = children(child(message.node, "ResolutionSet"), "Resolution");
  if (message.error || found.size() != 1) return {};
  const pugi::xml_node mailbox = child(found.front(), "Mailbox");
  const std::string type = child_text(mailbox, "RoutingType");
  return type.empty() || type == "SMTP" ? child_text(mailbox, "EmailAddress") : std::string();
}

}  // namespace syncline::exchange
