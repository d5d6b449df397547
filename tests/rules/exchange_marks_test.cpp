// The properties by which Microsoft's CRM clients show and ask for the state of a link (interop.ms_properties).
#include "exchange_house.hpp"

namespace syncline::test {
namespace {

ExchangeSetup interop(std::string defaults = {}) {
  ExchangeSetup out;
  out.defaults = std::move(defaults);
  out.connection = "interop.ms_properties = true";
  return out;
}

std::string plain_id(std::string text) {
  std::erase_if(text, [](char c) { return c == '{' || c == '}'; });
  return text;
}

TEST(ExchangeMarks, PRP_01) {
  ExchangeHouse h(interop());
  h.settle();
  const std::string item = h.contact("Lee");
  h.settle();
  h.track(item);
  const json::object row = h.only("contacts");
  EXPECT_EQ(plain_id(h.crm_property(item, "crmid", "String")), h.text(row, "contactid"));
  EXPECT_EQ(std::stod(h.crm_property(item, "crmLinkState", "Double")), 2);
  EXPECT_FALSE(h.crm_property(item, "crmorgid", "String").empty());
  h.expect_quiet();
}

TEST(ExchangeMarks, PRP_02) {
  ExchangeHouse h(interop());
  h.settle();
  const std::string item = h.contact("Lee");
  h.settle();
  ASSERT_THAT(h.rows("contacts"), IsEmpty());
  h.set_crm(item, "Contact", "crmSssPromoteTracker", "Integer", "1");
  h.set_crm(item, "Contact", "crmLinkState", "Double", "1");
  h.settle();
  const json::object row = h.only("contacts");
  EXPECT_EQ(h.text(row, "lastname"), "Lee");
  EXPECT_EQ(std::stod(h.crm_property(item, "crmLinkState", "Double")), 2);
  EXPECT_EQ(plain_id(h.crm_property(item, "crmid", "String")), h.text(row, "contactid"));
  h.expect_quiet();
}

TEST(ExchangeMarks, PRP_03) {
  ExchangeHouse h(interop());
  const std::string item = h.contact("Lee");
  h.settle();
  h.settle();
  EXPECT_EQ(h.crm_property(item, "crmLinkState", "Double"), "");
  EXPECT_EQ(h.crm_property(item, "crmid", "String"), "");
}

TEST(ExchangeMarks, PRP_04) {
  ExchangeHouse h(interop());
  h.settle();
  const std::string item = h.contact("Lee");
  h.settle();
  h.track(item);
  h.untrack(item);
  h.settle();
  EXPECT_EQ(h.crm_property(item, "crmLinkState", "Double"), "0");
  EXPECT_THAT(h.rows("contacts"), SizeIs(1)) << "untracking keeps the record";
  h.expect_quiet();
}

TEST(ExchangeMarks, PRP_05) {
  ExchangeHouse h(interop("track.contact = \"all\"\n"));
  const std::string theirs = h.contact("Lee"), ours = h.contact("Own");
  for (const auto& [name, type, value] : {std::tuple{"crmorgid", "String", "{11111111-2222-3333-4444-555555555555}"},
                                          std::tuple{"crmid", "String", "{61111111-2222-3333-4444-555555555555}"},
                                          std::tuple{"crmLinkState", "Double", "2"}})
    h.set_crm(theirs, "Contact", name, type, value);
  h.settle();
  EXPECT_EQ(h.text(h.only("contacts"), "lastname"), "Own");
  EXPECT_EQ(h.reason(theirs), "linked_elsewhere");
  h.set(theirs, "contacts:JobTitle", "Contact", "<t:JobTitle>Buyer</t:JobTitle>");
  h.settle();
  EXPECT_THAT(h.rows("contacts"), SizeIs(1));
  EXPECT_EQ(h.crm_property(theirs, "crmid", "String"), "{61111111-2222-3333-4444-555555555555}")
      << "not ours to change";
  h.track(theirs);
  EXPECT_THAT(h.rows("contacts"), SizeIs(2)) << "a person's word goes first";
}

TEST(ExchangeMarks, PRP_07) {
  ExchangeHouse h(interop());
  h.settle();
  std::string requests;
  std::mutex mutex;
  h.exchange().on_traffic([&](const std::string&, bool request, const std::string& xml) {
    const std::lock_guard lock(mutex);
    if (request) requests += xml;
  });
  const std::string item = h.contact("Lee");
  h.settle();
  h.track(item);
  h.exchange().on_traffic({});
  EXPECT_THAT(requests, HasSubstr("PropertyName=\"crmid\""));
  EXPECT_THAT(requests, HasSubstr("PropertyName=\"crmLinkState\""));
  for (const char* number :
       {"PropertyTag=\"0x80", "PropertyTag=\"0x8", "PropertySetId=\"00020329-0000-0000-C000-000000000046\" PropertyId"})
    EXPECT_THAT(requests, Not(HasSubstr(number))) << "numbers above 0x8000 are of one store only";
}

TEST(ExchangeMarks, nothing_of_microsoft_s_is_written_without_the_option) {
  ExchangeHouse h;
  h.settle();
  const std::string item = h.contact("Lee");
  h.settle();
  h.track(item);
  EXPECT_THAT(h.rows("contacts"), SizeIs(1));
  for (const auto& [name, type] :
       {std::pair{"crmid", "String"}, std::pair{"crmorgid", "String"}, std::pair{"crmLinkState", "Double"}})
    EXPECT_EQ(h.crm_property(item, name, type), "") << name;
}

}  // namespace
}  // namespace syncline::test
