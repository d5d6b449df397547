// test_items.hpp: for tests: an item as a small server keeps it, that takes our changes one by one and holds us to the
// rules of EWS; and the schema as a judge of what we read.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <pugixml.hpp>
#include <set>
#include <sstream>
#include <string>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "item.hpp"
#include "syncline/plugin.hpp"
#include "xml.hpp"

namespace syncline::exchange::testing {

namespace json = boost::json;

inline const std::string name_spaces =
    " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\""
    " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\"";

inline json::object object(std::string_view text) { return json::parse(text).as_object(); }

/// Empty: the document is one of its kind.
inline std::string schema_errors(const std::string& kind, const json::object& document) {
  std::ifstream in(std::string(SYNCLINE_SOURCE_DIR) + "/sdk/schema/" + kind + ".schema.json");
  std::ostringstream text;
  text << in.rdbuf();
  const json::value schema_text = json::parse(text.str());
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::BoostJsonAdapter(schema_text), schema);
  const json::value value = document;
  valijson::Validator validator;
  valijson::ValidationResults results;
  const valijson::adapters::BoostJsonAdapter adapter(value);
  if (validator.validate(schema, adapter, &results)) return {};
  std::string all = "invalid";
  for (const auto& error : results) all += ": " + error.description;
  return all;
}

/// One element, read as if it came from a server.
inline ItemRead read_text(const std::string& xml, std::string_view kind, const ReadContext& context = {}) {
  const XmlDocument document(xml);
  ItemRead out = read(document.root(), kind, context);
  EXPECT_EQ(schema_errors(std::string(kind), out.document), "") << json::serialize(out.document);
  return out;
}

/// `<t:Contact>` with an id and this content.
inline std::string element(const std::string& name, const std::string& content) {
  return "<t:" + name + name_spaces + "><t:ItemId Id=\"AAMk=\" ChangeKey=\"EQAA\"/>" + content + "</t:" + name + ">";
}

inline std::string property(const std::string& path, const std::string& value) {
  return "<t:ExtendedProperty><t:ExtendedFieldURI " + path + "/><t:Value>" + value + "</t:Value></t:ExtendedProperty>";
}

/// An item in a mailbox. `derives`: a task's status, percentage and completion follow each other, as Exchange does it.
class StoredItem {
 public:
  StoredItem(const std::string& created_xml, std::string today, bool derives)
      : today_(std::move(today)), derives_(derives) {
    std::string xml = created_xml;
    xml.insert(xml.find_first_of(">/"), name_spaces);
    EXPECT_TRUE(item_.load_string(xml.c_str(), options)) << xml;
    root().prepend_child("t:ItemId").append_attribute("Id").set_value("AAMk=");
    if (is_task()) derive_new();
  }

  [[nodiscard]] pugi::xml_node root() const { return item_.document_element(); }
  [[nodiscard]] std::string xml() const {
    std::ostringstream out;
    item_.save(out, "", pugi::format_raw | pugi::format_no_declaration);
    return out.str();
  }
  [[nodiscard]] ItemRead read(std::string_view kind, const ReadContext& context = {}) const {
    return read_text(xml(), kind, context);
  }

  /// All steps, each as one UpdateItem.
  void apply(const std::vector<Change>& changes) {
    int last = 0;
    for (const Change& change : changes) last = std::max(last, change.step);
    for (int step = 0; step <= last; ++step) {
      std::set<std::string> paths;  // no property twice in one request
      for (const Change& change : changes)
        if (change.step == step) apply(change.xml, paths);
    }
  }

 private:
  static constexpr unsigned options = pugi::parse_default | pugi::parse_ws_pcdata_single;

  [[nodiscard]] bool is_task() const { return local_name(root()) == "Task"; }

  void apply(const std::string& xml, std::set<std::string>& paths) {
    pugi::xml_document change;
    ASSERT_TRUE(change.load_string(xml.c_str(), options)) << xml;
    const pugi::xml_node top = change.document_element();
    const pugi::xml_node path = top.first_child();
    std::ostringstream path_text;
    path.print(path_text, "", pugi::format_raw);
    EXPECT_TRUE(paths.insert(path_text.str()).second) << "the same property twice in one request: " << xml;
    if (local_name(top) == "DeleteItemField") {
      EXPECT_FALSE(path.next_sibling()) << xml;
      remove(path);
      return;
    }
    ASSERT_EQ(local_name(top), "SetItemField") << xml;
    const pugi::xml_node holder = path.next_sibling();
    EXPECT_EQ(local_name(holder), local_name(root())) << "the wrong kind of item: " << xml;
    const pugi::xml_node value = holder.first_child();
    ASSERT_TRUE(value && !value.next_sibling()) << "ErrorIncorrectUpdatePropertyCount: " << xml;
    set(path, value);
  }

  static std::string list_of(const std::string& uri) {
    if (uri == "contacts:EmailAddress") return "EmailAddresses";
    if (uri == "contacts:PhoneNumber") return "PhoneNumbers";
    EXPECT_TRUE(uri.starts_with("contacts:PhysicalAddress:")) << uri;
    return "PhysicalAddresses";
  }
  static bool is_part(const std::string& uri) { return uri.starts_with("contacts:PhysicalAddress:"); }
  static std::string last_word(const std::string& uri) { return uri.substr(uri.rfind(':') + 1); }

  void remove(const pugi::xml_node& path) {
    const std::string uri = attribute(path, "FieldURI");
    if (local_name(path) == "ExtendedFieldURI") {
      root().remove_child(extended(path));
    } else if (local_name(path) == "FieldURI") {
      root().remove_child(child(root(), last_word(uri)));
    } else {
      pugi::xml_node entry = entry_of(list_of(uri), attribute(path, "FieldIndex"));
      if (is_part(uri))
        entry.remove_child(child(entry, last_word(uri)));
      else
        entry.parent().remove_child(entry);
    }
  }

  void set(const pugi::xml_node& path, const pugi::xml_node& value) {
    remove(path);
    const std::string uri = attribute(path, "FieldURI");
    if (local_name(path) == "ExtendedFieldURI") {
      EXPECT_EQ(local_name(value), "ExtendedProperty");
      root().append_copy(value);
      return;
    }
    if (local_name(path) == "FieldURI") {
      EXPECT_EQ(local_name(value), last_word(uri)) << "ErrorUpdatePropertyMismatch";
      root().append_copy(value);
      derive(last_word(uri));
      return;
    }
    EXPECT_EQ(local_name(value), list_of(uri)) << "ErrorUpdatePropertyMismatch";
    const pugi::xml_node entry = value.first_child();
    ASSERT_TRUE(entry && !entry.next_sibling());
    EXPECT_EQ(attribute(entry, "Key"), attribute(path, "FieldIndex")) << "ErrorUpdatePropertyMismatch";
    pugi::xml_node list = child(root(), list_of(uri));
    if (!list) list = root().append_child(("t:" + list_of(uri)).c_str());
    if (!is_part(uri)) {
      list.append_copy(entry);
      return;
    }
    ASSERT_TRUE(entry.first_child() && !entry.first_child().next_sibling());
    EXPECT_EQ(local_name(entry.first_child()), last_word(uri)) << "ErrorUpdatePropertyMismatch";
    pugi::xml_node own = entry_of(list_of(uri), attribute(path, "FieldIndex"));
    if (!own) {
      own = list.append_child("t:Entry");
      own.append_attribute("Key").set_value(attribute(path, "FieldIndex").c_str());
    }
    own.append_copy(entry.first_child());
  }

  [[nodiscard]] pugi::xml_node entry_of(const std::string& list, const std::string& key) const {
    for (const pugi::xml_node& each : child(root(), list).children())
      if (attribute(each, "Key") == key) return each;
    return {};
  }
  [[nodiscard]] pugi::xml_node extended(const pugi::xml_node& path) const {
    for (const pugi::xml_node& each : children(root(), "ExtendedProperty")) {
      bool same = true;
      for (const pugi::xml_attribute& a : path.attributes())
        same = same && attribute(child(each, "ExtendedFieldURI"), a.name()) == a.value();
      if (same) return each;
    }
    return {};
  }

  void put(const std::string& name, const std::string& text) {
    root().remove_child(child(root(), name));
    if (!text.empty()) root().append_child(("t:" + name).c_str()).text().set(text.c_str());
  }
  void derive_new() {
    if (!child(root(), "Importance")) put("Importance", "Normal");
    if (!child(root(), "Status")) put("Status", "NotStarted");
    const bool has_day = static_cast<bool>(child(root(), "CompleteDate"));
    const std::string day = child_text(root(), "CompleteDate");
    if (derives_ && child_text(root(), "Status") != "InProgress" && child_text(root(), "Status") != "Deferred" &&
        child_text(root(), "Status") != "WaitingOnOthers")
      derive("Status");
    if (has_day) put("CompleteDate", day);
    if (!child(root(), "PercentComplete")) put("PercentComplete", "0");
  }
  void derive(const std::string& what) {
    if (!is_task() || !derives_) return;
    const auto completed = [&] {
      put("Status", "Completed");
      put("PercentComplete", "100");
      if (!child(root(), "CompleteDate")) put("CompleteDate", today_ + "T00:00:00Z");
    };
    const std::string status = child_text(root(), "Status");
    if (what == "CompleteDate" || (what == "Status" && status == "Completed")) {
      completed();
    } else if (what == "Status") {
      put("CompleteDate", "");
      if (status == "NotStarted") put("PercentComplete", "0");
    } else if (what == "PercentComplete") {
      const std::string percent = child_text(root(), "PercentComplete");
      if (percent == "100") return completed();
      put("CompleteDate", "");
      put("Status", percent == "0" ? "NotStarted" : "InProgress");
    }
  }

  pugi::xml_document item_;
  std::string today_;
  bool derives_;
};

}  // namespace syncline::exchange::testing
