#include "ews_operations.hpp"

#include <algorithm>
#include <array>

#include "../encode.hpp"

namespace syncline::sandbox::exchange {
namespace {

std::string response(const std::string& operation, const std::string& code, const std::string& text,
                     const std::string& content) {
  const bool good = code.empty();
  std::string out = "<m:" + operation + "ResponseMessage ResponseClass=\"" + (good ? "Success" : "Error") + "\">";
  if (!good) out += "<m:MessageText>" + xml_text(text) + "</m:MessageText>";
  out += "<m:ResponseCode>" + (good ? std::string("NoError") : code) + "</m:ResponseCode>";
  if (!good) out += "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>";
  return out + content + "</m:" + operation + "ResponseMessage>";
}

void demand_word(const std::string& value, std::initializer_list<std::string_view> words, const std::string& code,
                 const std::string& what) {
  if (value.empty()) throw EwsFaultError(code, what + " is required.");
  if (std::find(words.begin(), words.end(), value) == words.end())
    throw EwsFaultError("ErrorSchemaValidation", "'" + value + "' is no value of " + what + ".");
}

}  // namespace

void Operations::message(const std::string& operation, const Message& content) {
  std::string code, text, xml;
  try {
    if (state_.failing_item && *state_.failing_item == out_.messages)
      throw EwsError(state_.failing_code, "As the script says.");
    xml = content();
  } catch (const EwsFaultError&) {
    throw;
  } catch (const EwsError& e) {
    code = e.code;
    text = e.what();
  }
  // A response that holds nothing still has its list.
  if (!code.empty() &&
      (operation == "GetItem" || operation == "CreateItem" || operation == "UpdateItem" || operation == "MoveItem"))
    xml = "<m:Items/>";
  if (!code.empty() && (operation == "GetFolder" || operation == "CreateFolder")) xml = "<m:Folders/>";
  out_.xml += response(operation, code, text, xml);
  ++out_.messages;
  if (out_.code.empty()) out_.code = code;
}

bool Operations::knows(std::string_view operation) {
  constexpr std::array<std::string_view, 24> kKnown{"ConvertId",          "GetFolder",        "FindFolder",
                                                    "CreateFolder",       "DeleteFolder",     "SyncFolderHierarchy",
                                                    "SyncFolderItems",    "FindItem",         "GetItem",
                                                    "CreateItem",         "UpdateItem",       "DeleteItem",
                                                    "MoveItem",           "CreateAttachment", "GetAttachment",
                                                    "DeleteAttachment",   "ResolveNames",     "Subscribe",
                                                    "Unsubscribe",        "GetEvents",        "GetStreamingEvents",
                                                    "GetServerTimeZones", "EmptyFolder",      "GetUserConfiguration"};
  return std::find(kKnown.begin(), kKnown.end(), operation) != kKnown.end();
}

OperationResult Operations::run(const pugi::xml_node& node) {
  struct Known {
    std::string_view name;
    void (Operations::*f)(const pugi::xml_node&);
    std::vector<std::string_view> order;
  };
  static const std::vector<Known> kAll{
      {"ConvertId", &Operations::convert_id, {"SourceIds"}},
      {"GetFolder", &Operations::get_folder, {"FolderShape", "FolderIds"}},
      {"FindFolder",
       &Operations::find_folder,
       {"FolderShape", "IndexedPageFolderView", "FractionalPageFolderView", "Restriction", "ParentFolderIds"}},
      {"CreateFolder", &Operations::create_folder, {"ParentFolderId", "Folders"}},
      {"DeleteFolder", &Operations::delete_folder, {"FolderIds"}},
      {"SyncFolderHierarchy", &Operations::sync_hierarchy, {"FolderShape", "SyncFolderId", "SyncState"}},
      {"SyncFolderItems",
       &Operations::sync_items,
       {"ItemShape", "SyncFolderId", "SyncState", "Ignore", "MaxChangesReturned", "SyncScope"}},
      {"FindItem",
       &Operations::find_item,
       {"ItemShape", "IndexedPageItemView", "FractionalPageItemView", "SeekToConditionPageItemView", "CalendarView",
        "ContactsView", "GroupBy", "DistinguishedGroupBy", "Restriction", "SortOrder", "ParentFolderIds",
        "QueryString"}},
      {"GetItem", &Operations::get_item, {"ItemShape", "ItemIds"}},
      {"CreateItem", &Operations::create_item, {"SavedItemFolderId", "Items"}},
      {"UpdateItem", &Operations::update_item, {"SavedItemFolderId", "ItemChanges"}},
      {"DeleteItem", &Operations::delete_item, {"ItemIds"}},
      {"MoveItem", &Operations::move_item, {"ToFolderId", "ItemIds", "ReturnNewItemIds"}},
      {"CreateAttachment", &Operations::create_attachment, {"ParentItemId", "Attachments"}},
      {"GetAttachment", &Operations::get_attachment, {"AttachmentShape", "AttachmentIds"}},
      {"DeleteAttachment", &Operations::delete_attachment, {"AttachmentIds"}},
      {"ResolveNames", &Operations::resolve_names, {"ParentFolderIds", "UnresolvedEntry"}},
      {"Subscribe",
       &Operations::subscribe,
       {"PullSubscriptionRequest", "PushSubscriptionRequest", "StreamingSubscriptionRequest"}},
      {"Unsubscribe", &Operations::unsubscribe, {"SubscriptionId"}},
      {"GetEvents", &Operations::get_events, {"SubscriptionId", "Watermark"}}};
  const std::string_view name = plain_name(node);
  for (const Known& k : kAll) {
    if (k.name != name) continue;
    demand_order(node, k.order);
    (this->*k.f)(node);
    return out_;
  }
  throw EwsFaultError("ErrorInvalidRequest", "The request is invalid: " + std::string(name));
}

const StoredFolder& Operations::folder_at(const pugi::xml_node& id) {
  const std::string text = attribute_of(id, "Id");
  const StoredFolder* f = nullptr;
  if (plain_name(id) == "DistinguishedFolderId") {
    const std::string owner = text_in(element(id, "Mailbox"), "EmailAddress");
    if (!owner.empty() && lower(owner) != mailbox_.address())
      throw EwsError("ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    f = mailbox_.distinguished(text);
    if (f == nullptr) throw EwsError("ErrorFolderNotFound", "The specified folder could not be found in the store.");
  } else {
    if (!from_base64(text)) throw EwsError("ErrorInvalidIdMalformed", "Id is malformed.");
    f = mailbox_.folder(text);
    if (f == nullptr) throw EwsError("ErrorFolderNotFound", "The specified folder could not be found in the store.");
  }
  return *f;
}

StoredItem& Operations::item_at(const pugi::xml_node& id) {
  if (plain_name(id) != "ItemId") throw EwsError("ErrorInvalidId", "The Id is invalid.");
  const std::string text = attribute_of(id, "Id");
  if (!from_base64(text)) throw EwsError("ErrorInvalidIdMalformed", "Id is malformed.");
  StoredItem* item = mailbox_.item(text);
  if (item == nullptr) throw EwsError("ErrorItemNotFound", "The specified object was not found in the store.");
  return *item;
}

void Operations::get_item(const pugi::xml_node& node) {
  const ItemShape shape = read_shape(element(node, "ItemShape"));
  for (const pugi::xml_node& id : elements(element(node, "ItemIds")))
    message("GetItem", [&] { return "<m:Items>" + item_xml(mailbox_, item_at(id), shape) + "</m:Items>"; });
}

void Operations::create_item(const pugi::xml_node& node) {
  const auto items = elements(element(node, "Items"));
  const bool messages =
      std::any_of(items.begin(), items.end(), [](const auto& i) { return plain_name(i) == "Message"; });
  const std::string disposition = attribute_of(node, "MessageDisposition");
  if (messages || !disposition.empty())
    demand_word(disposition, {"SaveOnly", "SendOnly", "SendAndSaveCopy"}, "ErrorMessageDispositionRequired",
                "MessageDisposition");
  for (const pugi::xml_node& xml : items)
    message("CreateItem", [&] {
      StoredItem made = read_item(mailbox_, xml);
      const pugi::xml_node target = element(element(node, "SavedItemFolderId"), "FolderId");
      const pugi::xml_node known = element(element(node, "SavedItemFolderId"), "DistinguishedFolderId");
      const std::string_view type = plain_name(xml);
      const StoredFolder* folder = target  ? &folder_at(target)
                                   : known ? &folder_at(known)
                                           : mailbox_.distinguished(type == "Contact" ? "contacts"
                                                                    : type == "Task"  ? "tasks"
                                                                                      : "drafts");
      made.folder = folder->id;
      const StoredItem& kept = mailbox_.create(std::move(made));
      const std::string element_name(element_of_class(kept.item_class));
      return "<m:Items><t:" + element_name + ">" + item_id_xml(mailbox_, kept) + "</t:" + element_name + "></m:Items>";
    });
}

void Operations::update_item(const pugi::xml_node& node) {
  const std::string resolution = attribute_of(node, "ConflictResolution");
  demand_word(resolution, {"NeverOverwrite", "AutoResolve", "AlwaysOverwrite"}, "ErrorSchemaValidation",
              "ConflictResolution");
  const std::string disposition = attribute_of(node, "MessageDisposition");
  for (const pugi::xml_node& change : elements(element(node, "ItemChanges"))) {
    if (disposition.empty()) {
      const StoredItem* item = mailbox_.item(attribute_of(element(change, "ItemId"), "Id"));
      if (item != nullptr && element_of_class(item->item_class) == "Message")
        throw EwsFaultError("ErrorMessageDispositionRequired", "MessageDisposition is required.");
    }
    update_one(change, resolution);
  }
}

void Operations::update_one(const pugi::xml_node& change, const std::string& resolution) {
  demand_order(change, {"ItemId", "OccurrenceItemId", "RecurringMasterItemId", "Updates"});
  message("UpdateItem", [&] {
    const pugi::xml_node id = element(change, "ItemId");
    StoredItem& item = item_at(id);
    const std::string key = attribute_of(id, "ChangeKey");
    StoredItem changed = item;
    const std::vector<PropertyId> written = change_item(changed, element(change, "Updates"));
    if (state_.profile.checks_versions && resolution != "AlwaysOverwrite") {
      const auto base = change_of(key);
      if (key.empty()) throw EwsError("ErrorChangeKeyRequired", "The required ChangeKey is missing.");
      if (!base) throw EwsError("ErrorInvalidChangeKey", "The change key is invalid.");
      const bool touched = std::any_of(written.begin(), written.end(), [&](const PropertyId& p) {
        const auto at = item.written.find(p);
        return at != item.written.end() && at->second > *base;
      });
      if (*base != item.changed && (resolution == "NeverOverwrite" || touched))
        throw EwsError("ErrorIrresolvableConflict",
                       "The send or update operation could not be performed because the "
                       "change key passed in the request does not match the current change key for the item.");
    }
    const bool read = changed.read;
    changed.read = item.read;
    item = std::move(changed);
    if (!written.empty()) mailbox_.saved(item, written);
    mailbox_.mark_read(item, read);
    const std::string name(element_of_class(item.item_class));
    return "<m:Items><t:" + name + ">" + item_id_xml(mailbox_, item) + "</t:" + name +
           "></m:Items><m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>";
  });
}

void Operations::delete_item(const pugi::xml_node& node) {
  const std::string type = attribute_of(node, "DeleteType");
  demand_word(type, {"HardDelete", "SoftDelete", "MoveToDeletedItems"}, "ErrorSchemaValidation", "DeleteType");
  for (const pugi::xml_node& id : elements(element(node, "ItemIds")))
    message("DeleteItem", [&] {
      StoredItem& item = item_at(id);
      if (element_of_class(item.item_class) == "Task" && attribute_of(node, "AffectedTaskOccurrences").empty())
        throw EwsError("ErrorAffectedTaskOccurrencesRequired",
                       "AffectedTaskOccurrences attribute must be specified for Task items.");
      if (type == "MoveToDeletedItems")
        mailbox_.move(item.id, mailbox_.distinguished("deleteditems")->id);
      else
        mailbox_.remove(item.id);
      return std::string();
    });
}

void Operations::move_item(const pugi::xml_node& node) {
  for (const pugi::xml_node& id : elements(element(node, "ItemIds")))
    message("MoveItem", [&] {
      const StoredFolder& target = folder_at(elements(element(node, "ToFolderId")).front());
      const std::string moved = mailbox_.move(item_at(id).id, target.id);
      if (text_in(node, "ReturnNewItemIds") == "false") return std::string("<m:Items/>");
      const StoredItem& item = *mailbox_.item(moved);
      const std::string name(element_of_class(item.item_class));
      return "<m:Items><t:" + name + ">" + item_id_xml(mailbox_, item) + "</t:" + name + "></m:Items>";
    });
}

void Operations::create_attachment(const pugi::xml_node& node) {
  for (const pugi::xml_node& xml : elements(element(node, "Attachments")))
    message("CreateAttachment", [&] {
      StoredItem* item = mailbox_.item(attribute_of(element(node, "ParentItemId"), "Id"));
      if (item == nullptr) throw EwsError("ErrorItemNotFound", "The specified object was not found in the store.");
      const Attachment made = read_attachment(mailbox_, xml);
      item->attachments.push_back(made);
      mailbox_.saved(*item, {});
      return "<m:Attachments><t:FileAttachment><t:AttachmentId Id=\"" + made.id + "\" RootItemId=\"" + item->id +
             "\" RootItemChangeKey=\"" + change_key(mailbox_, *item) + "\"/></t:FileAttachment></m:Attachments>";
    });
}

void Operations::get_attachment(const pugi::xml_node& node) {
  for (const pugi::xml_node& id : elements(element(node, "AttachmentIds")))
    message("GetAttachment", [&] {
      for (const StoredFolder* f : mailbox_.folders())
        for (const StoredItem* i : mailbox_.items(f->id))
          for (const Attachment& a : i->attachments)
            if (a.id == attribute_of(id, "Id")) return "<m:Attachments>" + attachment_xml(a, true) + "</m:Attachments>";
      throw EwsError("ErrorInvalidAttachmentId", "The attachment was not found.");
    });
}

void Operations::delete_attachment(const pugi::xml_node& node) {
  for (const pugi::xml_node& id : elements(element(node, "AttachmentIds")))
    message("DeleteAttachment", [&] {
      for (const StoredFolder* f : mailbox_.folders())
        for (const StoredItem* i : mailbox_.items(f->id)) {
          StoredItem& item = *mailbox_.item(i->id);
          if (std::erase_if(item.attachments, [&](const Attachment& a) { return a.id == attribute_of(id, "Id"); }) == 0)
            continue;
          mailbox_.saved(item, {});
          return "<m:RootItemId RootItemId=\"" + item.id + "\" RootItemChangeKey=\"" + change_key(mailbox_, item) +
                 "\"/>";
        }
      throw EwsError("ErrorInvalidAttachmentId", "The attachment was not found.");
    });
}

void Operations::convert_id(const pugi::xml_node& node) {
  const std::string format = attribute_of(node, "DestinationFormat");
  for (const pugi::xml_node& id : elements(element(node, "SourceIds")))
    message("ConvertId", [&] {
      const std::string text = attribute_of(id, "Id");
      if (!from_base64(text) || text.size() < 60) throw EwsError("ErrorInvalidIdMalformed", "Id is malformed.");
      return "<m:AlternateId xsi:type=\"t:AlternateIdType\" Format=\"" + format + "\" Id=\"" + text + "\" Mailbox=\"" +
             mailbox_.address() + "\"/>";
    });
}

void Operations::resolve_names(const pugi::xml_node& node) {
  message("ResolveNames", [&] {
    std::string wanted = lower(text_in(node, "UnresolvedEntry"));
    if (wanted.starts_with("smtp:")) wanted.erase(0, 5);
    std::string found;
    std::size_t n = 0;
    for (const auto& [address, box] : state_.mailboxes) {
      const std::string& name = state_.names[address];
      const bool legacy = wanted == lower("/o=sandbox/ou=exchange administrative group/cn=recipients/cn=" + address);
      if (!legacy && !address.starts_with(wanted) && !lower(name).starts_with(wanted)) continue;
      ++n;
      found += "<t:Resolution><t:Mailbox><t:Name>" + xml_text(name) + "</t:Name><t:EmailAddress>" + address +
               "</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></"
               "t:Mailbox></t:Resolution>";
    }
    if (n == 0) throw EwsError("ErrorNameResolutionNoResults", "No results were found.");
    return "<m:ResolutionSet TotalItemsInView=\"" + std::to_string(n) + "\" IncludesLastItemInRange=\"true\">" + found +
           "</m:ResolutionSet>";
  });
}

}  // namespace syncline::sandbox::exchange
