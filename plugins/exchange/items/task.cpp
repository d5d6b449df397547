// task.cpp: a task. Days without zones, and the state, whose three properties a server derives from each other.
#include <array>
#include <charconv>
#include <cmath>

#include "dates.hpp"
#include "kinds.hpp"
#include "marks.hpp"
#include "plain_text.hpp"
#include "syncline/formats/time.hpp"
#include "xml.hpp"

namespace syncline::exchange {

namespace json = boost::json;

namespace {

constexpr Path subject_path = field_path("item:Subject");
constexpr Path importance_path = field_path("item:Importance");
constexpr Path status_field = field_path("task:Status");
constexpr Path percent_field = field_path("task:PercentComplete");
constexpr Path complete_field = field_path("task:CompleteDate");

struct Word {
  std::string_view canonical, ews;
};
constexpr auto statuses = std::to_array<Word>({{"not_started", "NotStarted"},
                                               {"in_progress", "InProgress"},
                                               {"waiting", "WaitingOnOthers"},
                                               {"completed", "Completed"},
                                               {"deferred", "Deferred"}});
constexpr auto importances = std::to_array<Word>({{"low", "Low"}, {"normal", "Normal"}, {"high", "High"}});

/// Known to the CRM only: shown as completed here, and kept beside it.
constexpr std::string_view canceled = "canceled";

struct Day {
  std::string_view field, element;
  Path path;
  Path local;  ///< the same day without a zone
};
constexpr auto days =
    std::to_array<Day>({{"start", "StartDate", field_path("task:StartDate"), set_path("Task", "33028", "SystemTime")},
                        {"due", "DueDate", field_path("task:DueDate"), set_path("Task", "33029", "SystemTime")}});
constexpr Path completed_local = set_path("Task", "33039", "SystemTime");

template <class Table>
std::string_view canonical(const Table& table, std::string_view ews) {
  for (const Word& word : table)
    if (word.ews == ews) return word.canonical;
  return {};
}
template <class Table>
std::string_view ews(const Table& table, std::string_view canonical) {
  for (const Word& word : table)
    if (word.canonical == canonical) return word.ews;
  return {};
}

/// A whole number of percent; "33.3" is 33, and nonsense is nothing.
std::optional<std::int64_t> percent_of(std::string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  if (value < 0 || value > 100) return std::nullopt;
  // Not to 100 before it is done, which would read as completed.
  return value >= 99.5 && value < 100 ? 99 : std::llround(value);
}

std::optional<std::int64_t> percent_member(const json::object& document) {
  const json::value* value = document.if_contains("percent");
  if (value == nullptr) return std::nullopt;
  json::error_code failed;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(failed) : 0;
  if (!value->is_number() || failed || number < 0 || number > 100) return std::nullopt;
  return number;
}

/// The status that the document names, or that its percentage means.
std::string status_of(const json::object& document) {
  std::string status = text_member(document, "status");
  if (status == canceled || !ews(statuses, status).empty()) return status;
  const std::int64_t percent = percent_member(document).value_or(0);
  if (document.contains("completed") || percent == 100) return "completed";
  return percent > 0 ? "in_progress" : "not_started";
}

std::string_view ews_status(std::string_view status) {
  return status == canceled ? std::string_view("Completed") : ews(statuses, status);
}

/// The percentage that goes with the status, where the document's own does not.
std::int64_t fitting_percent(std::string_view status, const json::object& document) {
  if (status == "completed" || status == canceled) return 100;
  if (status == "not_started") return 0;
  const std::int64_t percent = percent_member(document).value_or(0);
  return percent == 100 ? 99 : percent;
}

Slot status_slot(std::string_view status) { return {status_field, text_value("Status", ews_status(status))}; }
Slot percent_slot(std::int64_t percent) {
  return {percent_field, text_value("PercentComplete", std::to_string(percent))};
}

/// The day of completion, unless the server would refuse it: it may not lie in the future.
std::optional<Slot> completed_slot(const json::object& document, const WriteContext& context) {
  const std::string day = text_member(document, "completed");
  if (!is_storable_day(day)) return std::nullopt;
  if (context.now_ms != 0 && instant_of(day).value_or(0) > context.now_ms) return std::nullopt;
  return Slot{complete_field, text_value("CompleteDate", day + "T00:00:00Z")};
}

std::string utc_day(std::int64_t ms) { return formats::to_iso(ms).substr(0, 10); }

/// Our own note of a status that EWS lacks: set, or taken away.
Slot kept_status_slot(std::string_view status) {
  if (status != canceled) return {status_path, std::nullopt};
  return {status_path, extended_value(status_path, status)};
}

void read_state(const pugi::xml_node& item, ItemRead& out) {
  json::object& document = out.document;
  const std::string_view status = canonical(statuses, child_text(item, "Status"));
  if (!status.empty()) document["status"] = status;
  if (const auto percent = percent_of(child_text(item, "PercentComplete"))) document["percent"] = *percent;
  const auto kept = extended_text(item, status_path);
  if (kept) out.marks["kept_status"] = true;
  if (status != "completed") return;
  if (kept == canceled) {
    document["status"] = canceled;
    return;
  }
  const auto day = day_of(child_text(item, "CompleteDate"), extended_text(item, completed_local).value_or(""));
  if (day) document["completed"] = *day;
}

}  // namespace

std::vector<std::string_view> task_fields() {
  return {"subject", "start", "due", "completed", "percent", "status", "importance", "notes", "categories"};
}

std::vector<Path> task_paths() {
  std::vector<Path> out{subject_path,
                        field_path("item:Body"),
                        field_path("item:Categories"),
                        importance_path,
                        status_field,
                        percent_field,
                        complete_field,
                        completed_local,
                        field_path("task:IsRecurring"),
                        status_path};
  for (const Day& day : days) {
    out.push_back(day.path);
    out.push_back(day.local);
  }
  return out;
}

void read_task(const pugi::xml_node& item, const ReadContext&, ItemRead& out) {
  const std::string subject = one_line(child_text(item, "Subject"));
  if (!subject.empty()) out.document["subject"] = subject;
  for (const Day& day : days)
    if (const auto found = day_of(child_text(item, day.element), extended_text(item, day.local).value_or("")))
      out.document[day.field] = *found;
  read_state(item, out);
  if (const auto word = canonical(importances, child_text(item, "Importance")); !word.empty())
    out.document["importance"] = word;
  if (const std::string notes = read_notes(item); !notes.empty()) out.document["notes"] = notes;
  out.recurring = child(item, "Recurrence") || child_text(item, "IsRecurring") == "true";
  if (out.recurring) out.marks["recurring"] = true;
}

std::vector<Slot> task_slots(std::string_view field, const json::object& document, std::vector<std::string>& never) {
  const std::string text = text_member(document, field);
  if (field == "subject")
    return {{subject_path, text.empty() ? std::nullopt : std::optional(text_value("Subject", text))}};
  if (field == "importance") {  // always there on an item
    const std::string_view word = ews(importances, text);
    return {{importance_path, text_value("Importance", word.empty() ? "Normal" : word)}};
  }
  for (const Day& day : days) {
    if (day.field != field) continue;
    if (text.empty()) return {{day.path, std::nullopt}};
    if (is_storable_day(text)) return {{day.path, text_value(day.element, text + "T00:00:00Z")}};
    never.emplace_back(field);
  }
  return {};
}

bool is_task_state(std::string_view field) { return field == "status" || field == "percent" || field == "completed"; }

std::vector<Slot> new_state_slots(const json::object& document, const WriteContext& context) {
  const std::string status = status_of(document);
  std::vector<Slot> out{status_slot(status)};
  const bool done = status == "completed" || status == canceled;
  if (done)
    if (const auto day = completed_slot(document, context)) out.push_back(*day);
  const bool derived = context.derives_task_state && (done || status == "not_started");
  if (!derived && (document.contains("percent") || done))
    out.push_back(percent_slot(fitting_percent(status, document)));
  if (status == canceled) out.push_back(kept_status_slot(status));
  return out;
}

std::vector<Slot> reminder_slots(const json::object& document, const WriteContext& context) {
  constexpr std::int64_t day_ms = 86'400'000, noon_ms = day_ms / 2;  // noon in UTC is that day almost everywhere
  const Path set = field_path("item:ReminderIsSet"), when = field_path("item:ReminderDueBy");
  const auto due = instant_of(text_member(document, "due"));
  const std::string status = status_of(document);
  const bool open = status != "completed" && status != canceled;
  if (!due || !open || context.now_ms == 0 || *due + 2 * day_ms < context.now_ms) return {};
  return {{when, text_value("ReminderDueBy", formats::to_iso(*due + noon_ms))},
          {set, text_value("ReminderIsSet", "true")}};
}

std::vector<StateChange> changed_state(const json::object& document, const ItemRead& now, const WriteContext& context) {
  const std::string status = status_of(document);
  const std::string before = text_member(now.document, "status");
  const std::int64_t percent = fitting_percent(status, document);
  const bool same_percent = percent_member(now.document) == percent;
  const bool done = status == "completed" || status == canceled;
  const auto day = done ? completed_slot(document, context) : std::nullopt;

  std::vector<StateChange> out;
  if (status == canceled || now.marks.contains("kept_status")) out.push_back({"status", kept_status_slot(status), 0});
  if (!context.derives_task_state) {
    out.push_back({"status", status_slot(status), 0});
    out.push_back({"percent", percent_slot(percent), 0});
    if (!done)
      out.push_back({"completed", {complete_field, std::nullopt}, 0});
    else if (day)
      out.push_back({"completed", *day, 0});
    return out;
  }
  if (done || status == "not_started") {
    out.push_back({"status", status_slot(status), 0});
    // The server's own day of completion is today; only another one needs a word of its own.
    const std::string wanted = text_member(document, "completed");
    const bool was_done = before == "completed" || before == canceled;
    const std::string day_there = was_done ? text_member(now.document, "completed") : utc_day(context.now_ms);
    if (day && wanted != day_there) out.push_back({"completed", *day, 1});
    return out;
  }
  if (same_percent || !document.contains("percent")) {
    out.push_back({"status", status_slot(status), 0});
    return out;
  }
  if (status == "in_progress" && percent > 0 && (before == "not_started" || before == "in_progress")) {
    out.push_back({"percent", percent_slot(percent), 0});  // which is "in progress" to every server
    return out;
  }
  // A percentage alone could mean another status to the server, so the status has the last word.
  out.push_back({"percent", percent_slot(percent), 0});
  out.push_back({"status", status_slot(status), 1});
  return out;
}

}  // namespace syncline::exchange
