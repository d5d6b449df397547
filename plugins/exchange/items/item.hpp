// item.hpp: items of an Exchange mailbox as EWS writes them, and Syncline's canonical documents: contact, task, email.
// Pure: XML text in, XML text out; no network, no clock. The element's names are those of the EWS types schema, with
// the prefixes t (types) and m (messages), which the caller's envelope has to declare.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::exchange {

// ---- kinds ----

[[nodiscard]] bool carries(std::string_view kind);
/// The element that is created and updated: "Contact", "Task", "Message". Empty: not carried.
[[nodiscard]] std::string_view element_of(std::string_view kind);
/// Whether an item of this class is one of the kind: "IPM.Contact" and "IPM.Contact.Sales" are contacts, "IPM.DistList"
/// is not. Mail takes delivery reports along, and no meeting requests.
[[nodiscard]] bool is_kind(std::string_view kind, std::string_view item_class);
/// JSON array of the document's top-level fields that are carried (sy_caps).
[[nodiscard]] std::string fields(std::string_view kind);

// ---- shapes ----

/// `<m:ItemShape>` for GetItem. `whole` is for email: without it, what its head needs. MIME content is asked for only
/// where `mime` says so.
struct Shape {
  bool whole = true;
  bool mime = false;
  bool crm_properties = false;  ///< the Microsoft client's properties too (interop.ms_properties)
};
[[nodiscard]] std::string shape(std::string_view kind, const Shape& what);
/// `<m:ItemShape>` for SyncFolderItems and FindItem: ids, item class and token.
[[nodiscard]] std::string listing_shape();
/// `<m:Restriction>` that finds the item which bears the token.
[[nodiscard]] std::string token_restriction(std::string_view token);

// ---- reading ----

/// An address that is not one of the Internet: a name in the directory (routing type EX). ResolveNames knows it.
struct Unresolved {
  std::string field;    ///< "email1", "from", "to"
  std::string address;  ///< "/o=Org/ou=…/cn=…"
};

struct ReadContext {
  /// The Internet address of a directory name; nullopt: not asked yet (it is then listed in `unresolved`); empty: there
  /// is none, and the name itself stands in the document, so that nothing is lost. Unset: nothing has been asked yet.
  std::function<std::optional<std::string>(std::string_view)> resolve;
  std::string direction = "incoming";       ///< of mail; the folder says it
  std::vector<std::string> own_categories;  ///< Syncline's own marks: not in the document
};

struct AttachmentInfo {
  enum class Type { FILE, ITEM, REFERENCE };
  Type type = Type::FILE;
  std::string id, name, media_type, content_id;
  std::optional<std::uint64_t> size;
  bool is_inline = false;
  bool contact_photo = false;
};

/// What is on the item beside the document.
struct ItemMark {
  std::string token;         ///< the token of the create that made it, or of the link
  std::string organization;  ///< the CRM it is linked with
  std::string mailbox;       ///< whose link it is: named properties travel with copies and invitations
  std::string item;          ///< the item's id when the mark was written: another one now means copied or moved
  std::string state;         ///< of its link, a number; empty: none
  std::string record{};      ///< its record in the CRM
};

struct ItemRead {
  std::string id, change_key, parent_folder, item_class;
  boost::json::object document;
  /// What marks say for a person and the kernel: token, organization, categories of our own, "recurring", "draft", …
  boost::json::object marks;
  ItemMark mark;
  std::int64_t changed_ms = 0;                         ///< 0: not known
  std::vector<Unresolved> unresolved;                  ///< empty: the document is final
  std::vector<AttachmentInfo> attachments;             ///< as listed; the content is fetched by its id
  std::vector<std::string> own_categories;             ///< those of ReadContext that the item bears
  std::string display_name, file_as, file_as_mapping;  ///< of a contact: what a change of name has to follow
  bool recurring = false;                              ///< a task that comes again: not representable, never touched
  bool associated = false;                             ///< hidden: not an item of a person
  bool draft = false;
};

/// One element (`<t:Contact>`, `<t:Task>`, `<t:Message>`, …), whatever its prefix is. Throws Error(SY_INVALID) for an
/// item that is not of this kind, or without an id.
[[nodiscard]] ItemRead read(const pugi::xml_node& item, std::string_view kind, const ReadContext& context);

/// What EWS knows better than the MIME text, put into a document that was read from it: Bcc of a sent mail, arrival,
/// sender where the MIME has none, protection.
void merge_head(boost::json::object& from_mime, const boost::json::object& head);

// ---- writing ----

/// The Microsoft client's properties. Written only where the configuration asks for it.
struct CrmMark {
  std::string id, organization;  ///< GUIDs
  int link_state = 2;            ///< 0 was linked, 1 to be linked, 2 linked
};

struct WriteContext {
  std::int64_t now_ms = 0;
  /// The server derives the other two of a task's status, percentage and date of completion from the one that is sent
  /// (Exchange). false: all three are sent (grommunio stores what it gets).
  bool derives_task_state = true;
  std::optional<ItemMark> mark;
  std::optional<CrmMark> crm;
};

struct Created {
  std::string xml;                 ///< `<t:Contact>…</t:Contact>`
  std::vector<std::string> never;  ///< fields whose value an item cannot hold (S14)
};
/// Throws Error(SY_UNSUPPORTED) for a kind that is not written (email).
[[nodiscard]] Created create(std::string_view kind, const boost::json::object& document, const WriteContext& context);

struct Change {
  std::string field;  ///< the document's field, or the name of our own property
  std::string xml;    ///< one `<t:SetItemField>` or `<t:DeleteItemField>`
  /// Changes of step 1 go into an UpdateItem of their own, after the one with all of step 0 and with the change key
  /// that it answered: within one request the server would derive one from the other.
  int step = 0;
};
struct Updated {
  std::vector<Change> changes;
  std::vector<std::string> never;
};
/// The fields named, as the document has them; a field that the document lacks is cleared. `now` is the item as just
/// read: what cannot be seen in the document (own categories, a name's other renderings) follows it. Fields that are
/// not carried are left out.
[[nodiscard]] Updated update(std::string_view kind, const boost::json::object& document,
                             const std::vector<std::string>& fields, const ItemRead& now, const WriteContext& context);
/// Changes that write, or take away, marks alone.
[[nodiscard]] std::vector<Change> mark_changes(std::string_view kind, const WriteContext& context);
[[nodiscard]] std::vector<Change> unmark_changes(std::string_view kind);

}  // namespace syncline::exchange
