#include "mailbox.hpp"

#include <algorithm>
#include <array>

#include "../encode.hpp"

namespace syncline::sandbox::exchange {
namespace {

constexpr std::size_t kEventLimit = 100'000;
constexpr std::uint32_t kSearchKey = 0x300B, kCreated = 0x3007, kModified = 0x3008;

struct Standard {
  std::string_view name, parent, title, item_class;
};
constexpr std::array<Standard, 18> kStandard{
    {{"root", "", "Root", ""},
     {"msgfolderroot", "root", "Top of Information Store", "IPF.Note"},
     {"searchfolders", "root", "Finder", "IPF.Note"},
     {"inbox", "msgfolderroot", "Inbox", "IPF.Note"},
     {"sentitems", "msgfolderroot", "Sent Items", "IPF.Note"},
     {"drafts", "msgfolderroot", "Drafts", "IPF.Note"},
     {"outbox", "msgfolderroot", "Outbox", "IPF.Note"},
     {"deleteditems", "msgfolderroot", "Deleted Items", "IPF.Note"},
     {"junkemail", "msgfolderroot", "Junk Email", "IPF.Note"},
     {"calendar", "msgfolderroot", "Calendar", "IPF.Appointment"},
     {"contacts", "msgfolderroot", "Contacts", "IPF.Contact"},
     {"recipientcache", "contacts", "Recipient Cache", "IPF.Contact.RecipientCache"},
     {"tasks", "msgfolderroot", "Tasks", "IPF.Task"},
     {"notes", "msgfolderroot", "Notes", "IPF.StickyNote"},
     {"journal", "msgfolderroot", "Journal", "IPF.Journal"},
     {"recoverableitemsroot", "root", "Recoverable Items", "IPF.Note"},
     {"recoverableitemsdeletions", "recoverableitemsroot", "Deletions", "IPF.Note"},
     {"conversationhistory", "msgfolderroot", "Conversation History", "IPF.Note"}}};

std::string counter(std::uint64_t n) {  // six bytes, big-endian, as in a MAPI change number
  std::string out(6, '\0');
  for (int i = 5; i >= 0; --i, n >>= 8U) out[static_cast<std::size_t>(i)] = static_cast<char>(n & 0xffU);
  return out;
}

std::string guid_bytes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '-') continue;
    out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    ++i;
  }
  return out;
}

}  // namespace

const Property* StoredItem::property(const PropertyId& id_of) const {
  const auto at = properties.find(id_of);
  return at == properties.end() ? nullptr : &at->second;
}

std::string StoredItem::text(const PropertyId& id_of) const {
  const Property* p = property(id_of);
  return p == nullptr || p->values.empty() ? std::string() : p->values.front();
}

void StoredItem::set(const PropertyId& id_of, std::string_view type, std::string value) {
  properties[id_of] = {std::string(type), {std::move(value)}};
}

void StoredItem::clear(const PropertyId& id_of) { properties.erase(id_of); }

Mailbox::Mailbox(std::string address)
    : address_(lower(address)), guid_(guid_of("mailbox " + address_)), replica_(guid_of("replica " + address_)) {
  for (const Standard& s : kStandard) {
    const StoredFolder* parent = distinguished(s.parent);
    add_folder(parent == nullptr ? std::string() : parent->id, std::string(s.title), std::string(s.item_class),
               std::string(s.name));
  }
}

// 00 03 24 00, the mailbox's GUID as text, 00, a length, and a MAPI entry id of 70 bytes; of two items only a counter
// differs, so that some ids differ in the case of a letter alone.
std::string Mailbox::entry_id(std::string_view kind) {
  const std::string n = counter(++ids_);
  std::string entry = std::string(4, '\0') + guid_bytes(replica_) +
                      (kind == "folder" ? std::string("\x01\x00", 2) : std::string("\x07\x00", 2)) + guid_bytes(guid_) +
                      std::string(6, '\0') + std::string(2, '\0') + guid_bytes(replica_) + n + std::string(2, '\0');
  std::string out("\x00\x03\x24\x00", 4);
  out += guid_;
  out += '\0';
  out += static_cast<char>(entry.size());
  out += '\0';
  return base64(out + entry);
}

std::string Mailbox::new_attachment_id() { return entry_id("attachment"); }

const StoredFolder* Mailbox::folder(std::string_view id) const {
  const auto at = folders_.find(id);
  return at == folders_.end() ? nullptr : &at->second;
}

const StoredFolder* Mailbox::distinguished(std::string_view name) const {
  if (name.empty()) return nullptr;
  for (const auto& [id, f] : folders_)
    if (f.distinguished == lower(name)) return &f;
  return nullptr;
}

std::vector<const StoredFolder*> Mailbox::folders() const {
  std::vector<const StoredFolder*> out;
  for (const auto& [id, f] : folders_) out.push_back(&f);
  std::sort(out.begin(), out.end(), [](const auto* l, const auto* r) { return l->created < r->created; });
  return out;
}

StoredFolder& Mailbox::add_folder(const std::string& parent, const std::string& name, const std::string& item_class,
                                  const std::string& distinguished) {
  StoredFolder f{entry_id("folder"), parent, name, item_class, distinguished, ++changes_, changes_};
  return folders_[f.id] = f;
}

const StoredItem* Mailbox::item(std::string_view id) const {
  const auto at = items_.find(id);
  return at == items_.end() ? nullptr : &at->second;
}

StoredItem* Mailbox::item(std::string_view id) {
  const auto at = items_.find(id);
  return at == items_.end() ? nullptr : &at->second;
}

std::vector<const StoredItem*> Mailbox::items(std::string_view folder) const {
  std::vector<const StoredItem*> out;
  for (const auto& [id, i] : items_)
    if (i.folder == folder) out.push_back(&i);
  std::sort(out.begin(), out.end(), [](const auto* l, const auto* r) { return l->created < r->created; });
  return out;
}

void Mailbox::tell(MailboxEvent event) {
  event.at = changes_;
  events_.push_back(std::move(event));
  if (events_.size() > kEventLimit) events_.erase(events_.begin(), events_.begin() + kEventLimit / 2);
  if (on_event) on_event();
}

StoredItem& Mailbox::create(StoredItem made, bool arrived) {
  made.id = entry_id("item");
  made.created = made.changed = ++changes_;
  for (const auto& [id, p] : made.properties) made.written[id] = changes_;
  made.set(by_tag(kCreated), "SystemTime", now_utc());
  made.set(by_tag(kModified), "SystemTime", now_utc());
  made.set(by_tag(kSearchKey), "Binary", base64(guid_bytes(new_guid())));
  const std::string id = made.id;
  StoredItem& kept = items_[id] = std::move(made);
  tell({arrived ? MailboxEvent::Kind::NEW_MAIL : MailboxEvent::Kind::CREATED, 0, id, kept.folder, {}, {}});
  return kept;
}

void Mailbox::saved(StoredItem& item, const std::vector<PropertyId>& written) {
  item.changed = ++changes_;
  for (const PropertyId& id : written) item.written[id] = changes_;
  item.set(by_tag(kModified), "SystemTime", now_utc());
  tell({MailboxEvent::Kind::MODIFIED, 0, item.id, item.folder, {}, {}});
}

void Mailbox::mark_read(StoredItem& item, bool read) {
  if (item.read == read) return;
  item.read = read;
  item.read_changed = ++changes_;
}

void Mailbox::remove(std::string id) {
  const auto at = items_.find(id);
  if (at == items_.end()) return;
  const std::string folder = at->second.folder;
  tombstones_.push_back({id, folder, at->second.created, ++changes_});
  items_.erase(at);
  tell({MailboxEvent::Kind::DELETED, 0, id, folder, {}, {}});
}

std::string Mailbox::move(std::string id, const std::string& folder) {
  const auto at = items_.find(id);
  StoredItem moved = std::move(at->second);
  const std::string from = moved.folder;
  tombstones_.push_back({id, from, moved.created, ++changes_});
  items_.erase(at);
  moved.id = entry_id("item");
  moved.folder = folder;
  moved.created = moved.changed = changes_;  // a new item of that folder, with the old one's search key
  const std::string now = moved.id;
  items_[now] = std::move(moved);
  tell({MailboxEvent::Kind::MOVED, 0, now, folder, id, from});
  return now;
}

std::vector<Tombstone> Mailbox::tombstones(std::string_view folder, std::uint64_t after) const {
  std::vector<Tombstone> out;
  for (const Tombstone& t : tombstones_)
    if (t.folder == folder && t.gone > after) out.push_back(t);
  return out;
}

std::vector<MailboxEvent> Mailbox::events(std::uint64_t after) const {
  std::vector<MailboxEvent> out;
  for (const MailboxEvent& e : events_)
    if (e.at > after) out.push_back(e);
  return out;
}

void Mailbox::rehome() {
  replica_ = guid_of(replica_);
  std::map<std::string, std::string> now;
  std::map<std::string, StoredFolder, std::less<>> folders;
  for (auto& [id, f] : folders_) now[id] = entry_id("folder");
  for (auto& [id, f] : folders_) {
    StoredFolder moved = f;
    moved.id = now[id];
    moved.parent = f.parent.empty() ? std::string() : now[f.parent];
    folders[moved.id] = moved;
  }
  folders_ = std::move(folders);
  std::map<std::string, StoredItem, std::less<>> items;
  for (auto& [id, i] : items_) {
    StoredItem moved = std::move(i);
    moved.id = entry_id("item");
    moved.folder = now[moved.folder];
    moved.created = moved.changed = ++changes_;
    items[moved.id] = std::move(moved);
  }
  items_ = std::move(items);
  tombstones_.clear();
}

std::string change_key(const Mailbox& mailbox, const StoredItem& item) {
  const char type = item.item_class.starts_with("IPM.Contact")       ? '\x11'
                    : item.item_class.starts_with("IPM.Appointment") ? '\x0f'
                    : item.item_class.starts_with("IPM.Task")        ? '\x13'
                                                                     : '\x09';
  std::string out(1, type);
  out += std::string("\x00\x00\x00\x16\x00\x00\x00", 7);
  return base64(out + guid_bytes(mailbox.guid()) + counter(item.changed));
}

std::optional<std::uint64_t> change_of(const std::string& change_key) {
  const auto bytes = from_base64(change_key);
  if (!bytes || bytes->size() != 30) return std::nullopt;
  std::uint64_t n = 0;
  for (const char c : bytes->substr(24)) n = (n << 8U) | static_cast<unsigned char>(c);
  return n;
}

}  // namespace syncline::sandbox::exchange
