// What a feed says of its folders.
#include "test_ews.hpp"

namespace syncline::exchange::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string listed(const std::string& id, const std::string& key, const std::string& item_class = "IPM.Contact",
                   const std::string& element = "Contact") {
  return "<t:" + element + ">" + item_id_xml(id, key) + "<t:ItemClass>" + item_class + "</t:ItemClass></t:" + element +
         ">";
}

Reply page(const std::string& state, bool last, const std::string& changes) {
  return answer("SyncFolderItems",
                good("SyncFolderItems", "<m:SyncState>" + state + "</m:SyncState><m:IncludesLastItemInRange>" +
                                            (last ? "true" : "false") + "</m:IncludesLastItemInRange><m:Changes>" +
                                            changes + "</m:Changes>"));
}

class FeedTest : public EwsTest {
 protected:
  FeedTest() { settings["folders"] = json::array{"contacts"}; }
  struct Page {
    std::vector<std::string> items;  ///< "id:version", "-id" for one that is gone
    int end = -1;
    std::string cursor;
  };
  Page read(const std::string& cursor = {}, const std::string& feed = "contacts") {
    Page out;
    const PageEnd end = mailbox().feeds().page(call, feed, cursor, [&](const Item& i) {
      out.items.push_back(i.gone() ? "-" + i.id : i.id + ":" + i.version);
      EXPECT_TRUE(i.doc.empty());
      return true;
    });
    out.end = end.end;
    out.cursor = end.next.value_or("");
    return out;
  }
  sy_code code_of(const std::string& cursor) {
    try {
      read(cursor);
      return SY_OK;
    } catch (const Error& e) {
      return e.code();
    }
  }
};

TEST_F(FeedTest, FeedsAreOneAKindOfTheConfiguredFolders) {
  settings["folders"] = json::array{"contacts", "contacts/Customers", "sentitems", "inbox"};
  std::vector<std::string> names;
  for (const Feed& f : mailbox().feeds().list(call)) names.push_back(f.name + "=" + f.kind);
  EXPECT_THAT(names, ElementsAre("contacts=contact", "mail=email"));
  EXPECT_EQ(endpoint.caps("task").flags, 0u);
  EXPECT_TRUE(ews.asked().empty()) << "no network";
}

TEST_F(FeedTest, H04_APageWithoutChangesIsNotTheLastUnlessItSaysSo) {
  ews.on("SyncFolderItems", page("s1", false, ""));
  ews.on("SyncFolderItems", page("s2", true, "<t:Create>" + listed("one", "k1") + "</t:Create>"));
  ews.on("SyncFolderItems", page("s3", true, ""));
  const Page first = read();
  EXPECT_EQ(first.end, SY_PAGE_MORE);
  EXPECT_TRUE(first.items.empty());
  const Page second = read(first.cursor);
  EXPECT_EQ(second.end, SY_PAGE_LISTING_COMPLETE);
  EXPECT_THAT(second.items, ElementsAre("one:k1"));
  EXPECT_EQ(read(second.cursor).end, SY_PAGE_DELTA_COMPLETE);
  const auto asked = ews.asked("SyncFolderItems");
  EXPECT_THAT(asked[0].body, Not(HasSubstr("<m:SyncState>")));
  EXPECT_THAT(asked[1].body,
              HasSubstr("<m:SyncState>s1</m:SyncState><m:MaxChangesReturned>100</m:MaxChangesReturned>"));
  EXPECT_THAT(asked[2].body, HasSubstr("<m:SyncState>s2</m:SyncState>"));
}

TEST_F(FeedTest, H04_AServerThatPromisesMoreAndDoesNotGoOnIsTriedLater) {
  ews.on("SyncFolderItems", page("s1", false, ""));
  EXPECT_EQ(code_of(read().cursor), SY_RETRY);
}

TEST_F(FeedTest, H08_EveryChangeIsPutInTheServersOrder) {
  ews.on("SyncFolderItems",
         page("s1", true,
              "<t:Create>" + listed("one", "k1") + "</t:Create><t:Delete>" + item_id_xml("one", "k1") +
                  "</t:Delete><t:Update>" + listed("ONE", "k2") + "</t:Update><t:ReadFlagChange>" +
                  item_id_xml("two", "k3") + "<t:IsRead>true</t:IsRead></t:ReadFlagChange>"));
  EXPECT_THAT(read().items, ElementsAre("one:k1", "-one", "ONE:k2")) << "H-12: ids differ by their case alone";
}

TEST_F(FeedTest, H27_WhatIsNoContactIsLeftOutWithAReason) {
  ews.on("SyncFolderItems",
         page("s1", true,
              "<t:Create>" + listed("list", "k1", "IPM.DistList", "DistributionList") + "</t:Create><t:Create>" +
                  listed("own", "k2", "IPM.Contact.Sales") + "</t:Create>"));
  EXPECT_THAT(read().items, ElementsAre("own:k2"));
  EXPECT_TRUE(host.logged("another class"));
}

TEST_F(FeedTest, H01_AForgottenSyncStateAsksForAListing) {
  ews.on("SyncFolderItems", page("s1", true, ""));
  ews.on("SyncFolderItems", answer("SyncFolderItems", bad("SyncFolderItems", "ErrorInvalidSyncStateData")));
  EXPECT_EQ(code_of(read().cursor), SY_RESET);
}

TEST_F(FeedTest, H25_AFolderMadeAnewIsListedAnew) {
  ews.on("SyncFolderItems", page("s1", true, ""));
  const std::string cursor = read().cursor;
  const Reply another = answer("GetFolder", good("GetFolder",
                                                 "<m:Folders><t:ContactsFolder><t:FolderId Id=\"another\"/>"
                                                 "</t:ContactsFolder></m:Folders>"));
  ews.forget("GetFolder");
  ews.on("GetFolder", another);
  ews.forget("SyncFolderItems");
  ews.on("SyncFolderItems", answer("SyncFolderItems", bad("SyncFolderItems", "ErrorSyncFolderNotFound")));
  EXPECT_EQ(code_of(cursor), SY_RESET) << "the state of the old one says nothing of the new one";
}

TEST_F(FeedTest, FoldersAreWalkedInTurnWithinOneCursor) {
  settings["folders"] = json::array{"inbox", "sentitems"};
  ews.on("SyncFolderItems", page("i1", true, "<t:Create>" + listed("in", "k1", "IPM.Note", "Message") + "</t:Create>"));
  ews.on("SyncFolderItems",
         page("o1", true, "<t:Create>" + listed("out", "k2", "IPM.Note", "Message") + "</t:Create>"));
  const Page first = read({}, "mail");
  EXPECT_EQ(first.end, SY_PAGE_MORE);
  EXPECT_THAT(first.items, ElementsAre("in:k1"));
  const Page second = read(first.cursor, "mail");
  EXPECT_EQ(second.end, SY_PAGE_LISTING_COMPLETE);
  EXPECT_THAT(second.items, ElementsAre("out:k2"));
  const auto asked = ews.asked("SyncFolderItems");
  EXPECT_THAT(asked[0].body, HasSubstr("folder-inbox"));
  EXPECT_THAT(asked[1].body, HasSubstr("folder-sentitems"));
}

TEST_F(FeedTest, AFolderThatIsAddedLaterIsListedWithinTheNextWalk) {
  ews.on("SyncFolderItems", page("s1", true, ""));
  const std::string cursor = read().cursor;
  connection.reset();
  endpoint = {};
  settings["folders"] = json::array{"contacts", "contacts/Customers"};
  ews.on("FindFolder", answer("FindFolder", good("FindFolder",
                                                 "<m:RootFolder><t:Folders><t:ContactsFolder><t:FolderId "
                                                 "Id=\"customers\"/><t:FolderClass>IPF.Contact</t:FolderClass>"
                                                 "</t:ContactsFolder></t:Folders></m:RootFolder>")));
  const Page first = read(cursor);
  EXPECT_EQ(first.end, SY_PAGE_MORE);
  EXPECT_EQ(read(first.cursor).end, SY_PAGE_DELTA_COMPLETE) << "a part of a listing infers nothing";
  EXPECT_THAT(ews.asked("SyncFolderItems").back().body, Not(HasSubstr("<m:SyncState>")));
}

TEST_F(FeedTest, AFolderThatIsNotThereIsAMatterOfConfiguration) {
  settings["folders"] = json::array{"contacts/Customers"};
  ews.on("FindFolder", answer("FindFolder", good("FindFolder", "<m:RootFolder><t:Folders/></m:RootFolder>")));
  EXPECT_EQ(code_of({}), SY_CONFIG);
}

TEST_F(FeedTest, H18_ACursorThatIsNotOursAsksForAListing) {
  for (const char* cursor : {"x", "{}", "[]", R"({"v": 2, "folders": {}})", R"({"v": 1})"})
    EXPECT_EQ(code_of(cursor), SY_RESET);
}

}  // namespace
}  // namespace syncline::exchange::test
