#include "check.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "option_check.hpp"
#include "syncline/conformance/test_host.hpp"

namespace syncline::conformance {
namespace {

sy_option good_option() { return {sizeof(sy_option), SY_INT, 0, "page", "5", "1..10", "Items a page.", "5"}; }

bool says(const std::vector<std::string>& problems, std::string_view part) {
  return std::any_of(problems.begin(), problems.end(),
                     [&](const std::string& p) { return p.find(part) != std::string::npos; });
}

TEST(OptionCheck, Measures) {
  EXPECT_EQ(measure(SY_DURATION, "1h30m"), 5'400'000);
  EXPECT_EQ(measure(SY_DURATION, "250ms"), 250);
  EXPECT_EQ(measure(SY_DURATION, "5"), std::nullopt);
  EXPECT_EQ(measure(SY_BYTES, "64MiB"), 64 << 20);
  EXPECT_EQ(measure(SY_BYTES, "12"), 12);
  EXPECT_EQ(measure(SY_BYTES, "1MiB2"), std::nullopt);
  EXPECT_EQ(measure(SY_INT, "-3"), -3);
  EXPECT_EQ(measure(SY_INT, "3s"), std::nullopt);
  EXPECT_EQ(measure(SY_DURATION, "9223372036854775807w"), std::nullopt);
  EXPECT_EQ(measure(SY_INT, ""), std::nullopt);
}

TEST(OptionCheck, GoodOnesPass) {
  EXPECT_TRUE(problems_of(good_option()).empty());
  EXPECT_TRUE(problems_of(sy_option{sizeof(sy_option), SY_CHOICE, 0, "auth.method", "\"a\"", "a|b", "Which.", "\"b\""})
                  .empty());
  EXPECT_TRUE(problems_of(sy_option{sizeof(sy_option), SY_SECRET, SY_REQUIRED, "password", nullptr, nullptr, "It.",
                                    "{ env = \"X\" }"})
                  .empty());
}

TEST(OptionCheck, BadOnesAreNamed) {
  const auto with = [](const std::function<void(sy_option&)>& f) {
    sy_option o = good_option();
    f(o);
    return problems_of(o);
  };
  EXPECT_TRUE(says(with([](sy_option& o) { o.name = "Page Size"; }), "small letters"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.name = nullptr; }), "without a name"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.fallback = "11"; }), "default does not fit"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.fallback = "many"; }), "default does not fit"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.example = "0"; }), "example does not fit"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.allowed = "10..1"; }), "min..max"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.doc = ""; }), "doc is empty"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.type = 99; }), "type"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.flags = 64; }), "flags"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.flags = SY_REQUIRED; }), "no default"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.size = 8; }), "size"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.type = SY_CHOICE; }), "choices"));
  EXPECT_TRUE(says(with([](sy_option& o) { o.type = SY_TEXT; }), "no meaning"));
}

// Classes that misbehave, each in its own way.
char one_self;
void* make(const sy_host*, sy_str, sy_error*) { return &one_self; }
void* refuse_silently(const sy_host*, sy_str, sy_error*) { return nullptr; }
void* crash(const sy_host*, sy_str, sy_error*) { std::abort(); }
void end(void*) {}
const void* nothing(void*, const char*) { return nullptr; }
const void* everything(void*, const char*) {
  static const sy_rule table{sizeof(sy_rule), {}, {}, {}, nullptr, nullptr};
  return &table;
}

sy_class class_with(void* (*create)(const sy_host*, sy_str, sy_error*), const void* (*extension)(void*, const char*)) {
  return {sizeof(sy_class), "rule", "sample", "A rule", 0, nullptr, 1, create, end, extension};
}

std::vector<std::string> instances_of(const sy_class& c) {
  const sy_class* const list[] = {&c};
  const sy_plugin p{SY_MAGIC, sizeof(sy_plugin), SY_ABI_MAJOR, SY_ABI_MINOR, "sample", "1", "MIT", 1, list};
  EXPECT_TRUE(problems_of(p).empty());
  return problems_of_instances(p);
}

TEST(InstanceCheck, MisbehaviourIsNamed) {
  EXPECT_TRUE(says(instances_of(class_with(make, nothing)), "does not offer sy.rule/1"));
  EXPECT_TRUE(says(instances_of(class_with(make, everything)), "does not exist"));
  EXPECT_TRUE(says(instances_of(class_with(refuse_silently, nothing)), "no code"));
  EXPECT_TRUE(says(instances_of(class_with(crash, nothing)), "signal"));
}

TEST(PluginCheck, DescriptionIsChecked) {
  sy_class c = class_with(make, nothing);
  const sy_class* const twice[] = {&c, &c};
  sy_plugin p{SY_MAGIC, sizeof(sy_plugin), SY_ABI_MAJOR, SY_ABI_MINOR, "sample", "1", "MIT", 2, twice};
  EXPECT_TRUE(says(problems_of(p), "twice"));
  p.n_classes = 0;
  EXPECT_TRUE(says(problems_of(p), "no classes"));
  p.magic = 0;
  EXPECT_TRUE(says(problems_of(p), "SY_MAGIC"));
  c.role = "wizard";
  EXPECT_TRUE(says(problems_of(c), "role"));
  const sy_option inner = [] {
    sy_option o = good_option();
    o.name = "page.size";
    return o;
  }();
  const sy_option outer = good_option();
  const sy_option* const nested[] = {&outer, &inner};
  c = class_with(make, nothing);
  c.n_options = 2;
  c.options = nested;
  EXPECT_TRUE(says(problems_of(c), "is within page"));
}

TEST(LoadPlugin, StrangersAreRefusedUnloaded) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "text.so";
  { std::ofstream(file) << "not a library"; }
  EXPECT_THROW(load_plugin(file), Error);
  EXPECT_THROW(load_plugin(folder.path() / "absent.so"), Error);
  EXPECT_THROW(load_plugin(folder.path()), Error);
}

TEST(LoadPlugin, MemoryIsInOrder) {
  const sy_plugin& p = load_plugin(SYNCLINE_MEMORY_PLUGIN);
  EXPECT_EQ(problems_of(p), std::vector<std::string>{});
  EXPECT_EQ(problems_of_instances(p), std::vector<std::string>{});
}

}  // namespace
}  // namespace syncline::conformance
