#include "cases.hpp"
#include "endpoint_cases.hpp"

namespace syncline::conformance {
namespace {

const json::value* member(const json::object& doc, const std::string& name) { return doc.if_contains(name); }

void update_writes_only_what_it_names(Subject& s, const std::string& kind) {
  if (kind == "email") GTEST_SKIP() << "a mail is not edited, only its regarding is set";
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_UPDATE);
  const std::string field = s.text_field(kind);
  const std::string id = s.add(kind, s.sample(kind, 1));
  const Item before = fetch_one(s, e, kind, id);
  json::object doc = parse(before.doc);
  doc[field] = "ours";
  for (const char* other : {"lastname", "subject"})
    if (doc.contains(other)) doc[other] = "not named";
  const Done d = apply_one(s, e, update_op(before, doc, {field}));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_NE(d.version, before.version);
  const Item after = fetch_one(s, e, kind, id);
  EXPECT_EQ(after.version, d.version) << "the answer's version is what a reading shows";
  json::object expected = parse(before.doc);
  expected[field] = "ours";
  EXPECT_EQ(parse(after.doc), expected);
}

void update_clears_what_is_absent(Subject& s, const std::string& kind) {
  if (kind == "email") GTEST_SKIP() << "a mail is not edited, only its regarding is set";
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_UPDATE);
  const std::string field = s.text_field(kind);
  json::object sample = s.sample(kind, 1);
  sample[field] = "to be cleared";
  const std::string id = s.add(kind, sample);
  const Item before = fetch_one(s, e, kind, id);
  json::object doc = parse(before.doc);
  doc.erase(field);
  ASSERT_EQ(apply_one(s, e, update_op(before, doc, {field})).code, SY_OK);
  const json::object after = parse(fetch_one(s, e, kind, id).doc);
  const json::value* left = member(after, field);
  EXPECT_TRUE(left == nullptr || left->is_null() || *left == json::value("")) << "what is absent is cleared";
}

void answer_is_a_base(Subject& s, const std::string& kind) {
  if (kind == "email") GTEST_SKIP() << "a mail is not edited, only its regarding is set";
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_UPDATE);
  const std::string field = s.text_field(kind);
  const std::string id = s.add(kind, s.sample(kind, 1));
  const Item before = fetch_one(s, e, kind, id);
  json::object doc = parse(before.doc);
  doc[field] = "a base";
  const Done d = apply_one(s, e, update_op(before, doc, {field}));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  if (d.doc.empty()) GTEST_SKIP() << "its answers carry no document";
  const Item after = fetch_one(s, e, kind, id);
  ASSERT_EQ(after.version, d.version);
  EXPECT_EQ(parse(d.doc), parse(after.doc)) << "a document in an answer is the whole document at that version";
}

void moved_item_is_not_overwritten(Subject& s, const std::string& kind) {
  if (kind == "email") GTEST_SKIP() << "a mail is not edited, only its regarding is set";
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_UPDATE | SY_IF_VERSION);
  const std::string field = s.text_field(kind);
  const std::string id = s.add(kind, s.sample(kind, 1));
  const Item read = fetch_one(s, e, kind, id);
  s.edit(kind, id, {{field, "theirs"}});
  const Item theirs = fetch_one(s, e, kind, id);
  json::object doc = parse(read.doc);
  doc[field] = "ours";
  EXPECT_EQ(apply_one(s, e, update_op(read, doc, {field})).code, SY_CONFLICT);
  if (can(e, kind, SY_CAN_DELETE)) EXPECT_EQ(apply_one(s, e, delete_op(read)).code, SY_CONFLICT);
  const Item after = fetch_one(s, e, kind, id);
  EXPECT_EQ(after.version, theirs.version) << "a refused write changes nothing";
  EXPECT_EQ(after.doc, theirs.doc);
}

void mark_says_how_an_item_is_linked(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_STATES);
  const std::string id = s.add(kind, s.sample(kind, 1));
  const Item before = fetch_one(s, e, kind, id);
  Operation op;
  op.verb = SY_MARK;
  op.kind = kind;
  op.id = id;
  op.if_version = before.version;
  op.marks = json::serialize(json::object{{"state", 2}, {"organization", "org-1"}, {"record", "record-1"}});
  const Done d = apply_one(s, e, op);
  ASSERT_EQ(d.code, SY_OK) << d.text;
  const Item after = fetch_one(s, e, kind, id);
  EXPECT_EQ(after.version, d.version) << "the answer names the version that the mark made";
  EXPECT_EQ(after.doc, before.doc) << "a mark leaves the content alone";
  const json::object marks = parse(after.marks);
  EXPECT_EQ(marks.at("state").to_number<int>(), 2);
  EXPECT_EQ(marks.at("organization").as_string(), "org-1");
  EXPECT_EQ(marks.at("record").as_string(), "record-1");
  if (can(e, kind, SY_IF_VERSION)) {
    EXPECT_EQ(apply_one(s, e, op).code, SY_CONFLICT) << "the version of before";
    EXPECT_EQ(fetch_one(s, e, kind, id).version, after.version);
  }
  op.if_version = after.version;
  op.marks = json::serialize(json::object{{"state", 0}, {"organization", "org-1"}});
  ASSERT_EQ(apply_one(s, e, op).code, SY_OK);
  EXPECT_EQ(parse(fetch_one(s, e, kind, id).marks).at("state").to_number<int>(), 0);
  op.id = s.unknown_id(kind);
  op.if_version.clear();
  EXPECT_EQ(apply_one(s, e, op).code, SY_GONE);
  if (!can(e, kind, SY_CAN_CREATE)) return;
  Operation create = create_op(s, kind, 2);
  create.marks = json::serialize(json::object{{"state", 2}, {"organization", "org-1"}, {"record", "record-2"}});
  const Done made = apply_one(s, e, create);
  ASSERT_EQ(made.code, SY_OK) << made.text;
  EXPECT_EQ(parse(fetch_one(s, e, kind, made.id).marks).at("record").as_string(), "record-2");
}

void deleted_item_is_gone(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_DELETE);
  const std::string id = s.add(kind, s.sample(kind, 1));
  const Item item = fetch_one(s, e, kind, id);
  ASSERT_EQ(apply_one(s, e, delete_op(item)).code, SY_OK);
  const Item after = fetch_one(s, e, kind, id);
  EXPECT_TRUE(after.gone() || after.invisible());
  EXPECT_EQ(apply_one(s, e, delete_op(item)).code, SY_GONE) << "nothing is deleted twice";
  if (can(e, kind, SY_CAN_UPDATE))
    EXPECT_EQ(
        apply_one(s, e, update_op(item, item.doc.empty() ? json::object() : parse(item.doc), {s.update_field(kind)}))
            .code,
        SY_GONE);
}

void unknown_item_cannot_be_written(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_UPDATE);
  Item nothing;
  nothing.kind = kind;
  nothing.id = s.unknown_id(kind);
  EXPECT_EQ(apply_one(s, e, update_op(nothing, s.sample(kind, 1), {s.update_field(kind)})).code, SY_GONE);
}

void one_refusal_stops_no_other(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE | SY_CAN_UPDATE);
  Item nothing;
  nothing.kind = kind;
  nothing.id = s.unknown_id(kind);
  std::vector<std::size_t> order;
  const std::vector<Operation> ops{create_op(s, kind, 1), update_op(nothing, s.sample(kind, 9), {s.update_field(kind)}),
                                   create_op(s, kind, 2)};
  std::vector<Done> done(ops.size());
  e.apply(s.host().call(), ops, [&](std::size_t i, const Done& d) {
    order.push_back(i);
    done[i] = d;
  });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2})) << "in order, each once";
  EXPECT_EQ(done[0].code, SY_OK) << done[0].text;
  EXPECT_EQ(done[1].code, SY_GONE);
  EXPECT_EQ(done[2].code, SY_OK) << done[2].text;
  EXPECT_NE(done[0].id, done[2].id);
}

void what_is_not_offered_is_refused(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  const std::string id = s.add(kind, s.sample(kind, 1));
  const Item item = fetch_one(s, e, kind, id, SY_HEAD);
  const auto refused = [&](const Operation& op) {
    sy_code code = SY_OK;
    const sy_code call = code_of([&] { code = apply(e, s.host().call(), {op}).front().code; });
    return call == SY_UNSUPPORTED || code == SY_UNSUPPORTED;
  };
  if (!can(e, kind, SY_CAN_CREATE)) EXPECT_TRUE(refused(create_op(s, kind, 2)));
  if (!can(e, kind, SY_CAN_UPDATE)) EXPECT_TRUE(refused(update_op(item, s.sample(kind, 1), {s.update_field(kind)})));
  if (!can(e, kind, SY_CAN_DELETE)) EXPECT_TRUE(refused(delete_op(item)));
  Operation nonsense = create_op(s, kind, 3);
  nonsense.kind = "no-such-kind";
  EXPECT_TRUE(refused(nonsense));
  EXPECT_EQ(fetch_one(s, e, kind, id, SY_HEAD).version, item.version) << "a refused write changes nothing";
}

void canceled_call_writes_nothing(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE);
  s.host().forget();
  TestCall canceled;
  canceled.cancel();
  EXPECT_EQ(code_of([&] { apply(e, canceled, {create_op(s, kind, 1)}); }), SY_CANCELED);
  TestCall late(0);
  EXPECT_EQ(code_of([&] { apply(e, late, {create_op(s, kind, 1)}); }), SY_CANCELED);
  EXPECT_TRUE(s.host().effects().empty());
}

void writes_are_announced(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_CREATE);
  s.host().forget();
  std::vector<int> phases;
  s.host().on_effect([&](int phase, std::string_view) { phases.push_back(phase); });
  const Done d = apply_one(s, e, create_op(s, kind, 1));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  ASSERT_FALSE(phases.empty()) << "each request that changes the server is an effect";
  for (std::size_t i = 0; i < phases.size(); ++i) EXPECT_EQ(phases[i], i % 2 == 0 ? SY_BEFORE : SY_AFTER);
  phases.clear();
  fetch_one(s, e, kind, d.id);
  EXPECT_TRUE(phases.empty()) << "reading is none";
}

void canceled_call_deletes_nothing(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_DELETE);
  const Item item = fetch_one(s, e, kind, s.add(kind, s.sample(kind, 1)));
  s.host().forget();
  TestCall canceled;
  canceled.cancel();
  EXPECT_EQ(code_of([&] { apply(e, canceled, {delete_op(item)}); }), SY_CANCELED);
  EXPECT_TRUE(s.host().effects().empty());
  EXPECT_EQ(fetch_one(s, e, kind, item.id).version, item.version) << "it is still there";
}

void deletions_are_announced(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_DELETE);
  const Item item = fetch_one(s, e, kind, s.add(kind, s.sample(kind, 1)));
  std::vector<int> phases;
  s.host().on_effect([&](int phase, std::string_view) { phases.push_back(phase); });
  ASSERT_EQ(apply_one(s, e, delete_op(item)).code, SY_OK);
  ASSERT_FALSE(phases.empty()) << "each request that changes the server is an effect";
  for (std::size_t i = 0; i < phases.size(); ++i) EXPECT_EQ(phases[i], i % 2 == 0 ? SY_BEFORE : SY_AFTER);
}

void a_missing_item_stops_no_other_deletion(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CAN_DELETE);
  std::vector<Item> items;
  for (int n = 1; n <= 3; ++n) items.push_back(fetch_one(s, e, kind, s.add(kind, s.sample(kind, n))));
  s.remove(kind, items[1].id);
  std::vector<Operation> ops;
  for (const Item& item : items) ops.push_back(delete_op(item));
  std::vector<std::size_t> order;
  std::vector<sy_code> codes;
  e.apply(s.host().call(), ops, [&](std::size_t i, const Done& d) {
    order.push_back(i);
    codes.push_back(d.code);
  });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2})) << "in order, each once";
  EXPECT_EQ(codes, (std::vector<sy_code>{SY_OK, SY_GONE, SY_OK}));
  for (const Item& item : items) {
    const Item after = fetch_one(s, e, kind, item.id);
    EXPECT_TRUE(after.gone() || after.invisible());
  }
}

void what_is_consumed_can_be_deleted(Subject& s, const std::string& kind) {
  const EndpointHandle e = open(s);
  SYNCLINE_NEEDS(e, kind, SY_CONSUMES);
  EXPECT_TRUE(can(e, kind, SY_CAN_DELETE));
}

}  // namespace

std::vector<Case> write_cases() {
  return {{"update_writes_only_what_it_names", true, update_writes_only_what_it_names},
          {"update_clears_what_is_absent", true, update_clears_what_is_absent},
          {"answer_is_a_base", true, answer_is_a_base},
          {"moved_item_is_not_overwritten", true, moved_item_is_not_overwritten},
          {"mark_says_how_an_item_is_linked", true, mark_says_how_an_item_is_linked},
          {"deleted_item_is_gone", true, deleted_item_is_gone},
          {"unknown_item_cannot_be_written", true, unknown_item_cannot_be_written},
          {"one_refusal_stops_no_other", true, one_refusal_stops_no_other},
          {"what_is_not_offered_is_refused", true, what_is_not_offered_is_refused},
          {"canceled_call_writes_nothing", true, canceled_call_writes_nothing},
          {"writes_are_announced", true, writes_are_announced},
          {"canceled_call_deletes_nothing", true, canceled_call_deletes_nothing},
          {"deletions_are_announced", true, deletions_are_announced},
          {"a_missing_item_stops_no_other_deletion", true, a_missing_item_stops_no_other_deletion},
          {"what_is_consumed_can_be_deleted", true, what_is_consumed_can_be_deleted}};
}

std::vector<Case> endpoint_suite() {
  std::vector<Case> out = read_cases();
  for (const auto& part : {write_cases(), create_cases()}) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace syncline::conformance
