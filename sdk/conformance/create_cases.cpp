#include "cases.hpp"
#include "endpoint_cases.hpp"

namespace syncline::conformance {
namespace {

constexpr std::uint32_t keyed_or_found = SY_TOKEN_KEYED | SY_TOKEN_FIND;

bool mailing(const std::string& kind) { return kind == "email"; }

/// A mail has a body and an attachment in the spool, so that its create is one of several requests where it can be.
Operation rich_create(Subject& s, const std::string& kind, int n) {
  Operation op = create_op(s, kind, n);
  if (!mailing(kind)) return op;
  json::object doc = parse(op.doc);
  const std::string body = "Body " + std::to_string(n), file(3000, 'x');
  const std::string item = "source-" + std::to_string(n);
  doc["body"] = json::object{{"type", "text"}, {"blob", s.host().put_blob(item, "body", body)}, {"size", body.size()}};
  doc["attachments"] = json::array{json::object{{"key", "2"},
                                                {"name", "file.txt"},
                                                {"type", "text/plain"},
                                                {"size", file.size()},
                                                {"blob", s.host().put_blob(item, "2", file)},
                                                {"inline", false}}};
  op.doc = json::serialize(doc);
  return op;
}

/// Ids of the items that a listing shows (gone ones left out).
std::vector<std::string> listed(Subject& s, const EndpointHandle& e, const std::string& kind) {
  std::vector<std::string> out;
  const FeedOf feed = feed_of(s, e, kind);
  if (!feed) return out;
  for (const auto& [id, item] : walk(s, feed).last)
    if (!item.gone()) out.push_back(id);
  return out;
}

void settle(Subject& s, const EndpointHandle& e, const std::string& kind) { s.host().advance(e.caps(kind).settle_ms); }

void created_item_is_there(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE);
  const Operation op = create_op(s, kind, 1);
  const Done d = apply_one(s, e, op);
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_FALSE(d.id.empty());
  const Item item = fetch_one(s, e, kind, d.id);
  EXPECT_FALSE(item.gone());
  EXPECT_EQ(item.version, d.version);
  if (!d.doc.empty()) EXPECT_EQ(parse(d.doc), parse(item.doc));
  if (!e.caps(kind).fields.empty() || !d.later.empty() || !d.never.empty()) return;
  const json::object stored = parse(item.doc);
  for (const auto& [key, value] : parse(op.doc)) {
    ASSERT_TRUE(stored.contains(key)) << key;
    EXPECT_EQ(stored.at(key), value) << key;
  }
}

void odd_texts_survive(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE);
  const std::string field = s.text_field(kind);
  const std::vector<std::string> texts{"Grüße aus Köln – 東京 🚀👩‍👩‍👧",
                                       "مرحبا \u202Eabc\u202C",
                                       "a<b>&\"c\" 'd' ]]> %20 + \\ / ?#",
                                       "tab\there",
                                       std::string(std::min<std::size_t>(s.text_limit(kind), 65536), 'z'),
                                       "combining e\u0301"};
  int n = 20;
  for (const std::string& text_of_it : texts) {
    if (text_of_it.size() > s.text_limit(kind)) continue;
    Operation op = create_op(s, kind, ++n);
    json::object doc = parse(op.doc);
    doc[field] = text_of_it;
    op.doc = json::serialize(doc);
    const Done d = apply_one(s, e, op);
    ASSERT_EQ(d.code, SY_OK) << d.text;
    const json::object read = parse(fetch_one(s, e, kind, d.id).doc);
    ASSERT_TRUE(read.contains(field)) << text_of_it.substr(0, 40);
    EXPECT_TRUE(read.at(field) == json::value(text_of_it)) << text_of_it.substr(0, 40);
  }
}

void same_token_makes_one(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE | SY_TOKEN_KEYED);
  const Operation op = rich_create(s, kind, 1);
  const Done first = apply_one(s, e, op);
  ASSERT_EQ(first.code, SY_OK) << first.text;
  const Done second = apply_one(s, e, op);
  EXPECT_TRUE(second.code == SY_OK || second.code == SY_EXISTS) << code_name(second.code);
  if (second.code == SY_OK) EXPECT_EQ(second.id, first.id);
  const auto ids = listed(s, e, kind);
  if (feed_of(s, e, kind)) EXPECT_EQ(ids, std::vector<std::string>{first.id});
}

void other_token_makes_another(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE);
  Operation op = create_op(s, kind, 1);
  const Done first = apply_one(s, e, op);
  op.token = token(2);
  const Done second = apply_one(s, e, op);
  ASSERT_EQ(first.code, SY_OK) << first.text;
  ASSERT_EQ(second.code, SY_OK) << second.text;
  EXPECT_NE(first.id, second.id);
}

void token_is_found(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE | SY_TOKEN_FIND);
  const Operation op = rich_create(s, kind, 1);
  EXPECT_FALSE(e.find(s.host().call(), op).has_value()) << "absent before it is created";
  const Done d = apply_one(s, e, op);
  ASSERT_EQ(d.code, SY_OK) << d.text;
  settle(s, e, kind);
  const auto found = e.find(s.host().call(), op);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->partial());
  EXPECT_EQ(found->id, d.id);
  EXPECT_EQ(found->version, d.version);
  Operation other = op;
  other.token = token(77);
  if (!mailing(kind)) EXPECT_FALSE(e.find(s.host().call(), other).has_value());
  s.remove(kind, d.id);
  EXPECT_FALSE(e.find(s.host().call(), op).has_value()) << "absent when another person has deleted it";
}

/// Breaks before the n-th request of the create, for every n, and repeats it each time (S12, S13).
void broken_create_is_finished(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE);
  if ((e.caps(kind).flags & keyed_or_found) == 0) GTEST_SKIP() << "without tokens a broken create cannot be repeated";
  for (int n = 1; n < 20; ++n) {
    const Operation op = rich_create(s, kind, 100 + n);
    int seen = 0;
    s.host().on_effect([&](int phase, std::string_view) {
      if (phase == SY_BEFORE && ++seen == n) throw Error(SY_RETRY, "broken by the test");
    });
    Done d;
    const sy_code call = code_of([&] { d = apply(e, s.host().call(), {op}).front(); });
    s.host().on_effect({});
    if (call == SY_OK && d.code == SY_OK) {
      EXPECT_GT(n, 1) << "a create is announced as an effect";
      return;
    }
    EXPECT_TRUE(call == SY_RETRY || d.code == SY_RETRY) << code_name(call) << " " << code_name(d.code);
    settle(s, e, kind);
    if (can(e, kind, SY_TOKEN_FIND)) {
      const auto found = e.find(s.host().call(), op);
      if (n == 1)
        EXPECT_FALSE(found.has_value()) << "nothing was sent yet";
      else
        EXPECT_TRUE(found && found->partial()) << "begun and not ended: request " << n;
    }
    const Done again = apply_one(s, e, op);
    ASSERT_EQ(again.code, SY_OK) << again.text;
    settle(s, e, kind);
    if (can(e, kind, SY_TOKEN_FIND)) {
      const auto found = e.find(s.host().call(), op);
      ASSERT_TRUE(found.has_value());
      EXPECT_FALSE(found->partial());
      EXPECT_EQ(found->id, again.id);
    }
    if (feed_of(s, e, kind))
      EXPECT_EQ(listed(s, e, kind).size(), static_cast<std::size_t>(n)) << "one item for one token";
  }
  ADD_FAILURE() << "a create never ended";
}

void mail_bears_its_parts(Subject& s, const std::string& kind) {
  if (!mailing(kind)) GTEST_SKIP() << "only mail has bodies and parts";
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE);
  const Done d = apply_one(s, e, rich_create(s, kind, 1));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  const json::object doc = parse(fetch_one(s, e, kind, d.id).doc);
  ASSERT_TRUE(doc.contains("body"));
  EXPECT_EQ(s.host().read_blob(doc.at("body").as_object().at("blob").as_string()), "Body 1");
  ASSERT_EQ(doc.at("attachments").as_array().size(), 1u);
  EXPECT_EQ(s.host().read_blob(doc.at("attachments").as_array()[0].as_object().at("blob").as_string()),
            std::string(3000, 'x'));
}

void lost_source_is_said(Subject& s, const std::string& kind) {
  if (!mailing(kind)) GTEST_SKIP() << "only mail has bodies and parts";
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE);
  const Operation op = rich_create(s, kind, 1);
  for (const auto& entry : std::filesystem::directory_iterator(s.host().spool().folder()))
    std::filesystem::remove(entry.path());
  const Done d = apply_one(s, e, op);
  EXPECT_NE(d.code, SY_OK) << "a mail without its body is not passed off as complete";
}

}  // namespace

std::vector<Case> create_cases() {
  return {{"created_item_is_there", true, created_item_is_there},
          {"odd_texts_survive", true, odd_texts_survive},
          {"same_token_makes_one", true, same_token_makes_one},
          {"other_token_makes_another", true, other_token_makes_another},
          {"token_is_found", true, token_is_found},
          {"broken_create_is_finished", true, broken_create_is_finished},
          {"mail_bears_its_parts", true, mail_bears_its_parts},
          {"lost_source_is_said", true, lost_source_is_said}};
}

}  // namespace syncline::conformance
