// kinds.hpp: what each kind has to offer to item.cpp: its paths, how it is read, and how a field is written.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "item.hpp"
#include "property.hpp"

namespace syncline::exchange {

// ---- contact.cpp ----
[[nodiscard]] std::vector<std::string_view> contact_fields();
[[nodiscard]] std::vector<Path> contact_paths();
void read_contact(const pugi::xml_node& item, const ReadContext& context, ItemRead& out);
/// The properties of one field as the document has it. A value that Exchange cannot hold is named in `never`, and its
/// property is left as it is.
[[nodiscard]] std::vector<Slot> contact_slots(std::string_view field, const boost::json::object& document,
                                              std::vector<std::string>& never);
/// The postal addresses of a new contact: one entry each, with all its parts.
[[nodiscard]] std::vector<Slot> new_address_slots(const boost::json::object& document);
/// What shows a contact in lists: "file as" and the display name. For a new contact, and for one whose name changes as
/// long as nobody chose them by hand.
[[nodiscard]] std::vector<Slot> new_name_slots(const boost::json::object& document);
[[nodiscard]] std::vector<Slot> changed_name_slots(const boost::json::object& document, const ItemRead& now);

// ---- task.cpp ----
[[nodiscard]] std::vector<std::string_view> task_fields();
[[nodiscard]] std::vector<Path> task_paths();
void read_task(const pugi::xml_node& item, const ReadContext& context, ItemRead& out);
[[nodiscard]] std::vector<Slot> task_slots(std::string_view field, const boost::json::object& document,
                                           std::vector<std::string>& never);
[[nodiscard]] bool is_task_state(std::string_view field);
/// Status, percentage and completion of a new task.
[[nodiscard]] std::vector<Slot> new_state_slots(const boost::json::object& document, const WriteContext& context);
/// The same for one that is there: a slot and the step in which it is sent.
struct StateChange {
  std::string_view field;
  Slot slot;
  int step = 0;
};
/// The reminder of a task whose day comes from the CRM, which knows none: on the day that it is due, as long as that is
/// not past for more than a day and the task is open; else nothing. What a person sets stays until the CRM's day
/// changes.
[[nodiscard]] std::vector<Slot> reminder_slots(const boost::json::object& document, const WriteContext& context);
[[nodiscard]] std::vector<StateChange> changed_state(const boost::json::object& document, const ItemRead& now,
                                                     const WriteContext& context);

// ---- email.cpp ----
[[nodiscard]] std::vector<std::string_view> email_fields();
[[nodiscard]] std::vector<Path> email_paths(bool whole);
void read_email(const pugi::xml_node& item, const ReadContext& context, ItemRead& out);

// ---- item.cpp, for all kinds ----
[[nodiscard]] std::string text_member(const boost::json::object& document, std::string_view name);
/// Body as notes: text, or what a reader sees of HTML.
[[nodiscard]] std::string read_notes(const pugi::xml_node& item);
/// The Internet address behind an EX name, as ReadContext says; lists it where that is still to be asked.
[[nodiscard]] std::string resolved(const ReadContext& context, std::string_view field, const std::string& address,
                                   ItemRead& out);
[[nodiscard]] bool is_directory_name(std::string_view address, std::string_view routing_type);

}  // namespace syncline::exchange
