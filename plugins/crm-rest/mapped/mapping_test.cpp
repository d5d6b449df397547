// Mapping files: what is wrong in one is told in one go, with its place; what is right comes out as values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mapped/mapped_crm.hpp"
#include "mapped/row.hpp"

namespace syncline::crm {
namespace {

std::vector<std::string> lines(std::string_view text) {
  Mistakes mistakes;
  read_mapping("m.json", text, mistakes);
  std::vector<std::string> out;
  for (const Mistake& m : mistakes) out.push_back(m.line());
  return out;
}

TEST(Mapping, TellsEveryMistakeWithItsPlaceInOneRun) {
  const auto found = lines(R"({
  "extends": "odatta",
  "list": { "paging": "pages", "rws": "value" },
  "records": {
    "contact": {
      "set": 7,
      "fields": { "firstnam": "a", "birthday": { "column": "b", "format": "dmy" }, "notes": 3 }
    },
    "lead": {}
  }
})");
  using ::testing::Contains;
  using ::testing::HasSubstr;
  for (const char* part :
       {"m.json:2:14: \"extends\" must be \"odata\" or \"rest\"; did you mean \"odata\"?",
        "m.json:3:23: \"list.paging\" must be one of", "did you mean \"page\"?",
        "m.json:3:32: there is no key in \"list\" \"rws\"; did you mean \"rows\"?",
        "m.json:6:14: \"records.contact.set\" must be a text", "\"records.contact.key\" is missing",
        "m.json:7:19: a contact has no field \"firstnam\"; did you mean \"firstname\"?",
        "\"records.contact.fields.birthday.format\" must be one of",
        "m.json:7:93: \"records.contact.fields.notes\" must be an object", "m.json:9:5: there is no kind \"lead\""})
    EXPECT_THAT(found, Contains(HasSubstr(part))) << part;
}

TEST(Mapping, SyntaxIsToldByPlace) {
  EXPECT_EQ(lines("{\n  \"extends\": \"rest\"\n  \"base\": \"x\" }").at(0),
            "m.json:3:3: a comma or } is expected here");
  EXPECT_EQ(lines("{ \"a\": 1, \"a\": 2 }").at(0), "m.json:1:11: \"a\" is given twice; remove one of them");
  EXPECT_EQ(lines("{ \"a\": \"x\n\" }").at(0), "m.json:1:8: this text has no end");
  EXPECT_EQ(lines(std::string(200, '[')).size(), 1u);
  EXPECT_EQ(lines("").size(), 1u);
}

TEST(Mapping, CommentsAreAllowedAndAProfileIsLaidUnder) {
  Mistakes none;
  const auto m = read_mapping(
      "m.json", "// first\n{ \"extends\": \"odata\", // why\n \"list\": {\"delta\": null}, \"records\": {} }", none);
  ASSERT_TRUE(none.empty()) << none.front().line();
  EXPECT_EQ(path_text(m->list.rows), "value");
  EXPECT_TRUE(m->list.delta.empty()) << "null takes a member away";
  EXPECT_EQ(m->etag, Etag::row);
}

TEST(Mapping, AMailThatCouldBeMadeTwiceIsRefused) {
  EXPECT_THAT(
      lines(R"({"extends": "rest", "records": {"email": {"set": "n", "key": "id", "fields": {"subject": "s"}}}})"),
      ::testing::Contains(::testing::HasSubstr("could be made twice")));
}

TEST(Mapping, ABadFileIsLoggedLineByLineAndRefused) {
  MappedCrm crm;
  crm.write("{\"extends\": \"rest\", \"lists\": {}, \"bas\": 1}");
  try {
    crm.connect();
    FAIL() << "it must be refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CONFIG);
    EXPECT_NE(std::string(e.what()).find("acme.json:1:"), std::string::npos);
  }
  EXPECT_TRUE(crm.host.logged("did you mean \"list\"?"));
  EXPECT_TRUE(crm.host.logged("did you mean \"base\"?"));
}

TEST(Mapping, ShippedProfilesHaveNoMistakes) {
  EXPECT_TRUE(shipped_mapping("odata")->odata);
  EXPECT_FALSE(shipped_mapping("rest")->odata);
}

/// The tables here and the schemas of the sdk name the same fields.
TEST(Mapping, KnowsExactlyTheFieldsOfTheSchemas) {
  const std::set<std::string> not_from_a_mapping{
      "references", "conversation_index", "digest",     "size",        "oversize",  "unreadable", "parties",
      "regarding",  "correlation",        "parts_lost", "attachments", "accepting", "receiving",  "queues",
      "lost",       "protected",          "token",      "conversation"};
  for (const std::string kind : {"contact", "task", "email"}) {
    std::ifstream file(std::string(SYNCLINE_SOURCE_DIR) + "/sdk/schema/" + kind + ".schema.json");
    std::ostringstream text;
    text << file.rdbuf();
    const json::value root = json::parse(text.str());
    std::set<std::string> schema, ours;
    for (const auto& p : root.at("properties").as_object())
      if (!not_from_a_mapping.contains(std::string(p.key()))) schema.insert(std::string(p.key()));
    for (const CanonicalField& f : canonical_fields(kind)) ours.insert(split(f.name, '.').front());
    EXPECT_EQ(ours, schema) << kind;
  }
}

TEST(Row, ReadsDatesDecimalsAndChoicesInTheirManyForms) {
  Mistakes none;
  const auto m = read_mapping("m.json", R"({"extends": "rest", "records": {"task": {"set": "t", "key": "id", "fields": {
      "start": {"column": "a", "format": "epoch"}, "due": {"column": "b", "format": "dd.mm.yyyy"}, "completed": "c",
      "percent": {"column": "p", "format": "text"}, "status": {"column": "s", "values": {"completed": 5, "not_started": 2}},
      "categories": {"column": "g", "format": "text"}}}}})",
                              none);
  ASSERT_TRUE(none.empty()) << none.front().line();
  const RecordMap& task = *m->record("task");
  const json::object doc = document_of(task, json::object{{"a", 1767225600},
                                                          {"b", "31.12.2026"},
                                                          {"c", "/Date(1767225600000)/"},
                                                          {"p", "42.00"},
                                                          {"s", "5"},
                                                          {"g", "a; b"}});
  EXPECT_EQ(
      json::serialize(doc),
      R"({"start":"2026-01-01","due":"2026-12-31","completed":"2026-01-01","percent":42,"status":"completed","categories":["a","b"]})");
  std::vector<std::string> never;
  json::object row;
  for (const Change& c : changes_of(*m, task, doc, {}, never)) put_at(row, c.column, c.value);
  EXPECT_EQ(json::serialize(row), R"({"a":1767225600,"b":"31.12.2026","c":"2026-01-01","p":"42","s":5,"g":"a; b"})");
  EXPECT_THROW(document_of(task, json::object{{"s", 9}}), Unreadable) << "an unknown state is not an empty one";
  EXPECT_THROW(document_of(task, json::object{{"b", "soon"}}), Unreadable);
}

}  // namespace
}  // namespace syncline::crm
