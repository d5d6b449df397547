// ConfigReader's [[test]] blocks.
#include <algorithm>

#include "config_reader.hpp"
#include "config_values.hpp"

namespace syncline {

void ConfigReader::read_tests() {
  const Entry* e = root_.find("test");
  if (e == nullptr) return;
  if (e->value.type != Node::Type::list)
    return faults_.add("CFG010", e->at, "\"test\" must be a list of tables", {}, "write [[test]]");
  for (const Node& item : e->value.items)
    if (item.type == Node::Type::table)
      read_test(item);
    else
      faults_.add("CFG010", item.at, "each test must be a table", {}, "write [[test]]");
}

void ConfigReader::read_test(const Node& table) {
  const OptionTable& options = section("test").options;
  json::object v = read_options(table, {"[[test]]", table.at, options, {}, {}}, faults_).values;
  fill_defaults(v, options);
  const auto place = [&](std::string_view name) {
    const Entry* e = table.find(name);
    return e == nullptr ? table.at : e->value.at;
  };
  ConfigTest t;
  t.at = table.at;
  t.expect_at = place("expect");
  for (auto& [to, name] : {std::pair{&t.name, "name"},
                           {&t.file, "mail"},
                           {&t.from, "from"},
                           {&t.subject, "subject"},
                           {&t.message_id, "message_id"},
                           {&t.in_reply_to, "in_reply_to"},
                           {&t.body, "body"},
                           {&t.direction, "direction"},
                           {&t.expect, "expect"},
                           {&t.reason, "reason"}})
    *to = word(v, name);
  t.to = words(v, "to");
  t.cc = words(v, "cc");
  t.headers = words(v, "headers");
  t.in_crm = words(v, "in_crm");
  if (find_dotted(v, "received") != nullptr) t.received_ms = number(v, "received");
  if (find_dotted(v, "size") != nullptr) t.size = number(v, "size");
  for (const std::string& who : words(v, "known")) {
    const auto blank = who.find(' ');
    if (blank == std::string::npos || who.find('@', blank) == std::string::npos)
      faults_.add("CFG013", place("known"), "\"" + who + "\" is not a type and an address", {},
                  "write known = [\"contact carol@example.com\"]");
    else
      t.known.emplace_back(who.substr(0, blank), who.substr(who.find_first_not_of(' ', blank)));
  }
  if (!t.file.empty() && !t.from.empty())
    faults_.add("CFG013", place("from"), "the mail is a file: its sender stands there", {}, "take one of the two out");
  if (t.file.empty() && t.from.empty() && table.find("from") == nullptr)
    faults_.add("CFG011", table.at, "the test has no mail", {}, "name a file (mail = …), or its sender (from = …)");
  std::vector<std::string> names;
  const std::string wanted = word(v, "for");
  for (const PairConfig& p : out_.config.pairs) {
    names.push_back(p.name);
    if (same_address(p.address, wanted)) t.pair = p.name;
  }
  if (t.pair.empty() && !wanted.empty()) {
    const std::string near = nearest(wanted, names);
    faults_.add("CFG020", place("for"), "there is no user or queue \"" + wanted + "\"",
                near.empty() ? "" : "did you mean \"" + near + "\"?", "name one of this configuration");
  }
  if (!t.pair.empty() && !t.expect.empty()) out_.config.tests.push_back(std::move(t));
}

}  // namespace syncline
