// What follows from a missing capability: slower, never less safe. And signing in, probing and discovering.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mapped/mapped_crm.hpp"

namespace syncline::crm {
namespace {

using ::testing::HasSubstr;
using Action = sandbox::RestFault::Action;

Operation contact_op(std::uint32_t verb, const json::object& doc) {
  Operation op;
  op.verb = verb;
  op.kind = "contact";
  op.token = "6f1c6e0e-5b0a-5d7e-9d59-3f8f3a1c2b10";
  op.doc = json::serialize(doc);
  return op;
}

Done apply(MappedCrm& crm, const EndpointHandle& e, const Operation& op) {
  Done out;
  const std::vector<Operation> ops{op};
  e.apply(crm.host.call(), ops, [&](std::size_t, const Done& d) { out = d; });
  return out;
}

Item fetch(MappedCrm& crm, const EndpointHandle& e, const std::string& id) {
  Item out;
  e.fetch(crm.host.call(), "contact", std::vector<std::string>{id}, SY_WHOLE, [&](const Item& i) {
    out = i;
    return true;
  });
  return out;
}

Operation edit_op(const Item& i, const std::string& field, const std::string& value) {
  json::object doc = json::parse(i.doc).as_object();
  doc[field] = value;
  Operation op = contact_op(SY_UPDATE, doc);
  op.id = i.id;
  op.if_version = i.version;
  op.fields = json::serialize(json::array{field});
  return op;
}

TEST(Records, WithoutEtagsAnEditSinceTheReadingIsNotOverwritten) {
  MappedCrm crm;
  crm.connect();
  const EndpointHandle e = crm.open();
  EXPECT_EQ(e.caps("contact").flags & SY_IF_VERSION, 0u) << "what is not guarded is not promised";
  const std::string id = crm.server.add("contacts", {{"first_name", "Ann"}, {"notes", "a"}});
  const Item read = fetch(crm, e, id);
  crm.server.edit("contacts", id, {{"notes", "theirs"}});
  EXPECT_EQ(apply(crm, e, edit_op(read, "jobtitle", "ours")).code, SY_CONFLICT);
  EXPECT_EQ(crm.server.row("contacts", id)->at("notes"), "theirs");
  EXPECT_EQ(crm.server.writes(), 0u);
}

TEST(Records, WithAnEtagInTheHeaderNotEvenTheInstantBetweenIsOpen) {
  RestOptions o;
  o.etag = RestOptions::Etag::header;
  o.patch = false;
  MappedCrm crm(o);
  crm.connect();
  const EndpointHandle e = crm.open();
  const std::string id = crm.server.add(
      "contacts", {{"first_name", "Ann"}, {"extra", "kept"}, {"address", {{"zip", "1"}, {"city", "Bonn"}}}});
  const Item read = fetch(crm, e, id);
  crm.server.before_write([&] { crm.server.edit("contacts", id, {{"notes", "theirs"}}); });
  EXPECT_EQ(apply(crm, e, edit_op(read, "notes", "ours")).code, SY_CONFLICT);
  const Item again = fetch(crm, e, id);
  json::object doc = json::parse(again.doc).as_object();
  doc["business_address"] = json::object{{"city", "Koeln"}};
  Operation op = contact_op(SY_UPDATE, doc);
  op.id = id;
  op.if_version = again.version;
  op.fields = R"(["business_address"])";
  ASSERT_EQ(apply(crm, e, op).code, SY_OK);
  const json::object row = *crm.server.row("contacts", id);
  EXPECT_EQ(row.at("extra"), "kept") << "PUT replaces the whole row: what we do not map is sent back";
  EXPECT_EQ(row.at("address").at("zip"), "1");
  EXPECT_EQ(row.at("address").at("city"), "Koeln");
  EXPECT_EQ(row.at("notes"), "theirs");
}

TEST(Records, ALostReplyIsFoundByItsTokenAndMakesNoSecondRecord) {
  for (const bool filters : {true, false}) {
    RestOptions o;
    o.filter = filters;
    MappedCrm crm(o);
    crm.connect();
    const EndpointHandle e = crm.open();
    for (int i = 0; i < 5; ++i) crm.server.add("contacts", {{"first_name", "other"}});
    sandbox::RestFault lost;
    lost.action = Action::drop_after;
    lost.method = "POST";
    crm.server.fail(lost);
    const Operation op = contact_op(SY_CREATE, {{"firstname", "Ann"}});
    EXPECT_THROW(apply(crm, e, op), Error);
    const auto found = e.find(crm.host.call(), op);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(crm.server.rows("contacts").size(), 6u);
    EXPECT_EQ(crm.server.row("contacts", found->id)->at("first_name"), "Ann");
  }
}

TEST(Records, WithoutTokenAndIdNeitherIsPromised) {
  MappedCrm crm({}, false);
  crm.connect();
  EXPECT_EQ(crm.open().caps("contact").flags & (SY_TOKEN_KEYED | SY_TOKEN_FIND), 0u);
}

TEST(Records, AServerThatIgnoresTheIdItIsGivenLosesThatPromise) {
  RestOptions o;
  MappedCrm crm(o);
  json::object mapping = json::parse(mapping_for(o, true)).as_object();
  mapping["capabilities"].as_object()["client_id"] = true;
  crm.write(json::serialize(mapping));
  crm.connect();
  const EndpointHandle e = crm.open();
  const Done d = apply(crm, e, contact_op(SY_CREATE, {{"firstname", "Ann"}}));
  EXPECT_EQ(d.code, SY_OK) << d.text;
  EXPECT_TRUE(crm.server.row("contacts", d.id).has_value());
  EXPECT_EQ(e.caps("contact").flags & SY_TOKEN_KEYED, 0u);
  EXPECT_TRUE(crm.host.logged("capabilities.client_id to false"));
}

TEST(Records, APageParameterThatIsIgnoredIsNoticed) {
  RestOptions o;
  MappedCrm crm(o);
  json::object mapping = json::parse(mapping_for(o, true)).as_object();
  mapping["list"] = json::object{{"rows", ""}, {"paging", "page"}, {"param", "page"}};
  crm.write(json::serialize(mapping));
  crm.connect();
  crm.server.add("contacts", {{"first_name", "Ann"}});
  try {
    crm.connection.feeds().page(crm.host.call(), "contact", {}, [](const Item&) { return true; });
    FAIL() << "an endless list";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CONFIG);
    EXPECT_THAT(e.what(), HasSubstr("is ignored"));
  }
}

TEST(Records, ARowThatTheMappingDoesNotExplainIsLeftAlone) {
  MappedCrm crm;
  crm.connect();
  const EndpointHandle e = crm.open();
  const Item i = fetch(crm, e, crm.server.add("contacts", {{"first_name", "Ann"}, {"born", "secret words"}}));
  EXPECT_TRUE(i.invisible());
  EXPECT_TRUE(crm.host.logged("column born"));
  EXPECT_FALSE(crm.host.logged("secret words"));
}

TEST(SignIn, EachMethodOpensTheDoorAndNoSecretIsLogged) {
  struct Way {
    json::object auth;
    std::string user;
  };
  const std::string secret = "canary-7fd1";
  for (const Way& way :
       {Way{{{"method", "basic"}, {"client_id", "joe"}}, "joe"}, Way{{{"method", "bearer"}}, ""},
        Way{{{"method", "api-key"}}, ""}, Way{{{"method", "api-key"}, {"parameter", "api_key"}}, ""}}) {
    RestOptions o;
    o.user = way.user;
    o.secret = secret;
    o.paging = RestOptions::Paging::link;
    o.wrap = "items";
    o.delta = RestOptions::Delta::since;
    MappedCrm crm(o);
    crm.host.secret("auth.secret", secret);
    json::object config = crm.config();
    config["auth"] = way.auth;
    crm.connect(config);
    for (int i = 0; i < 5; ++i) crm.server.add("contacts", {{"first_name", "Ann"}});
    std::string cursor;
    std::size_t rows = 0;
    for (int end = SY_PAGE_MORE; end == SY_PAGE_MORE;) {
      const PageEnd page =
          crm.connection.feeds().page(crm.host.call(), "contact", cursor, [&](const Item&) { return ++rows != 0; });
      cursor = page.next.value_or("");
      end = page.end;
      EXPECT_EQ(cursor.find(secret), std::string::npos)
          << "servers repeat the key in their links; the store must not hold it";
    }
    EXPECT_EQ(rows, 5u) << json::serialize(way.auth);
    crm.host.secret("auth.secret", "yesterday's");
    const EndpointHandle e = crm.open();
    EXPECT_EQ(
        [&] {
          try {
            fetch(crm, e, "1");
            return SY_OK;
          } catch (const Error& x) {
            return static_cast<decltype(SY_OK)>(x.code());
          }
        }(),
        SY_AUTH);
    EXPECT_FALSE(crm.host.logged(secret));
    for (const std::string& effect : crm.host.effects()) EXPECT_EQ(effect.find(secret), std::string::npos);
  }
}

std::map<std::string, std::string> findings(const json::object& facts) {
  std::map<std::string, std::string> out;
  for (const json::value& f : facts.at("findings").as_array())
    out[std::string(f.at("check").as_string())] +=
        std::string(f.at("state").as_string()) + " " + std::string(f.at("text").as_string()) + "\n";
  return out;
}

TEST(Probe, TellsWhatIsMissingAndWhatFollowsAndNeverWrites) {
  RestOptions o;
  o.filter = false;
  MappedCrm crm(o);
  crm.connect();
  crm.server.add("contacts", {{"first_name", "Ann"}, {"external_id", "x"}});
  const auto found = findings(json::parse(crm.connection.probe(crm.host.call())).as_object());
  EXPECT_THAT(found.at("etag"), HasSubstr("warning no ETags"));
  EXPECT_THAT(found.at("query"), HasSubstr("ignores a query"));
  EXPECT_THAT(found.at("contact"), HasSubstr("ok contacts can be read"));
  EXPECT_THAT(found.at("contact"), HasSubstr("warning no row of contacts shows these columns: last_name"));
  EXPECT_THAT(found.at("tls"), HasSubstr("warning"));
  for (const sandbox::RestEntry& r : crm.server.log()) EXPECT_EQ(r.method, "GET") << r.target;
}

TEST(Probe, AServerThatRefusesIsAFindingAndNoError) {
  MappedCrm crm;
  crm.connect();
  crm.server.refuse_credentials();
  EXPECT_THAT(findings(json::parse(crm.connection.probe(crm.host.call())).as_object()).at("sign-in"),
              HasSubstr("error"));
}

TEST(Discover, ReadsMetadataAndDraftsAMappingThatTheCheckerAccepts) {
  RestOptions o;
  o.odata = true;
  MappedCrm crm(o);
  crm.write("{\"extends\": \"odata\", \"base\": \"api\"}");
  crm.connect();
  const auto sets = crm.connection.discovery().discover(crm.host.call(), {});
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_THAT(sets[0], HasSubstr("address.city"));
  const std::string draft = crm.connection.discovery().draft(crm.host.call(), {});
  EXPECT_THAT(draft, HasSubstr("\"firstname\": \"first_name\",  // sure: the same name"));
  EXPECT_THAT(draft, HasSubstr("\"base\": \"api\""));
  EXPECT_THAT(draft, HasSubstr("\"token\": \"externalId\""));
  crm.write(draft);
  crm.connect();
  EXPECT_NE(crm.open().caps("contact").flags, 0u);
}

TEST(Discover, LearnsColumnsFromSampleRowsAndShowsNoContent) {
  MappedCrm crm;
  crm.write("{\"extends\": \"rest\", \"base\": \"api\"}");
  crm.connect();
  crm.server.add("contacts", {{"first_name", "Hidden"}, {"emails", {{{"value", "hidden@x.test"}}}}, {"active", true}});
  std::string all;
  for (const std::string& s : crm.connection.discovery().discover(crm.host.call(), {})) all += s;
  EXPECT_THAT(all, HasSubstr("emails.0.value"));
  EXPECT_THAT(all, ::testing::Not(HasSubstr("idden")));
  const std::string draft = crm.connection.discovery().draft(crm.host.call(), {});
  EXPECT_THAT(draft, HasSubstr("\"email1\": \"emails.0.value\""));
  EXPECT_EQ(crm.server.writes(), 0u);
}

}  // namespace
}  // namespace syncline::crm
