// A mailbox as a server stores it: folders with items, which are bags of properties; a log of what changed in which
// folder. It knows no protocol: whatever speaks one stands in front of it. Not thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "property.hpp"

namespace syncline::sandbox::exchange {

struct Recipient {
  enum class Kind { TO, CC, BCC } kind = Kind::TO;
  std::string name, address;
};

struct Attachment {
  std::string id, name, type, content_id;
  bool in_line = false;
  std::string bytes;
};

struct StoredItem {
  std::string id, folder;  // ids; an item that is moved has another one
  std::string item_class;  // "IPM.Contact"
  Properties properties;
  std::vector<Recipient> recipients;
  std::vector<Attachment> attachments;
  std::string mime;  // as delivered; empty: made from the rest
  bool read = false;
  std::uint64_t created = 0, changed = 0, read_changed = 0;  // by the mailbox's count of changes
  std::map<PropertyId, std::uint64_t> written;               // when each property was last written

  [[nodiscard]] const Property* property(const PropertyId& id_of) const;
  [[nodiscard]] std::string text(const PropertyId& id_of) const;  // the first value; empty: none
  void set(const PropertyId& id_of, std::string_view type, std::string value);
  void clear(const PropertyId& id_of);
};

struct StoredFolder {
  std::string id, parent, name, item_class;  // "IPF.Contact"
  std::string distinguished;                 // "contacts"; empty: a person's own
  std::uint64_t created = 0, changed = 0;
};

struct Tombstone {
  std::string id, folder;
  std::uint64_t created = 0, gone = 0;
};

// What happened, for whoever waits for it.
struct MailboxEvent {
  enum class Kind { CREATED, MODIFIED, DELETED, MOVED, NEW_MAIL } kind = Kind::CREATED;
  std::uint64_t at = 0;
  std::string item, folder, old_item, old_folder;
};

class Mailbox {
 public:
  explicit Mailbox(std::string address);

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const std::string& guid() const { return guid_; }
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  [[nodiscard]] const StoredFolder* folder(std::string_view id) const;
  [[nodiscard]] const StoredFolder* distinguished(std::string_view name) const;  // "contacts", without regard to case
  [[nodiscard]] std::vector<const StoredFolder*> folders() const;                // parents before their children
  StoredFolder& add_folder(const std::string& parent, const std::string& name, const std::string& item_class,
                           const std::string& distinguished = {});

  [[nodiscard]] const StoredItem* item(std::string_view id) const;
  StoredItem* item(std::string_view id);
  [[nodiscard]] std::vector<const StoredItem*> items(std::string_view folder) const;  // in the order of creation
  [[nodiscard]] std::size_t size() const { return items_.size(); }

  // The item gets its id here. `arrived`: as new mail.
  StoredItem& create(StoredItem item, bool arrived = false);
  void saved(StoredItem& item, const std::vector<PropertyId>& written);
  void mark_read(StoredItem& item, bool read);
  // By value: the caller's may be the item's own.
  void remove(std::string id);
  std::string move(std::string id, const std::string& folder);  // the new id
  [[nodiscard]] std::vector<Tombstone> tombstones(std::string_view folder, std::uint64_t after) const;
  [[nodiscard]] std::vector<MailboxEvent> events(std::uint64_t after) const;

  // As a server's move to another one: new ids for all, content and times kept.
  void rehome();

  std::function<void()> on_event;
  std::string new_attachment_id();

 private:
  std::string entry_id(std::string_view kind);
  void tell(MailboxEvent event);

  std::string address_, guid_, replica_;
  std::uint64_t changes_ = 0, ids_ = 0;
  std::map<std::string, StoredFolder, std::less<>> folders_;
  std::map<std::string, StoredItem, std::less<>> items_;
  std::vector<Tombstone> tombstones_;
  std::vector<MailboxEvent> events_;
};

// As Exchange forms it: a type, and the predecessor change list's last entry.
std::string change_key(const Mailbox& mailbox, const StoredItem& item);
std::optional<std::uint64_t> change_of(const std::string& change_key);  // the count in it

}  // namespace syncline::sandbox::exchange
