// The schemas: their examples, what the MIME reader makes of the corpus, and what they refuse.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "syncline/formats/mime.hpp"
#include "test_sink.hpp"

namespace syncline {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

const fs::path sdk = fs::path(SYNCLINE_SOURCE_DIR) / "sdk";

json::value load(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return json::parse(text.str());
}

class Schema {
 public:
  explicit Schema(const std::string& kind) : text_(load(sdk / "schema" / (kind + ".schema.json"))) {
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(valijson::adapters::BoostJsonAdapter(text_), schema_);
  }
  [[nodiscard]] const json::object& text() const { return text_.as_object(); }
  /// Empty: valid.
  [[nodiscard]] std::string errors(const json::value& document) const {
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::BoostJsonAdapter adapter(document);
    if (validator.validate(schema_, adapter, &results)) return {};
    std::string all = "invalid";
    for (const auto& error : results) {
      for (const auto& step : error.context) all += step;
      all += ": " + error.description + "; ";
    }
    return all;
  }

 private:
  json::value text_;
  valijson::Schema schema_;
};

class EachSchema : public testing::TestWithParam<const char*> {};

TEST_P(EachSchema, TakesItsExamples) {
  const Schema schema(GetParam());
  const json::array& examples = schema.text().at("examples").as_array();
  ASSERT_GE(examples.size(), 2U);
  for (const json::value& example : examples) EXPECT_EQ(schema.errors(example), "") << example;
}

TEST_P(EachSchema, RefusesWhatItDoesNotName) {
  const Schema schema(GetParam());
  json::value example = schema.text().at("examples").at(0);
  example.as_object()["no_such_field"] = "x";
  EXPECT_NE(schema.errors(example), "");
  EXPECT_NE(schema.errors(json::array{}), "");
}

void expect_documented(const json::value& schema, const std::string& where, bool top) {
  if (const json::value* properties = schema.as_object().if_contains("properties")) {
    const json::value* closed = schema.as_object().if_contains("additionalProperties");
    EXPECT_TRUE(closed != nullptr && *closed == json::value(false)) << where << " is open";
    for (const auto& property : properties->as_object()) {
      const std::string path = where + "." + std::string(property.key());
      const json::object& field = property.value().as_object();
      const bool documented = field.contains("description") || (!top && field.contains("$ref"));
      EXPECT_TRUE(documented) << path << " is not described";
      if (top && documented) {
        const std::string_view description = field.at("description").as_string();
        EXPECT_NE(description.find("ritten by"), std::string_view::npos) << path << " does not say who writes it";
      }
      expect_documented(field, path, false);
    }
  }
  if (const json::value* definitions = schema.as_object().if_contains("definitions"))
    for (const auto& definition : definitions->as_object())
      expect_documented(definition.value(), where + "#" + std::string(definition.key()), false);
}

TEST_P(EachSchema, DescribesEveryField) { expect_documented(Schema(GetParam()).text(), GetParam(), true); }

INSTANTIATE_TEST_SUITE_P(Schemas, EachSchema, testing::Values("contact", "task", "email"),
                         [](const auto& test) { return std::string(test.param); });

TEST(EmailSchema, TakesWhatTheMimeReaderMakesOfTheCorpus) {
  const Schema schema("email");
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(sdk.parent_path() / "tests/mime")) {
    if (entry.path().extension() != ".eml") continue;
    ++count;
    formats::TestSink sink;
    const formats::MailFile mail{entry.path()};
    EXPECT_EQ(schema.errors(formats::read_whole(mail, {}, sink)), "") << entry.path();
    EXPECT_EQ(schema.errors(formats::read_head(mail, {})), "") << entry.path();
  }
  EXPECT_GE(count, 25U);
}

void expect_refused(const Schema& schema, std::string_view key, const json::value& value) {
  json::value example = schema.text().at("examples").at(0);
  example.as_object()[key] = value;
  EXPECT_NE(schema.errors(example), "") << key << " = " << value;
}

TEST(EmailSchema, RefusesWrongValues) {
  const Schema schema("email");
  expect_refused(schema, "direction", "sideways");
  expect_refused(schema, "date", "2026-01-05T09:00:00Z");
  expect_refused(schema, "to", json::array{});
  expect_refused(schema, "from", json::object{{"name", "nobody"}});
  expect_refused(schema, "digest", "ABC");
  expect_refused(schema, "size", -1);
  expect_refused(schema, "body", json::object{{"type", "rtf"}, {"blob", "x"}, {"size", 1}});
  expect_refused(schema, "message_id", "");
}

TEST(ContactSchema, RefusesWrongValues) {
  const Schema schema("contact");
  expect_refused(schema, "birthday", "1980-2-29");
  expect_refused(schema, "business_address", json::object{{"planet", "Mars"}});
  expect_refused(schema, "firstname", 7);
}

TEST(TaskSchema, RefusesWrongValues) {
  const Schema schema("task");
  expect_refused(schema, "percent", 101);
  expect_refused(schema, "status", "open");
  expect_refused(schema, "due", "2026-01-09T00:00:00.000Z");
}

}  // namespace
}  // namespace syncline
