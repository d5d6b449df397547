#include "test_mailbox.hpp"

#include <sstream>

#include "syncline/formats/base64.hpp"

namespace syncline::exchange::test {
namespace {

/// What is in the body of a request: `<m:GetItem>`.
struct Request {
  explicit Request(const net::test::Received& r)
      : document(r.body), node(child(document.root(), "Body").first_child()) {}
  XmlDocument document;
  pugi::xml_node node;
};

std::string serialized(const pugi::xml_node& node) {
  std::ostringstream out;
  node.print(out, "", pugi::format_raw);
  return out.str();
}

std::string text_of_member(const json::object& doc, const char* name) {
  const json::value* v = doc.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::string mime_of(const json::object& doc) {
  std::string out = "Message-ID: <" + text_of_member(doc, "message_id") +
                    ">\r\nSubject: " + text_of_member(doc, "subject") +
                    "\r\nDate: Thu, 01 Jan 2026 08:00:00 +0000\r\nFrom: Sender <sender@fabrikam.test>\r\nTo: "
                    "ann@contoso.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  const json::value* body = doc.if_contains("body");
  return out + (body == nullptr ? std::string("text") : text_of_member(body->as_object(), "text")) + "\r\n";
}

std::string mail_xml(const json::object& doc) {
  return "<t:Message><t:Subject>" + escape(text_of_member(doc, "subject")) +
         "</t:Subject><t:Size>500</t:Size><t:InternetMessageId>&lt;" + escape(text_of_member(doc, "message_id")) +
         "&gt;</t:InternetMessageId><t:DateTimeSent>2026-01-01T08:00:00Z</"
         "t:DateTimeSent><t:From><t:Mailbox><t:Name>Sender"
         "</t:Name><t:EmailAddress>sender@fabrikam.test</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType></t:Mailbox>"
         "</t:From></t:Message>";
}

std::string folder_of(const std::string& kind) {
  return kind == "contact" ? "folder-contacts" : kind == "task" ? "folder-tasks" : "folder-inbox";
}

/// The element of an item that a path names, or the entry of a list; null: none. `part`: of an address.
pugi::xml_node place(const pugi::xml_node& item, const pugi::xml_node& path) {
  if (local_name(path) == "ExtendedFieldURI") {
    for (const pugi::xml_node& p : children(item, "ExtendedProperty"))
      if (serialized(child(p, "ExtendedFieldURI")) == serialized(path)) return p;
    return {};
  }
  const std::string uri = attribute(path, "FieldURI");
  const std::string name = uri.substr(uri.find(':') + 1);
  if (local_name(path) == "FieldURI") return child(item, name);
  const std::string list = name.starts_with("PhysicalAddress") ? "PhysicalAddresses"
                           : name == "ImAddress"               ? "ImAddresses"
                           : name == "EmailAddress"            ? "EmailAddresses"
                                                               : "PhoneNumbers";
  for (const pugi::xml_node& entry : children(child(item, list), "Entry"))
    if (attribute(entry, "Key") == attribute(path, "FieldIndex"))
      return list == "PhysicalAddresses" ? child(entry, name.substr(name.rfind(':') + 1)) : entry;
  return {};
}

pugi::xml_node element_of(const pugi::xml_node& parent, const pugi::xml_node& like) {
  for (const pugi::xml_node& node : children(parent, local_name(like)))
    if (attribute(node, "Key") == attribute(like, "Key")) return node;
  pugi::xml_node made = pugi::xml_node(parent).append_child(like.name());
  if (const std::string key = attribute(like, "Key"); !key.empty()) made.append_attribute("Key") = key.c_str();
  return made;
}

}  // namespace

TestMailbox::TestMailbox(Ews& ews) {
  const auto serve = [&](const char* op, Reply (TestMailbox::*f)(const net::test::Received&)) {
    ews.on(op, [this, f](const net::test::Received& r) {
      const std::lock_guard lock(mutex_);
      return (this->*f)(r);
    });
  };
  serve("GetItem", &TestMailbox::get);
  serve("SyncFolderItems", &TestMailbox::sync);
  serve("FindItem", &TestMailbox::find);
  serve("CreateItem", &TestMailbox::create);
  serve("UpdateItem", &TestMailbox::update);
  serve("DeleteItem", &TestMailbox::erase);
}

TestMailbox::Stored* TestMailbox::known(const std::string& id) {
  const auto found = items_.find(id);
  return found == items_.end() || found->second.gone ? nullptr : &found->second;
}

std::string TestMailbox::id_of(const std::string& id, const Stored& s) const {
  return item_id_xml(id, "key" + std::to_string(s.key));
}

std::string TestMailbox::xml(const std::string& id, const Stored& s, bool mime) const {
  const pugi::xml_node item = s.item.document_element();
  std::string out = "<t:" + s.element + ">";
  if (mime) out += "<t:MimeContent>" + formats::base64_encode(s.mime) + "</t:MimeContent>";
  out += id_of(id, s) + "<t:ParentFolderId Id=\"" + s.folder + "\"/><t:ItemClass>" +
         (s.element == "Message" ? std::string("IPM.Note") : "IPM." + s.element) + "</t:ItemClass>";
  for (const pugi::xml_node& part : item.children()) out += serialized(part);
  return out + "</t:" + s.element + ">";
}

void TestMailbox::touched(Stored& stored) {
  stored.changed = ++changes_;
  ++stored.key;
}

std::string TestMailbox::put(const std::string& folder, const pugi::xml_node& item) {
  const std::string id = "AAA" + std::to_string(items_.size() + 1);
  Stored& s = items_[id];
  s.folder = folder;
  s.element = std::string(local_name(item));
  s.item.append_copy(item);
  touched(s);
  s.created = s.changed;
  return id;
}

std::string TestMailbox::add(const std::string& kind, const json::object& document) {
  const std::lock_guard lock(mutex_);
  const std::string made = kind == "email" ? mail_xml(document) : exchange::create(kind, document, {}).xml;
  const std::string id = put(folder_of(kind), XmlDocument(made).root());
  if (kind == "email") items_[id].mime = mime_of(document);
  return id;
}

void TestMailbox::edit(const std::string& kind, const std::string& id, const json::object& patch) {
  const std::lock_guard lock(mutex_);
  Stored& s = items_.at(id);
  if (kind == "email") {
    child(s.item.document_element(), "Subject").text() = text_of_member(patch, "subject").c_str();
  } else {
    const XmlDocument now(xml(id, s, false));
    std::vector<std::string> fields;
    for (const auto& [name, value] : patch) fields.emplace_back(name);
    for (const Change& c : exchange::update(kind, patch, fields, exchange::read(now.root(), kind, {}), {}).changes)
      change(s, XmlDocument(c.xml).root());
  }
  touched(s);
}

void TestMailbox::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Stored& s = items_.at(id);
  s.gone = true;
  touched(s);
}

void TestMailbox::forget_states() {
  const std::lock_guard lock(mutex_);
  oldest_state_ = ++changes_;
}

Reply TestMailbox::get(const net::test::Received& r) {
  const Request request(r);
  const bool mime = r.body.find("<t:IncludeMimeContent>true") != std::string::npos;
  std::string all;
  for (const pugi::xml_node& wanted : children(child(request.node, "ItemIds"), "ItemId")) {
    const std::string id = attribute(wanted, "Id");
    const Stored* s = known(id);
    all += s == nullptr ? bad("GetItem", "ErrorItemNotFound") : good("GetItem", items(xml(id, *s, mime)));
  }
  return answer("GetItem", all);
}

Reply TestMailbox::sync(const net::test::Received& r) {
  const Request request(r);
  const std::string folder = attribute(child(request.node, "SyncFolderId").first_child(), "Id");
  const std::string state = child_text(request.node, "SyncState");
  const std::size_t since = state.empty() ? 0 : std::stoul(state);
  const std::size_t most = std::stoul(child_text(request.node, "MaxChangesReturned"));
  if (!state.empty() && since < oldest_state_)
    return answer("SyncFolderItems", bad("SyncFolderItems", "ErrorInvalidSyncStateData"));
  std::map<std::size_t, std::string> changed;  // by when
  for (const auto& [id, s] : items_)
    if (s.folder == folder && s.changed > since && (!s.gone || s.created <= since)) changed[s.changed] = id;
  std::string all;
  std::size_t next = changes_, n = 0;
  for (const auto& [when, id] : changed) {
    if (n++ == most) break;
    const Stored& s = items_.at(id);
    next = when;
    if (s.gone)
      all += "<t:Delete>" + id_of(id, s) + "</t:Delete>";
    else
      all += "<t:Update>" + xml(id, s, false) + "</t:Update>";
  }
  const bool last = changed.size() <= most;
  return answer("SyncFolderItems",
                good("SyncFolderItems", "<m:SyncState>" + std::to_string(last ? changes_ : next) +
                                            "</m:SyncState><m:IncludesLastItemInRange>" + (last ? "true" : "false") +
                                            "</m:IncludesLastItemInRange><m:Changes>" + all + "</m:Changes>"));
}

Reply TestMailbox::find(const net::test::Received& r) {
  const Request request(r);
  const pugi::xml_node equal = child(child(request.node, "Restriction"), "IsEqualTo");
  const std::string value = attribute(child(child(equal, "FieldURIOrConstant"), "Constant"), "Value");
  const std::string folder = attribute(child(request.node, "ParentFolderIds").first_child(), "Id");
  std::string all;
  for (const auto& [id, s] : items_)
    if (!s.gone && s.folder == folder && !value.empty() &&
        child_text(place(s.item.document_element(), child(equal, "ExtendedFieldURI")), "Value") == value)
      all += xml(id, s, false);
  return answer("FindItem", good("FindItem", "<m:RootFolder><t:Items>" + all + "</t:Items></m:RootFolder>"));
}

Reply TestMailbox::create(const net::test::Received& r) {
  const Request request(r);
  const std::string folder = attribute(child(request.node, "SavedItemFolderId").first_child(), "Id");
  std::string all;
  for (const pugi::xml_node& item : child(request.node, "Items").children()) {
    const std::string id = put(folder, item);
    const Stored& s = items_.at(id);
    all += good("CreateItem", items("<t:" + s.element + ">" + id_of(id, s) + "</t:" + s.element + ">"));
  }
  return answer("CreateItem", all);
}

void TestMailbox::change(Stored& stored, const pugi::xml_node& field) {
  pugi::xml_node item = stored.item.document_element();
  const pugi::xml_node path = field.first_child();
  if (local_name(field) == "DeleteItemField") {
    if (const pugi::xml_node found = place(item, path)) found.parent().remove_child(found);
    return;
  }
  const pugi::xml_node value = path.next_sibling().first_child();
  if (local_name(path) == "IndexedFieldURI") {
    const pugi::xml_node entry = value.first_child();
    pugi::xml_node kept = element_of(element_of(item, value), entry);
    if (entry.first_child().type() != pugi::node_element) {
      kept.text() = text_of(entry).c_str();
      return;
    }
    for (const pugi::xml_node& part : entry.children()) element_of(kept, part).text() = text_of(part).c_str();
    return;
  }
  if (const pugi::xml_node found = place(item, path)) item.remove_child(found);
  item.append_copy(value);
}

Reply TestMailbox::update(const net::test::Received& r) {
  const Request request(r);
  std::string all;
  for (const pugi::xml_node& changes : child(request.node, "ItemChanges").children()) {
    const std::string id = attribute(child(changes, "ItemId"), "Id");
    Stored* s = known(id);  // the version is not looked at: there are such servers (H-35)
    if (s == nullptr) {
      all += bad("UpdateItem", "ErrorItemNotFound");
      continue;
    }
    for (const pugi::xml_node& field : child(changes, "Updates").children()) change(*s, field);
    touched(*s);
    all += good("UpdateItem", items("<t:" + s->element + ">" + id_of(id, *s) + "</t:" + s->element + ">"));
  }
  return answer("UpdateItem", all);
}

Reply TestMailbox::erase(const net::test::Received& r) {
  const Request request(r);
  std::string all;
  for (const pugi::xml_node& id : child(request.node, "ItemIds").children()) {
    Stored* s = known(attribute(id, "Id"));
    if (s == nullptr) {
      all += bad("DeleteItem", "ErrorItemNotFound");
      continue;
    }
    s->gone = true;
    touched(*s);
    all += good("DeleteItem", "");
  }
  return answer("DeleteItem", all);
}

}  // namespace syncline::exchange::test
