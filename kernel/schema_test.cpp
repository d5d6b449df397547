// The validator and the JSON Schema come from the same tables; valijson is the second opinion on the whole corpus.
#include "schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "reference.hpp"
#include "units.hpp"

namespace syncline {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path corpus = SYNCLINE_SOURCE_DIR "/tests/config";

class SecondOpinion {
 public:
  SecondOpinion()
      : plugins_({SYNCLINE_BUILD_DIR "/tests/config/plugins"}), text_(json_schema(known_classes(plugins_))) {
    const valijson::adapters::BoostJsonAdapter adapter(text_);
    valijson::SchemaParser().populateSchema(adapter, schema_);
  }
  [[nodiscard]] bool accepts(const json::value& document) {
    const valijson::adapters::BoostJsonAdapter adapter(document);
    valijson::ValidationResults results;
    const bool fine = valijson::Validator().validate(schema_, adapter, &results);
    why.clear();
    for (valijson::ValidationResults::Error e; results.popError(e);) {
      for (const std::string& c : e.context) why += c;
      why += " " + e.description + "\n";
    }
    return fine;
  }
  std::string why;

 private:
  PluginRegistry plugins_;
  json::value text_;
  valijson::Schema schema_;
};

std::string slurp(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The tree as an editor sees it: not expanded, with its includes.
json::value document(const fs::path& file) {
  Faults faults;
  return plain_json(
      read_tree(file.string(), [](const std::string& name) { return std::optional("${" + name + "}"); }, faults));
}

TEST(Schema, AcceptsEveryGoodFile) {
  SecondOpinion opinion;
  for (const auto& e : fs::directory_iterator(corpus / "good")) {
    if (e.is_regular_file()) {
      EXPECT_TRUE(opinion.accepts(document(e.path()))) << e.path() << "\n" << opinion.why;
    }
  }
}

TEST(Schema, RefusesEveryBadFileWhoseShapeIsWrong) {
  SecondOpinion opinion;
  std::size_t refused = 0;
  for (const auto& e : fs::directory_iterator(corpus / "bad")) {
    if (!e.is_regular_file()) continue;
    const std::string text = slurp(e.path());
    const bool syntax = text.find(" CFG001 ") != std::string::npos || text.find(" CFG004 ") != std::string::npos;
    if (syntax) continue;
    // A file says so when its mistake is one that no schema can see: a reference, a name, the mode of a file.
    const bool expected = text.find("\n# schema accepts") != std::string::npos;
    EXPECT_EQ(opinion.accepts(document(e.path())), expected) << e.path() << "\n" << opinion.why;
    refused += expected ? 0U : 1U;
  }
  EXPECT_GT(refused, 30U);
}

// --- single values ---

Node text_node(const std::string& text) {
  Node n;
  n.type = Node::Type::text;
  n.text = text;
  return n;
}

TEST(Units, Durations) {
  EXPECT_EQ(parse_duration("5m"), 300'000);
  EXPECT_EQ(parse_duration("5min"), 300'000);
  EXPECT_EQ(parse_duration("1h30min"), 5'400'000);
  EXPECT_EQ(print_duration(300'000), "5m");
  EXPECT_EQ(parse_duration("1h30m"), 5'400'000);
  EXPECT_EQ(parse_duration("30d"), 2'592'000'000);
  EXPECT_EQ(parse_duration("250ms"), 250);
  EXPECT_EQ(parse_duration("2w"), 1'209'600'000);
  for (const char* wrong :
       {"", "5", "m", "5 m", "-5m", "5x", "5m3", "9999999999999999999s", "99999999999999999w", "1.5h"})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  for (const std::int64_t ms : {0LL, 1LL, 1'000LL, 90'000LL, 3'600'000LL, 86'400'000LL, 86'400'001LL})
    EXPECT_EQ(parse_duration(print_duration(ms)), ms);
}

TEST(Units, Sizes) {
  EXPECT_EQ(parse_bytes("64MiB"), 64 << 20);
  EXPECT_EQ(parse_bytes("10MB"), 10'000'000);
  EXPECT_EQ(parse_bytes("17"), 17);
  for (const std::int64_t n : {0LL, 1LL, 1000LL, 1024LL, 5LL << 20, 3LL << 30, 10'000'000LL, 1025LL})
    EXPECT_EQ(parse_bytes(print_bytes(n)), n);
  EXPECT_EQ(print_bytes(64 << 20), "64MiB");
  for (const char* wrong : {"", "MiB", "1 MiB", "-1", "1mib", "9999999999TiB", "1MiB1"})
    EXPECT_FALSE(parse_bytes(wrong)) << wrong;
}

TEST(Units, Instants) {
  EXPECT_EQ(parse_instant("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_instant("2026-01-01T01:00:00+01:00"), 1'767'225'600'000);
  EXPECT_EQ(parse_instant("2026-01-01 00:00:00.25Z"), 1'767'225'600'250);
  EXPECT_EQ(parse_instant("1969-12-31T23:59:59.999Z"), -1);
  for (const char* wrong : {"", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                            "2026-01-01T24:00:00Z", "2026-01-01T00:00:00Zx"})
    EXPECT_FALSE(parse_instant(wrong)) << wrong;
  EXPECT_EQ(print_instant(1'767'225'600'250), "2026-01-01T00:00:00.250Z");
  EXPECT_EQ(print_instant(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Values, BoundsAreInclusive) {
  const sy_option o{sizeof(sy_option), SY_DURATION, 0, "interval", nullptr, "10s..1m", "d", nullptr};
  Faults faults;
  EXPECT_TRUE(read_value(text_node("10s"), o, "[x]", faults));
  EXPECT_TRUE(read_value(text_node("1m"), o, "[x]", faults));
  EXPECT_TRUE(faults.empty());
  EXPECT_FALSE(read_value(text_node("9999ms"), o, "[x]", faults));
  EXPECT_EQ(faults.sorted().size(), 1U);
  Faults more;
  EXPECT_FALSE(read_value(text_node("61s"), o, "[x]", more));
  EXPECT_EQ(more.sorted().size(), 1U);
}

TEST(Values, WhatAVariableHoldsIsNotQuoted) {
  const sy_option o{sizeof(sy_option), SY_CHOICE, 0, "tls", nullptr, "on|off", "d", nullptr};
  Faults faults;
  Node n = text_node("canary-hunter2");
  n.expanded = true;
  EXPECT_FALSE(read_value(n, o, "[x]", faults));
  EXPECT_THAT(faults.print(), testing::Not(HasSubstr("canary")));
}

TEST(Options, DeclarationsAreJudged) {
  const auto judged = [](std::uint32_t type, const char* name, const char* fallback, const char* allowed) {
    const sy_option o{sizeof(sy_option), type, 0, name, fallback, allowed, "d", nullptr};
    return judge_option(o);
  };
  EXPECT_EQ(judged(SY_INT, "port", "995", "1..65535"), "");
  EXPECT_EQ(judged(SY_DURATION, "wait", "5m", "1s.."), "");
  EXPECT_EQ(judged(SY_TEXT, "auth.method", "\"x\"", nullptr), "");
  EXPECT_EQ(judged(SY_LIST, "kinds", "[\"a\"]", "a|b"), "");
  EXPECT_THAT(judged(SY_INT, "port", "0", "1..65535"), HasSubstr("default"));
  EXPECT_THAT(judged(SY_INT, "port", nullptr, "1-5"), HasSubstr("range"));
  EXPECT_THAT(judged(SY_CHOICE, "tls", "\"c\"", "a|b"), HasSubstr("default"));
  EXPECT_THAT(judged(SY_CHOICE, "tls", nullptr, nullptr), HasSubstr("choice of nothing"));
  EXPECT_THAT(judged(SY_SECRET, "pw", "\"x\"", nullptr), HasSubstr("secret"));
  EXPECT_THAT(judged(99, "x", nullptr, nullptr), HasSubstr("type"));
  EXPECT_THAT(judged(SY_TEXT, "A b", nullptr, nullptr), HasSubstr("name"));
  EXPECT_THAT(judged(SY_TEXT, "a..b", nullptr, nullptr), HasSubstr("name"));
}

TEST(Nearest, FindsSlipsOfThePenOnly) {
  EXPECT_EQ(nearest("intervall", {"interval", "integer"}), "interval");
  EXPECT_EQ(nearest("hsot", {"host", "port"}), "host");
  EXPECT_EQ(nearest("entirely", {"host", "port"}), "");
  EXPECT_EQ(nearest("", {"host"}), "");
}

TEST(Excerpts, ShowNoOtherValueOfTheLine) {
  Faults faults;
  const std::string text =
      "auth = { method = \"ntlm\", \"pass word\" = 'canary-1', n = 12345 } # canary-2\n"
      "words = \"\"\"\ncanary-3\n\"\"\"\n"
      "x = \"canary-4\n";
  const std::uint32_t file = faults.add_source("f.toml", text);
  faults.add("CFG015", {file, 1, 19, 6}, "t", "h");
  faults.add("CFG012", {file, 1, 27, 11}, "t", "h");
  faults.add("CFG012", {file, 3, 1, 3}, "t", "h");
  faults.add("CFG012", {file, 5, 1, 1}, "t", "h");
  const std::string printed = faults.print();
  EXPECT_THAT(printed, testing::Not(HasSubstr("canary-1")));
  EXPECT_THAT(printed, testing::Not(HasSubstr("canary-2")));
  EXPECT_THAT(printed, testing::Not(HasSubstr("canary-4")));
  EXPECT_THAT(printed, testing::Not(HasSubstr("12345")));
  EXPECT_THAT(
      printed,
      HasSubstr("auth = { method = \"ntlm\", \"pass word\" = …, n = … }\n      |                   ^^^^^^ h\n"));
  EXPECT_THAT(
      printed,
      HasSubstr("auth = { method = …, \"pass word\" = …, n = … }\n      |                      ^^^^^^^^^^^ h\n"));
}

}  // namespace
}  // namespace syncline
