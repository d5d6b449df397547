// What the suites do not ask: the faults, the file, and a process that dies.
#include "memory.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "record.hpp"
#include "syncline/conformance/test_host.hpp"

namespace syncline::memory {
namespace {

using conformance::TestCall;
using conformance::TestHost;

class Memory : public testing::Test {
 public:
  void TearDown() override { World::forget("office"); }

  EndpointHandle crm(json::object config = {}) {
    config["world"] = "office";
    connection_ = ConnectionHandle(Instance(class_of<MemoryCrm>, host_.raw(), json::serialize(config)));
    world_ = World::named("office", text_at(config, "path"));
    return connection_.open(host_.raw(), R"({"principal":{"address":"ada@contoso.test"}})");
  }
  Done apply(const EndpointHandle& e, const Operation& op) {
    Done out;
    const std::vector<Operation> ops{op};
    e.apply(host_.call(), ops, [&](std::size_t, const Done& d) { out = d; });
    return out;
  }
  static Operation create(const std::string& token, const std::string& kind = "contact") {
    return {SY_CREATE, kind, "", "", token, R"({"lastname":"L","message_id":"m@x"})", ""};
  }
  void arm(Mishap m, const std::string& verb = {}, std::int64_t after = 1) {
    Fault f;
    f.mishap = m;
    f.verb = verb;
    f.after = after;
    world_->arm(f);
  }

 protected:
  TestHost host_;
  ConnectionHandle connection_;
  std::shared_ptr<World> world_;
};

TEST_F(Memory, LostRequestDoesNothingAndLostAnswerDoesAll) {
  const EndpointHandle e = crm();
  arm(Mishap::lost, "create");
  EXPECT_EQ(apply(e, create("t-1")).code, SY_RETRY);
  EXPECT_TRUE(world_->records(SY_CRM, "contact").empty());
  arm(Mishap::answer_lost, "create");
  EXPECT_EQ(apply(e, create("t-1")).code, SY_RETRY);
  EXPECT_EQ(world_->records(SY_CRM, "contact").size(), 1u);
  EXPECT_EQ(apply(e, create("t-1")).code, SY_OK);
  EXPECT_EQ(world_->records(SY_CRM, "contact").size(), 1u);
  EXPECT_EQ(world_->effects(), 3);
  EXPECT_EQ(world_->armed(), 0u);
}

TEST_F(Memory, LateRequestLandsAfterTheNextOnes) {
  const EndpointHandle e = crm();
  arm(Mishap::late, "create", 2);
  EXPECT_EQ(apply(e, create("t-1")).code, SY_RETRY);
  EXPECT_FALSE(e.find(host_.call(), create("t-1")).has_value());
  EXPECT_TRUE(e.find(host_.call(), create("t-1")).has_value()) << "the second request after it";
}

TEST_F(Memory, LateRequestMakesNoSecondItemWhereTokensKey) {
  const EndpointHandle e = crm();
  arm(Mishap::late, "create", 5);
  EXPECT_EQ(apply(e, create("t-1")).code, SY_RETRY);
  EXPECT_EQ(apply(e, create("t-1")).code, SY_OK);
  EXPECT_EQ(world_->land(), 1u);
  EXPECT_EQ(world_->records(SY_CRM, "contact").size(), 1u);
}

TEST_F(Memory, LateRequestMakesASecondItemWhereTheyDoNot) {
  const EndpointHandle e = crm({{"tokens", "find"}});
  arm(Mishap::late, "create", 5);
  EXPECT_EQ(apply(e, create("t-1")).code, SY_RETRY);
  EXPECT_EQ(apply(e, create("t-1")).code, SY_OK);
  EXPECT_EQ(world_->land(), 1u);
  EXPECT_EQ(world_->records(SY_CRM, "contact").size(), 2u);
}

TEST_F(Memory, ForeignEditComesJustBeforeTheWrite) {
  const EndpointHandle e = crm();
  const Done made = apply(e, create("t-1"));
  Fault f;
  f.mishap = Mishap::foreign_edit;
  f.verb = "update";
  f.edit = {{"jobtitle", "theirs"}};
  world_->arm(f);
  EXPECT_EQ(
      apply(e, {SY_UPDATE, "contact", made.id, made.version, "", R"({"lastname":"ours"})", R"(["lastname"])"}).code,
      SY_CONFLICT);
  const auto r = world_->record(SY_CRM, made.id);
  EXPECT_EQ(r->doc.at("lastname"), "L");
  EXPECT_EQ(r->doc.at("jobtitle"), "theirs");
}

TEST_F(Memory, FaultByEffectNumberStrikesThatWriteOnly) {
  const EndpointHandle e = crm();
  Fault f;
  f.mishap = Mishap::invalid;
  f.effect = 2;
  world_->arm(f);
  EXPECT_EQ(apply(e, create("t-1")).code, SY_OK);
  EXPECT_EQ(apply(e, create("t-2")).code, SY_INVALID);
  EXPECT_EQ(apply(e, create("t-3")).code, SY_OK);
}

TEST_F(Memory, MailThatAnotherPersonDeletesHalfwayIsGone) {
  const EndpointHandle e = crm();
  int n = 0;
  host_.on_effect([&](int phase, std::string_view) {
    if (phase == SY_AFTER && ++n == 1) world_->remove(SY_CRM, "t-1");
  });
  EXPECT_EQ(apply(e, create("t-1", "email")).code, SY_GONE);
}

TEST_F(Memory, OversizeAttachmentIsLeftOutAndSaid) {
  const EndpointHandle e = crm({{"attachment_limit", 10}});
  Operation op = create("t-1", "email");
  const std::string blob = host_.put_blob("m", "2", "12345678901");
  op.doc = json::serialize(json::object{
      {"message_id", "m@x"}, {"attachments", json::array{json::object{{"key", "2"}, {"size", 11}, {"blob", blob}}}}});
  const Done d = apply(e, op);
  EXPECT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["attachments"])");
}

TEST_F(Memory, MailWhosePartsAreLostIsMadeFinalWithoutThem) {
  const EndpointHandle e = crm();
  Operation op = create("t-1", "email");
  const std::string blob = host_.put_blob("m", "body", "hello");
  remove_blob(host_.host(), blob);
  json::object doc{{"message_id", "m@x"}, {"body", {{"type", "text"}, {"size", 5}, {"blob", blob}}}};
  op.doc = json::serialize(doc);
  EXPECT_EQ(apply(e, op).code, SY_INVALID);
  doc["parts_lost"] = true;
  op.doc = json::serialize(doc);
  EXPECT_EQ(apply(e, op).code, SY_OK);
  EXPECT_FALSE(world_->record(SY_CRM, "t-1")->partial);
}

TEST_F(Memory, FieldsThatAreNotCarriedSurviveAWholeUpdate) {
  const EndpointHandle e = crm({{"fields", json::array{"contact.lastname"}}});
  const std::string id = world_->add(SY_CRM, "u", "contact", {{"lastname", "L"}, {"notes", "theirs"}});
  EXPECT_EQ(apply(e, {SY_UPDATE, "contact", id, "1", "", R"({"lastname":"M","notes":"x"})", ""}).code, SY_OK);
  EXPECT_EQ(world_->record(SY_CRM, id)->doc, (json::object{{"lastname", "M"}, {"notes", "theirs"}}));
}

TEST_F(Memory, BinaryPartsAreKept) {
  std::string bytes;
  for (int i = 0; i < 257; ++i) bytes += static_cast<char>(i);
  for (std::size_t n = 0; n < 6; ++n) EXPECT_EQ(from_base64(to_base64(bytes.substr(n))), bytes.substr(n));
  EXPECT_EQ(from_base64(to_base64("")), "");
}

class MemoryFile : public Memory {
 protected:
  conformance::TemporaryFolder folder_;
  std::string path_ = (folder_.path() / "world.log").string();
};

TEST_F(MemoryFile, TwoWorldsOfOneFileAreOne) {
  World first(path_), second(path_);
  const std::string id = first.add(SY_CRM, "u", "contact", {{"lastname", "A"}});
  ASSERT_TRUE(second.record(SY_CRM, id).has_value());
  second.edit(SY_CRM, id, {{"lastname", "B"}});
  EXPECT_EQ(first.record(SY_CRM, id)->doc.at("lastname"), "B");
  second.arm(Fault{});
  EXPECT_EQ(first.armed(), 1u);
  EXPECT_EQ(World(path_).state(), first.state());
}

TEST_F(Memory, FindsMailsByEveryKindOfKeyTheNewestFirst) {
  const EndpointHandle e = crm();
  const json::array people{json::object{{"address", "A@x.test"}}, json::object{{"address", "b@x.test"}}};
  const auto mail = [&](const std::string& id, const std::string& subject, json::object more = {}) {
    json::object doc{{"message_id", id}, {"subject", subject}, {"to", people}};
    for (auto& m : more) doc[m.key()] = std::move(m.value());
    return world_->add(SY_CRM, "u", "email", doc);
  };
  const std::string older = mail("m1", "Re: Offer now", {{"token", "CRM:1"}});
  const std::string newer = mail("m2", "Other", {{"token", "CRM:1"}, {"conversation", "ab"}});
  mail("m3", "Offer now", {{"correlation", json::object{{"method", "skipped"}}}});
  const auto like = [](int delta, int min_addresses) {
    return "words:" + json::serialize(json::object{{"subject", {"offer"}},
                                                   {"addresses", {"a@x.test", "b@x.test"}},
                                                   {"delta", delta},
                                                   {"min_addresses", min_addresses},
                                                   {"max_words", 20},
                                                   {"noise", R"(^([\w]+:\s*)+)"}});
  };
  const std::vector<std::string> keys{"m1", "token:CRM:1", "conversation:ab", like(1, 2), like(0, 2), like(1, 3)};
  std::vector<std::vector<std::string>> found;
  for (const std::string& answer : e.directory().records(host_.call(), "email", keys)) {
    found.emplace_back();
    const json::value records = json::parse(answer);
    for (const json::value& r : records.as_array()) found.back().push_back(text_at(r.as_object(), "id"));
  }
  const std::vector<std::vector<std::string>> expected{{older}, {newer, older}, {newer}, {older}, {}, {}};
  EXPECT_EQ(found, expected);
}

TEST_F(MemoryFile, TornLastLineNeverWas) {
  std::string id;
  {
    World w(path_);
    id = w.add(SY_CRM, "u", "contact", {{"lastname", "A"}});
  }
  { std::ofstream(path_, std::ios::app) << R"({"item/crm/x":{"id":"x","ki)"; }
  World w(path_);
  EXPECT_EQ(w.records(SY_CRM, "contact").size(), 1u);
  w.edit(SY_CRM, id, {{"lastname", "B"}});
  EXPECT_EQ(World(path_).record(SY_CRM, id)->doc.at("lastname"), "B");
}

TEST_F(MemoryFile, StrangeFileIsRefused) {
  { std::ofstream(path_) << "not a world\n"; }
  EXPECT_THROW(World(path_).effects(), Error);
}

/// A process that dies between effect and answer leaves what it did, and the late request that it sent still lands.
TEST_F(MemoryFile, KilledProcessLeavesTheRemoteSide) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const EndpointHandle e = crm({{"path", path_}});
    arm(Mishap::late, "create", 2);
    static_cast<void>(apply(e, create("t-late")));
    host_.on_effect([](int phase, std::string_view) {
      if (phase == SY_AFTER) ::_exit(7);
    });
    static_cast<void>(apply(e, create("t-1")));
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  const EndpointHandle e = crm({{"path", path_}});
  EXPECT_TRUE(e.find(host_.call(), create("t-1")).has_value());
  EXPECT_TRUE(e.find(host_.call(), create("t-late")).has_value());
  EXPECT_EQ(world_->effects(), 2);
}

TEST_F(MemoryFile, FaultsOfAFileAreArmedOnce) {
  const std::string faults = (folder_.path() / "faults.json").string();
  { std::ofstream(faults) << R"([{"do":"throttle","verb":"create","retry_after_ms":1500}])"; }
  const EndpointHandle e = crm({{"path", path_}, {"faults", faults}});
  const Done d = apply(e, create("t-1"));
  EXPECT_EQ(d.code, SY_RETRY);
  EXPECT_EQ(d.retry_after_ms, 1500);
  World::forget("office");
  const EndpointHandle again = crm({{"path", path_}, {"faults", faults}});
  EXPECT_EQ(apply(again, create("t-1")).code, SY_OK);
  EXPECT_THROW(Fault::from({{"do", "nonsense"}}), Error);
}

}  // namespace
}  // namespace syncline::memory
