// An item between its element in XML and the bag of properties in the store.
#pragma once
#include <pugixml.hpp>
#include <set>

#include "ews_fields.hpp"
#include "mailbox.hpp"

namespace syncline::sandbox::exchange {

// What an answer shall hold of each item.
struct ItemShape {
  enum class Base { ID_ONLY, DEFAULT, ALL } base = Base::ID_ONLY;
  bool mime = false;
  std::string body_type = "Best";  // Text, HTML, Best
  std::set<std::string, std::less<>> elements;
  std::set<std::pair<std::string, std::string>> indexed;     // uri and index
  std::vector<std::pair<PropertyId, std::string>> extended;  // with the type
  std::vector<std::string> extended_xml;                     // as asked for, in the same order
  std::size_t longest = 0;                                   // FindItem cuts texts; 0: whole
};

// Throws EwsFaultError or EwsError for what no server takes.
ItemShape read_shape(const pugi::xml_node& shape);
PropertyId read_extended(const pugi::xml_node& path, std::string& type);

std::string item_id_xml(const Mailbox& mailbox, const StoredItem& item);
std::string item_xml(const Mailbox& mailbox, const StoredItem& item, const ItemShape& shape);
// The item's MIME: as delivered, or made.
std::string mime_of(const Mailbox& mailbox, const StoredItem& item);

// A new item from its element, with what a server derives. Throws EwsFaultError, EwsError.
StoredItem read_item(Mailbox& mailbox, const pugi::xml_node& item);
// Carries out SetItemField, AppendToItemField, DeleteItemField; the properties that were written.
std::vector<PropertyId> change_item(StoredItem& item, const pugi::xml_node& updates);

std::string attachment_xml(const Attachment& attachment, bool content);
Attachment read_attachment(Mailbox& mailbox, const pugi::xml_node& attachment);

// The value that a path of a restriction or sort order means, as text; nullopt: the item has none.
std::optional<std::string> value_at(const StoredItem& item, const pugi::xml_node& path);

// Puts what the headers of a delivered message say into its properties.
void read_mime(StoredItem& item);

}  // namespace syncline::sandbox::exchange
