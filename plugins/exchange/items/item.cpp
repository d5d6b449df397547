#include "item.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

#include "dates.hpp"
#include "kinds.hpp"
#include "marks.hpp"
#include "plain_text.hpp"
#include "syncline/formats/ascii.hpp"
#include "syncline/plugin.hpp"
#include "xml.hpp"

namespace syncline::exchange {

namespace json = boost::json;

namespace {

struct Kind {
  std::string_view name, element;
  std::array<std::string_view, 2> classes;  ///< of which an item is one, or one below it
};
constexpr auto kinds = std::to_array<Kind>({{"contact", "Contact", {"IPM.Contact", {}}},
                                            {"task", "Task", {"IPM.Task", {}}},
                                            {"email", "Message", {"IPM.Note", "REPORT.IPM.Note"}}});

const Kind* kind_of(std::string_view name) {
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) { return k.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

const Kind& written_kind(std::string_view name) {
  const Kind* kind = kind_of(name);
  if (kind == nullptr || kind->name == "email")
    throw Error(SY_UNSUPPORTED, "items of kind " + std::string(name) + " are not written to an Exchange mailbox");
  return *kind;
}

std::vector<std::string_view> field_names(std::string_view kind) {
  if (kind == "contact") return contact_fields();
  if (kind == "task") return task_fields();
  return kind == "email" ? email_fields() : std::vector<std::string_view>{};
}

std::vector<Path> paths(std::string_view kind, bool whole) {
  std::vector<Path> out;
  for (const std::string_view uri :
       {"item:ParentFolderId", "item:ItemClass", "item:LastModifiedTime", "item:IsAssociated"})
    out.push_back(field_path(uri));
  const std::vector<Path> own = kind == "contact" ? contact_paths()
                                : kind == "task"  ? task_paths()
                                                  : email_paths(whole);
  out.insert(out.end(), own.begin(), own.end());
  return out;
}

std::string shape_xml(std::string_view options, const std::vector<Path>& wanted) {
  std::string out =
      "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>" + std::string(options) + "<t:AdditionalProperties>";
  for (const Path& path : wanted) out += path_xml(path);
  return out + "</t:AdditionalProperties></m:ItemShape>";
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& each) { return formats::same_but_case(each, text); });
}

void read_categories(const pugi::xml_node& item, const ReadContext& context, ItemRead& out, bool in_document) {
  json::array rest;
  for (const pugi::xml_node& each : children(child(item, "Categories"), "String")) {
    const std::string name = text_of(each);
    if (name.empty()) continue;
    if (contains(context.own_categories, name))
      out.own_categories.push_back(name);
    else
      rest.emplace_back(name);
  }
  if (!out.own_categories.empty())
    out.marks["categories"] = json::array(out.own_categories.begin(), out.own_categories.end());
  if (in_document && !rest.empty()) out.document["categories"] = std::move(rest);
}

std::vector<AttachmentInfo> read_attachments(const pugi::xml_node& item) {
  std::vector<AttachmentInfo> out;
  for (const pugi::xml_node& each : child(item, "Attachments").children()) {
    if (each.type() != pugi::node_element) continue;
    AttachmentInfo info;
    if (local_name(each) == "ItemAttachment") info.type = AttachmentInfo::Type::ITEM;
    if (local_name(each) == "ReferenceAttachment") info.type = AttachmentInfo::Type::REFERENCE;
    info.id = attribute(child(each, "AttachmentId"), "Id");
    info.name = one_line(child_text(each, "Name"));
    info.media_type = formats::lower(one_line(child_text(each, "ContentType")));
    info.content_id = one_line(child_text(each, "ContentId"));
    const std::string size = child_text(each, "Size");
    if (!size.empty() && size.size() < 16 && size.find_first_not_of("0123456789") == std::string::npos)
      info.size = std::stoull(size);
    info.is_inline = child_text(each, "IsInline") == "true";
    info.contact_photo = child_text(each, "IsContactPhoto") == "true";
    if (!info.id.empty()) out.push_back(std::move(info));
  }
  return out;
}

void put_marks(const pugi::xml_node& item, ItemRead& out) {
  out.mark = read_mark(item);
  const auto put = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) out.marks[name] = text;
  };
  put("token", out.mark.token);
  put("lasting", extended_text(item, search_key_path).value_or(""));
  put("organization", out.mark.organization);
  put("mailbox", out.mark.mailbox);
  put("item", out.mark.item);
  put("record", out.mark.record);
  if (out.mark.state.size() == 1 && out.mark.state[0] >= '0' && out.mark.state[0] <= '4')
    out.marks["state"] = out.mark.state[0] - '0';
  json::object crm = read_crm_mark(item);
  if (crm.empty()) return;
  if (const json::value* state = crm.if_contains("link_state")) out.marks["state"] = *state;  // what clients know
  // A client of another organization may have linked it; what we wrote ourselves goes first.
  if (const json::value* of = crm.if_contains("organization"); of != nullptr && !out.marks.contains("organization"))
    out.marks["organization"] = *of;
  out.marks["crm"] = std::move(crm);
}

/// Fields that any kind has in the same place.
std::optional<std::vector<Slot>> shared_slots(std::string_view field, const json::object& document,
                                              const std::vector<std::string>& own_categories) {
  if (field == "notes") {
    const std::string notes = text_member(document, "notes");
    Slot slot{field_path("item:Body"), std::nullopt};
    if (!notes.empty()) slot.value = Value{"Body", " BodyType=\"Text\"", escape(notes)};
    return std::vector<Slot>{slot};
  }
  if (field != "categories") return std::nullopt;
  std::vector<std::string> all;
  const json::value* value = document.if_contains("categories");
  if (value != nullptr && value->is_array())
    for (const json::value& each : value->get_array())
      if (const json::string* text = each.if_string(); text != nullptr && !text->empty()) all.emplace_back(*text);
  all.insert(all.end(), own_categories.begin(), own_categories.end());
  Slot slot{field_path("item:Categories"), std::nullopt};
  if (!all.empty()) slot.value = list_value("Categories", all);
  return std::vector<Slot>{slot};
}

std::vector<Slot> field_slots(const Kind& kind, std::string_view field, const json::object& document,
                              const std::vector<std::string>& own_categories, std::vector<std::string>& never) {
  if (auto shared = shared_slots(field, document, own_categories)) return std::move(*shared);
  return kind.name == "contact" ? contact_slots(field, document, never) : task_slots(field, document, never);
}

/// The fields to write: those asked for that are carried, and due with start, since either alone could pass the other.
std::vector<std::string> fields_to_write(const Kind& kind, const std::vector<std::string>& asked,
                                         const json::object& document) {
  std::vector<std::string> out;
  const auto is_asked = [&](std::string_view name) {
    return std::find(asked.begin(), asked.end(), name) != asked.end();
  };
  const bool days = kind.name == "task" && (is_asked("start") || is_asked("due"));
  for (const std::string_view name : field_names(kind.name)) {
    const bool with_the_other = days && (name == "start" || name == "due") && document.contains(name);
    if (is_asked(name) || with_the_other) out.emplace_back(name);
  }
  return out;
}

bool has_name_field(const std::vector<std::string>& fields) {
  constexpr auto names = std::to_array<std::string_view>(
      {"firstname", "middlename", "lastname", "suffix", "salutation", "company", "email1"});
  return std::any_of(fields.begin(), fields.end(), [&](const std::string& field) {
    return std::find(names.begin(), names.end(), field) != names.end();
  });
}

std::string name_of(const Path& path) { return std::string(path.name.empty() ? path.uri : path.name); }

}  // namespace

// ---- for all kinds ----

std::string text_member(const json::object& document, std::string_view name) {
  const json::value* value = document.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

std::string read_notes(const pugi::xml_node& item) {
  pugi::xml_node body = child(item, "Body");
  if (!body) body = child(item, "TextBody");
  const std::string text = text_of(body);
  const bool html = attribute(body, "BodyType") == "HTML";
  return notes_text(html ? text_of_html(text) : text);
}

bool is_directory_name(std::string_view address, std::string_view routing_type) {
  if (address.empty() || (address.find('@') != std::string_view::npos && address.front() != '/')) return false;
  return formats::same_but_case(routing_type, "EX") || formats::lower(address.substr(0, 3)) == "/o=";
}

std::string resolved(const ReadContext& context, std::string_view field, const std::string& address, ItemRead& out) {
  const auto found = context.resolve ? context.resolve(address) : std::nullopt;
  if (!found) out.unresolved.push_back({std::string(field), address});
  return found && !found->empty() ? *found : address;
}

// ---- kinds and shapes ----

bool carries(std::string_view kind) { return kind_of(kind) != nullptr; }

std::string_view element_of(std::string_view kind) {
  const Kind* found = kind_of(kind);
  return found == nullptr ? std::string_view{} : found->element;
}

bool is_kind(std::string_view kind, std::string_view item_class) {
  const Kind* found = kind_of(kind);
  if (found == nullptr) return false;
  return std::any_of(found->classes.begin(), found->classes.end(), [&](std::string_view name) {
    if (name.empty() || item_class.size() < name.size()) return false;
    if (!formats::same_but_case(item_class.substr(0, name.size()), name)) return false;
    return item_class.size() == name.size() || item_class[name.size()] == '.';
  });
}

std::string fields(std::string_view kind) {
  json::array out;
  for (const std::string_view name : field_names(kind)) out.emplace_back(name);
  return json::serialize(out);
}

std::string shape(std::string_view kind, const Shape& what) {
  if (!carries(kind)) throw Error(SY_UNSUPPORTED, "items of kind " + std::string(kind) + " are not read from Exchange");
  std::string options;
  if (what.mime) options += "<t:IncludeMimeContent>true</t:IncludeMimeContent>";
  if (kind != "email") options += "<t:BodyType>Text</t:BodyType>";
  std::vector<Path> wanted = paths(kind, what.whole);
  const std::vector<Path> marks = mark_paths(what.crm_properties);
  wanted.insert(wanted.end(), marks.begin(), marks.end());
  return shape_xml(options, wanted);
}

std::string listing_shape() { return shape_xml({}, {field_path("item:ItemClass"), token_path}); }

std::string token_restriction(std::string_view token) {
  return "<m:Restriction><t:IsEqualTo>" + path_xml(token_path) + "<t:FieldURIOrConstant><t:Constant Value=\"" +
         escape(token) + "\"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>";
}

// ---- reading ----

ItemRead read(const pugi::xml_node& item, std::string_view kind, const ReadContext& context) {
  const Kind* found = kind_of(kind);
  ItemRead out;
  out.item_class = one_line(child_text(item, "ItemClass"));
  const bool fits =
      found != nullptr && (out.item_class.empty() ? local_name(item) == found->element : is_kind(kind, out.item_class));
  if (!fits) throw Error(SY_INVALID, "the item is not one of kind " + std::string(kind) + ": it is left out");
  const pugi::xml_node id = child(item, "ItemId");
  out.id = attribute(id, "Id");
  out.change_key = attribute(id, "ChangeKey");
  if (out.id.empty()) throw Error(SY_INVALID, "the server sent an item without an id: nothing can be linked with it");
  out.parent_folder = attribute(child(item, "ParentFolderId"), "Id");
  out.changed_ms = instant_of(child_text(item, "LastModifiedTime")).value_or(0);
  out.associated = child_text(item, "IsAssociated") == "true";
  if (kind == "contact")
    read_contact(item, context, out);
  else if (kind == "task")
    read_task(item, context, out);
  else
    read_email(item, context, out);
  read_categories(item, context, out, kind != "email");
  out.attachments = read_attachments(item);
  put_marks(item, out);
  return out;
}

// ---- writing ----

Created create(std::string_view kind, const json::object& document, const WriteContext& context) {
  const Kind& written = written_kind(kind);
  Created out;
  ElementWriter writer;
  const auto add = [&](const std::vector<Slot>& slots) {
    for (const Slot& slot : slots)
      if (slot.value) writer.add(*slot.value);
  };
  for (const std::string_view field : field_names(kind)) {
    const bool together = is_task_state(field) || field.ends_with("_address");  // written as one, below
    if (document.contains(field) && !together) add(field_slots(written, field, document, {}, out.never));
  }
  if (kind == "contact") {
    add(new_address_slots(document));
    add(new_name_slots(document));
  } else {
    add(new_state_slots(document, context));
    add(reminder_slots(document, context));
  }
  add(mark_slots(context));
  out.xml = writer.item(written.element);
  return out;
}

Updated update(std::string_view kind, const json::object& document, const std::vector<std::string>& asked,
               const ItemRead& now, const WriteContext& context) {
  const Kind& written = written_kind(kind);
  Updated out;
  bool state = false;
  const std::vector<std::string> chosen = fields_to_write(written, asked, document);
  for (const std::string& field : chosen) {
    if (kind == "task" && is_task_state(field)) {
      state = true;
      continue;
    }
    if (now.recurring && (field == "start" || field == "due")) {  // they are the series', which is not ours to move
      out.never.push_back(field);
      continue;
    }
    for (const Slot& slot : field_slots(written, field, document, now.own_categories, out.never))
      out.changes.push_back({field, change_xml(written.element, slot), 0});
  }
  if (state)
    for (const StateChange& each : changed_state(document, now, context))
      out.changes.push_back({std::string(each.field), change_xml(written.element, each.slot), each.step});
  const bool due = std::find(asked.begin(), asked.end(), "due") != asked.end();
  if (kind == "task" && !now.recurring && due)
    for (const Slot& slot : reminder_slots(document, context))
      out.changes.push_back({name_of(slot.path), change_xml(written.element, slot), 0});
  if (kind == "contact" && has_name_field(chosen))
    for (const Slot& slot : changed_name_slots(document, now))
      out.changes.push_back({name_of(slot.path), change_xml(written.element, slot), 0});
  return out;
}

std::vector<Change> mark_changes(std::string_view kind, const WriteContext& context) {
  const Kind& written = written_kind(kind);
  std::vector<Change> out;
  for (const Slot& slot : mark_slots(context))
    out.push_back({name_of(slot.path), change_xml(written.element, slot), 0});
  return out;
}

std::vector<Change> unmark_changes(std::string_view kind) {
  const Kind& written = written_kind(kind);
  std::vector<Change> out;
  for (const Path& path : {token_path, state_path})
    out.push_back({name_of(path), change_xml(written.element, {path, std::nullopt}), 0});
  return out;
}

}  // namespace syncline::exchange
