#include "cases.hpp"
#include "endpoint_cases.hpp"

namespace syncline::conformance {
namespace {

void unknown_kind_is_not_carried(Subject& s, const std::string&) {
  const EndpointHandle e = open(s);
  const sy_code code = code_of([&] { fetch(e, s.host().call(), "no-such-kind", {"1"}); });
  EXPECT_EQ(e.caps("no-such-kind").flags, 0u);
  EXPECT_EQ(code, SY_UNSUPPORTED);
}

void unknown_ids_are_answered_each(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  const std::string known = s.add(kind, s.sample(kind, 1));
  const std::string unknown = s.unknown_id(kind);
  const auto items = fetch(e, s.host().call(), kind, {unknown, known});
  ASSERT_EQ(items.size(), 2u) << "one answer for every id";
  for (const Item& i : items) {
    EXPECT_EQ(i.gone() || i.invisible(), i.id == unknown) << i.id;
    EXPECT_TRUE(i.id == known || i.id == unknown);
    if (i.id == unknown) EXPECT_TRUE(i.doc.empty());
  }
}

void nothing_asked_nothing_put(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  EXPECT_TRUE(fetch(e, s.host().call(), kind, {}).empty());
}

void version_follows_edits(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  const std::string id = s.add(kind, s.sample(kind, 1));
  const Item first = fetch_one(s, e, kind, id, SY_HEAD);
  const Item same = fetch_one(s, e, kind, id, SY_HEAD);
  EXPECT_FALSE(first.version.empty());
  EXPECT_EQ(first.version, same.version);
  EXPECT_EQ(first.doc, same.doc) << "two readings of one version are one document";
  s.edit(kind, id, {{s.text_field(kind), "another text"}});
  const Item edited = fetch_one(s, e, kind, id, SY_HEAD);
  EXPECT_NE(edited.version, first.version);
  EXPECT_EQ(parse(edited.doc).at(s.text_field(kind)), "another text");
}

void deletion_by_others_is_seen(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  const std::string id = s.add(kind, s.sample(kind, 1));
  s.remove(kind, id);
  const Item i = fetch_one(s, e, kind, id);
  EXPECT_TRUE(i.gone() || i.invisible());
}

void document_bears_only_carried_fields(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  const std::string id = s.add(kind, s.sample(kind, 1));
  const std::string fields = e.caps(kind).fields;
  const json::object doc = parse(fetch_one(s, e, kind, id).doc);
  EXPECT_FALSE(doc.empty());
  if (fields.empty()) return;
  const json::value carried = json::parse(fields);
  for (const auto& [key, value] : doc)
    EXPECT_NE(std::find(carried.as_array().begin(), carried.as_array().end(), json::value(key)),
              carried.as_array().end())
        << key;
}

void head_lacks_bodies_and_whole_has_them(Subject& s, const std::string& kind) {
  if (kind != "email") GTEST_SKIP() << "only mail has bodies and parts";
  const EndpointHandle e = open(s);
  json::object doc = s.sample(kind, 1);
  doc["body"] = json::object{{"type", "text"}, {"text", "Hello,\r\nworld"}};
  const std::string id = s.add(kind, doc);
  const Item head = fetch_one(s, e, kind, id, SY_HEAD);
  EXPECT_TRUE(head.head()) << "a head says that it is one";
  EXPECT_FALSE(parse(head.doc).contains("body"));
  const Item whole = fetch_one(s, e, kind, id, SY_WHOLE);
  EXPECT_FALSE(whole.head());
  EXPECT_EQ(whole.version, head.version);
  const json::object read = parse(whole.doc);
  ASSERT_TRUE(read.contains("body"));
  const json::object& body = read.at("body").as_object();
  const std::string content = s.host().read_blob(body.at("blob").as_string());
  EXPECT_NE(content.find("world"), std::string::npos);
  EXPECT_EQ(body.at("size").to_number<std::size_t>(), content.size());
}

void receiver_may_stop(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(s.add(kind, s.sample(kind, i)));
  int put = 0;
  const sy_code code = code_of([&] {
    e.fetch(s.host().call(), kind, ids, SY_HEAD, [&](const Item&) {
      ++put;
      return false;
    });
  });
  EXPECT_EQ(put, 1) << "nothing is put after the receiver wanted no more";
  EXPECT_TRUE(code == SY_OK || code == SY_CANCELED);
  EXPECT_EQ(fetch(e, s.host().call(), kind, ids, SY_HEAD).size(), 3u) << "the endpoint goes on working";
}

void canceled_call_reads_nothing(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  const std::string id = s.add(kind, s.sample(kind, 1));
  TestCall canceled;
  canceled.cancel();
  EXPECT_EQ(code_of([&] { fetch(e, canceled, kind, {id}); }), SY_CANCELED);
  TestCall late(-1);
  EXPECT_EQ(code_of([&] { fetch(e, late, kind, {id}); }), SY_CANCELED);
  EXPECT_EQ(fetch_one(s, e, kind, id).id, id) << "the endpoint goes on working";
}

void hanging_request_ends_with_the_call(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  const std::string id = s.add(kind, s.sample(kind, 1));
  if (!s.hang_next()) GTEST_SKIP() << "the server cannot be made to hang";
  TestCall call;
  call.cancel_at_poll(5);  // that it is polled at all while it waits; the test's own time limit is the rest
  EXPECT_EQ(code_of([&] { fetch(e, call, kind, {id}); }), SY_CANCELED);
}

void throttling_says_how_long(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  const std::string id = s.add(kind, s.sample(kind, 1));
  if (!s.throttle_next(7000)) GTEST_SKIP() << "the server cannot be made to throttle";
  TestCall impatient(1000);
  try {
    fetch(e, impatient, kind, {id});
    ADD_FAILURE() << "a throttled call must not pass for a success";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), SY_RETRY);
    EXPECT_GT(error.retry_after_ms(), 0);
  }
}

void refused_credentials_end_the_call(Subject& s, const std::string& kind) {
  const std::string id = s.add(kind, s.sample(kind, 1));
  const EndpointHandle e = open(s);
  if (!s.refuse_credentials()) GTEST_SKIP() << "the server cannot be made to refuse";
  EXPECT_EQ(code_of([&] { fetch(e, s.host().call(), kind, {id}); }), SY_AUTH);
}

}  // namespace

std::vector<Case> read_cases() {
  return {{"unknown_kind_is_not_carried", false, unknown_kind_is_not_carried},
          {"unknown_ids_are_answered_each", true, unknown_ids_are_answered_each},
          {"nothing_asked_nothing_put", true, nothing_asked_nothing_put},
          {"version_follows_edits", true, version_follows_edits},
          {"deletion_by_others_is_seen", true, deletion_by_others_is_seen},
          {"document_bears_only_carried_fields", true, document_bears_only_carried_fields},
          {"head_lacks_bodies_and_whole_has_them", true, head_lacks_bodies_and_whole_has_them},
          {"receiver_may_stop", true, receiver_may_stop},
          {"canceled_call_reads_nothing", true, canceled_call_reads_nothing},
          {"hanging_request_ends_with_the_call", true, hanging_request_ends_with_the_call},
          {"throttling_says_how_long", true, throttling_says_how_long},
          {"refused_credentials_end_the_call", true, refused_credentials_end_the_call}};
}

}  // namespace syncline::conformance
