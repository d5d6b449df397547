#include <set>

#include "cases.hpp"

namespace syncline::conformance {
namespace {

class CaseTest : public testing::Test {
 public:
  CaseTest(SubjectFactory factory, std::string suite, Case c, std::string kind)
      : factory_(std::move(factory)), suite_(std::move(suite)), case_(std::move(c)), kind_(std::move(kind)) {}

  void TestBody() override {
    const std::unique_ptr<Subject> subject = factory_();
    const auto exceptions = subject->exceptions();
    for (const std::string& name : {suite_ + "." + case_.name, suite_ + "." + case_.name + "/" + kind_})
      if (const auto it = exceptions.find(name); it != exceptions.end()) GTEST_SKIP() << it->second;
    case_.run(*subject, kind_);
    subject->host().rethrow();
    EXPECT_EQ(subject->host().spool().open_handles(), 0u) << "every blob that was begun or opened is closed";
  }

 private:
  SubjectFactory factory_;
  std::string suite_;
  Case case_;
  std::string kind_;
};

/// An exception for a case that does not exist, or without a reason, excuses nothing.
class ExceptionsTest : public testing::Test {
 public:
  ExceptionsTest(SubjectFactory factory, std::set<std::string> known)
      : factory_(std::move(factory)), known_(std::move(known)) {}
  void TestBody() override {
    for (const auto& [name, reason] : factory_()->exceptions()) {
      EXPECT_TRUE(known_.contains(name)) << "there is no case called " << name;
      EXPECT_FALSE(reason.empty()) << name << " is excused without a reason";
    }
  }

 private:
  SubjectFactory factory_;
  std::set<std::string> known_;
};

}  // namespace

json::object Subject::sample(const std::string& kind, int n) {
  const std::string number = std::to_string(n);
  if (kind == "contact")
    return {{"firstname", "Ada"}, {"lastname", "Sample " + number}, {"email1", "ada" + number + "@contoso.test"}};
  if (kind == "task") return {{"subkind", "task"}, {"subject", "Sample " + number}, {"status", "not_started"}};
  return {{"message_id", "sample-" + number + "@contoso.test"},
          {"direction", "incoming"},
          {"subject", "Sample " + number},
          {"date", "2026-01-01T08:00:00.000Z"},
          {"from", {{"address", "sender@fabrikam.test"}, {"name", "Sender"}}},
          {"to", json::array{json::object{{"address", "ada@contoso.test"}}}},
          {"importance", "normal"}};
}

std::string Subject::text_field(const std::string& kind) { return kind == "email" ? "subject" : "notes"; }

std::string Subject::update_field(const std::string& kind) { return kind == "email" ? "regarding" : text_field(kind); }

bool register_suites(const std::string& name, const std::vector<std::string>& kinds, const SubjectFactory& factory) {
  std::set<std::string> known;
  const auto add = [&](const std::string& suite, const std::vector<Case>& cases) {
    for (const Case& c : cases) {
      known.insert(suite + "." + c.name);
      for (const std::string& kind : c.per_kind ? kinds : std::vector<std::string>{kinds.front()}) {
        known.insert(suite + "." + c.name + "/" + kind);
        const std::string test = suite + "_" + c.name + (c.per_kind ? "_" + kind : "");
        testing::RegisterTest(name.c_str(), test.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [=]() -> testing::Test* { return new CaseTest(factory, suite, c, kind); });
      }
    }
  };
  add("connection", connection_suite());
  add("endpoint", endpoint_suite());
  add("feeds", feeds_suite());
  testing::RegisterTest(name.c_str(), "exceptions_are_known", nullptr, nullptr, __FILE__, __LINE__,
                        [=]() -> testing::Test* { return new ExceptionsTest(factory, known); });
  return true;
}

}  // namespace syncline::conformance
