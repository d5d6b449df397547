#include "document.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace syncline {
namespace {

json::object doc(std::initializer_list<std::pair<json::string_view, json::value_ref>> members) {
  return json::object(members);
}

TEST(Document, normal_form_drops_what_is_empty_and_keeps_line_ends_as_lf) {
  const json::object n = normalise(
      doc({{"a", ""}, {"b", nullptr}, {"c", json::array{}}, {"d", json::object{}}, {"e", "x\r\ny\rz"}, {"f", 0}}));
  EXPECT_EQ(canonical_text(n), R"({"e":"x\ny\nz","f":0})");
}

TEST(Document, equal_documents_have_one_text_and_hash_whatever_the_order_of_members) {
  const json::object l = doc({{"b", json::object{{"y", 1}, {"x", 2}}}, {"a", 1}}),
                     r = doc({{"a", 1}, {"b", json::object{{"x", 2}, {"y", 1}}}});
  EXPECT_EQ(canonical_text(l), canonical_text(r));
  EXPECT_EQ(content_hash(l), content_hash(r));
}

TEST(Document, a_base_survives_packing_with_both_sides_apart) {
  const Sides<json::object> base{doc({{"phone", "+1 2"}, {"only_mailbox", 1}}),
                                 doc({{"phone", "12"}, {"only_crm", 2}})};
  const auto back = unpack_base(pack_base(base));
  EXPECT_EQ(canonical_text(back.mailbox), canonical_text(base.mailbox));
  EXPECT_EQ(canonical_text(back.crm), canonical_text(base.crm));
}

MergeInput input(json::object m, json::object c, const json::object& base) {
  MergeInput in;
  in.kind = "contact";
  in.now = {std::move(m), std::move(c)};
  in.base = {base, base};
  return in;
}

TEST(Merge, carries_each_side_s_own_change_to_the_other) {
  const json::object base = doc({{"email1", "a"}, {"jobtitle", "x"}});
  const MergeInput in =
      input(doc({{"email1", "b"}, {"jobtitle", "x"}}), doc({{"email1", "a"}, {"jobtitle", "y"}}), base);
  const Merge m = merge(in);
  EXPECT_EQ(m.fields.crm, std::vector<std::string>{"email1"});
  EXPECT_EQ(m.fields.mailbox, std::vector<std::string>{"jobtitle"});
  EXPECT_EQ(canonical_text(m.wanted.mailbox), canonical_text(m.wanted.crm));
  EXPECT_TRUE(m.losers.empty());
}

TEST(Merge, keeps_the_loser_of_a_conflict_and_asks_when_the_policy_is_manual) {
  const json::object base = doc({{"email1", "a"}});
  MergeInput in = input(doc({{"email1", "m"}}), doc({{"email1", "c"}}), base);
  Merge m = merge(in);  // last_writer without times: CRM wins
  ASSERT_EQ(m.losers.size(), 1u);
  EXPECT_EQ(m.losers[0].side, Side::mailbox);
  EXPECT_EQ(canonical_text(m.losers[0].value), R"({"email1":"m"})");
  EXPECT_EQ(m.fields.mailbox, std::vector<std::string>{"email1"});
  in.newer = Side::mailbox;
  m = merge(in);
  EXPECT_EQ(m.losers[0].side, Side::crm);
  in.policy = ConflictPolicy::manual;
  m = merge(in);
  EXPECT_EQ(m.open_conflicts, std::vector<std::string>{"email1"});
  EXPECT_TRUE(m.fields.mailbox.empty() && m.fields.crm.empty());
}

TEST(Merge, unknown_is_not_empty) {
  const json::object base = doc({{"email1", "a"}, {"nickname", "n"}});
  MergeInput in = input(doc({{"email1", "b"}}), base, base);
  in.carried.mailbox = std::set<std::string>{"email1"};  // the mailbox does not carry nicknames
  const Merge m = merge(in);
  EXPECT_EQ(m.fields.crm, std::vector<std::string>{"email1"});
  EXPECT_EQ(m.wanted.crm.at("nickname").as_string(), "n");
}

TEST(Merge, a_group_is_written_as_one) {
  MergeInput in;
  in.kind = "task";
  const json::object base = doc({{"status", "not_started"}, {"percent", 1}});
  in.base = {base, base};
  in.now = {doc({{"status", "completed"}, {"percent", 100}}), doc({{"status", "in_progress"}, {"percent", 1}})};
  const Merge m = merge(in);  // CRM wins the whole group
  EXPECT_EQ(canonical_text(m.wanted.mailbox), canonical_text(in.now.crm));
}

RC_GTEST_PROP(Merge, both_sides_agree_afterwards_and_nothing_is_lost_silently, ()) {
  const auto some = [] {
    json::object o;
    for (const auto* name : {"email1", "email2", "jobtitle", "notes"})
      if (*rc::gen::inRange(0, 3) != 0) o[name] = std::string(1, static_cast<char>('a' + *rc::gen::inRange(0, 3)));
    return o;
  };
  const json::object base = some();
  const MergeInput in = input(some(), some(), base);
  const Merge m = merge(in);
  RC_ASSERT(canonical_text(m.wanted.mailbox) == canonical_text(m.wanted.crm));
  const auto changed_m = changed_groups("contact", in.now.mailbox, base, std::nullopt),
             changed_c = changed_groups("contact", in.now.crm, base, std::nullopt);
  for (const auto& g : changed_m) {
    const auto* now = in.now.mailbox.if_contains(g);
    const auto* after = m.wanted.mailbox.if_contains(g);
    const bool kept = (now == nullptr) == (after == nullptr) && (now == nullptr || *now == *after);
    RC_ASSERT(kept || std::any_of(m.losers.begin(), m.losers.end(),
                                  [&](const Loser& l) { return l.group == g && l.side == Side::mailbox; }));
    RC_ASSERT(kept || changed_c.contains(g));
  }
}

}  // namespace
}  // namespace syncline
