// store_suite.hpp: what every class of role store must do, as a GoogleTest suite. Include it in one source file of a
// test program and give it the class:
//   INSTANTIATE_TEST_SUITE_P(Mine, StoreSuite, testing::Values(StoreUnderTest{&class_of<Mine>, config_for_folder}));
#pragma once

#include "store_fixture.hpp"
#include "store_sharing_suite.hpp"

namespace syncline::conformance {

TEST_P(StoreSuite, RevisionsCountTheWritesOfARow) {
  const StoreHandle store = opened();
  EXPECT_FALSE(row(store, link(1)));
  EXPECT_EQ(commit(store, Batch().put(link(1), R"({"a":1})", SY_ABSENT)), Failed());
  EXPECT_EQ(row(store, link(1))->revision, 1);
  EXPECT_EQ(commit(store, Batch().put(link(1), R"({"a":2})", 1)), Failed());
  EXPECT_EQ(commit(store, Batch().put(link(1), R"({"a":3})")), Failed());
  EXPECT_EQ(row(store, link(1))->revision, 3);
  EXPECT_EQ(row(store, link(1))->doc, R"({"a":3})");
}

TEST_P(StoreSuite, ExpectationsThatDoNotHoldChangeNothing) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(1), "{}")), Failed());
  EXPECT_EQ(commit(store, Batch().put(link(1), "[1]", SY_ABSENT)), Failed(0));
  EXPECT_EQ(commit(store, Batch().put(link(1), "[2]", 2)), Failed(0));
  EXPECT_EQ(commit(store, Batch().put(link(2), "[3]", 1)), Failed(0));
  EXPECT_EQ(commit(store, Batch().remove(link(1), 2)), Failed(0));
  EXPECT_EQ(commit(store, Batch().remove(link(1), SY_ABSENT)), Failed(0));
  EXPECT_EQ(commit(store, Batch().remove(link(2), 1)), Failed(0));
  EXPECT_EQ(row(store, link(1))->doc, "{}");
  EXPECT_FALSE(row(store, link(2)));
}

TEST_P(StoreSuite, RemovingAndMakingAnewStartsAtOne) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(1), "{}").put(link(1), "{}")), Failed());
  EXPECT_EQ(commit(store, Batch().remove(link(1), 2)), Failed());
  EXPECT_FALSE(row(store, link(1)));
  EXPECT_EQ(commit(store, Batch().remove(link(1))), Failed()) << "without an expectation it may be gone already";
  EXPECT_EQ(commit(store, Batch().remove(link(1), SY_ABSENT)), Failed());
  EXPECT_EQ(commit(store, Batch().put(link(1), "{}", SY_ABSENT)), Failed());
  EXPECT_EQ(row(store, link(1))->revision, 1);
}

TEST_P(StoreSuite, ACommitIsAllOrNothing) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(5), "{}")), Failed());
  EXPECT_EQ(
      commit(store,
             Batch().put(link(9), "{}").remove(link(5)).put(key("suite_seen", {1, 0, 7}), "{}").put(link(2), "{}", 4)),
      Failed(3));
  EXPECT_FALSE(row(store, link(9)));
  EXPECT_TRUE(row(store, link(5)));
  EXPECT_FALSE(row(store, key("suite_seen", {1, 0, 7})));
}

TEST_P(StoreSuite, TheFirstRefusalInTheGivenOrderIsNamed) {
  const StoreHandle store = opened();
  EXPECT_EQ(commit(store, Batch().put(link(9), "{}", SY_ABSENT).put(link(8), "{}", 1).put(link(1), "{}", 1)),
            Failed(1));
}

TEST_P(StoreSuite, LaterWritesToAKeySeeEarlierOnes) {
  const StoreHandle store = opened();
  EXPECT_EQ(commit(store, Batch()
                              .put(link(3), "\"a\"", SY_ABSENT)
                              .put(link(1), "{}")
                              .put(link(3), "\"b\"", 1)
                              .remove(link(1), 1)
                              .put(link(1), "\"c\"", SY_ABSENT)
                              .put(link(3), "\"d\"", 2)),
            Failed());
  EXPECT_EQ(row(store, link(3))->doc, "\"d\"");
  EXPECT_EQ(row(store, link(3))->revision, 3);
  EXPECT_EQ(row(store, link(1))->doc, "\"c\"");
  EXPECT_EQ(commit(store, Batch().put(link(4), "{}").put(link(4), "{}", SY_ABSENT)), Failed(1));
}

TEST_P(StoreSuite, GetAnswersInTheOrderOfTheKeys) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(1), "1").put(link(2), "2").put(key("suite_index", {1, 1, -5, 2}), "3")),
            Failed());
  const std::vector<sy_key> keys{link(2), link(77), key("suite_index", {1, 1, -5, 2}), link(1), link(2)};
  std::vector<std::string> docs;
  store.get(host_.call(), keys, [&](const sy_row& r) {
    docs.push_back(text(r.doc));
    return true;
  });
  EXPECT_EQ(docs, (std::vector<std::string>{"2", "3", "1", "2"}));
  docs.clear();
  store.get(host_.call(), keys, [&](const sy_row& r) {
    docs.push_back(text(r.doc));
    return false;
  });
  EXPECT_EQ(docs.size(), 1U) << "a sink that wants no more gets no more";
}

TEST_P(StoreSuite, ScansAreInKeyOrderWithPrefixAfterAndLimit) {
  const StoreHandle store = opened();
  for (const char* table : {"suite_seen", "suite_index"}) {
    const bool four = std::string_view(table) == "suite_index";
    const auto at = [&](std::int64_t a, std::int64_t b, std::int64_t c) {
      return four ? key(table, {a, b, c, 0}) : key(table, {a, b, c});
    };
    Batch batch;
    for (const std::int64_t a : {2, 1, -1})
      for (const std::int64_t b : {1, 0})
        for (const std::int64_t c : {30, -10, 20}) batch.put(at(a, b, c), std::to_string(a * 100 + b * 1000 + c));
    ASSERT_EQ(commit(store, batch), Failed());
    const auto all = scan(store, key(table, {}));
    ASSERT_EQ(all.size(), 18U);
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].key, all[i].key);
    const auto one = scan(store, key(table, {1}));
    ASSERT_EQ(one.size(), 6U);
    EXPECT_EQ(one[0].key[2], -10);
    EXPECT_EQ(one[0].doc, "90");
    EXPECT_EQ(one[5].key[1], 1);
    const sy_key after = at(1, 0, 20);
    EXPECT_EQ(scan(store, key(table, {1, 0}), &after).size(), 1U);
    EXPECT_EQ(scan(store, key(table, {1}), &after).size(), 4U);
    EXPECT_EQ(scan(store, key(table, {}), &after).size(), 10U);
    const auto some = scan(store, key(table, {}), &after, 2);
    ASSERT_EQ(some.size(), 2U);
    EXPECT_EQ(some[0].key[2], 30);
    EXPECT_EQ(some[1].key[1], 1);
    EXPECT_EQ(scan(store, at(1, 0, 20)).size(), 1U);
    EXPECT_EQ(scan(store, at(1, 0, 20), &after).size(), 0U);
    EXPECT_EQ(scan(store, key(table, {2}), &after).size(), 6U) << "all of it lies behind";
    EXPECT_EQ(scan(store, key(table, {-1}), &after).size(), 0U) << "all of it lies before";
  }
}

TEST_P(StoreSuite, PagingThroughAScanMeetsEachRowOnce) {
  const StoreHandle store = opened();
  Batch batch;
  for (std::int64_t i = 0; i < 257; ++i) batch.put(key("suite_seen", {i % 3, i % 2, i * 7919 % 257}), "{}");
  ASSERT_EQ(commit(store, batch), Failed());
  std::vector<Row> met;
  for (sy_key after{};;) {
    const auto page = scan(store, key("suite_seen", {}), met.empty() ? nullptr : &after, 10);
    met.insert(met.end(), page.begin(), page.end());
    if (page.size() < 10) break;
    after = key("suite_seen", {met.back().key[0], met.back().key[1], met.back().key[2]});
  }
  EXPECT_EQ(met.size(), 257U);
  for (std::size_t i = 1; i < met.size(); ++i) EXPECT_LT(met[i - 1].key, met[i].key);
}

TEST_P(StoreSuite, ExtremeKeysPayloadsWithNulsAndBigDocumentsComeBackAsTheyWere) {
  const StoreHandle store = opened();
  constexpr auto least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  std::string payload("\0a\0\xff\x80", 5);
  payload += std::string(70'000, '\0');
  std::string big = "\"" + std::string(2 << 20, 'x') + "\xc3\xa4\"";
  ASSERT_EQ(commit(store, Batch()
                              .put(link(most), "{}", SY_ABSENT, payload)
                              .put(link(least), big, SY_ABSENT)
                              .put(key("suite_index", {least, most, 0, -1}), "{}", SY_ABSENT, std::string("\0", 1))),
            Failed());
  EXPECT_EQ(row(store, link(most))->payload, payload);
  EXPECT_EQ(row(store, link(least))->doc, big);
  EXPECT_EQ(row(store, link(least))->payload, "");
  EXPECT_EQ(row(store, key("suite_index", {least, most, 0, -1}))->payload, std::string("\0", 1));
  EXPECT_EQ(scan(store, key("suite_link", {})).front().key[0], least);
  ASSERT_EQ(commit(store, Batch().put(link(most), "{}", 1)), Failed());
  EXPECT_EQ(row(store, link(most))->payload, "") << "a write replaces the whole row";
}

TEST_P(StoreSuite, FencesMustBeTheLeasesNumber) {
  const StoreHandle store = opened();
  const auto a = store.lease(host_.call(), "pair 1", "host a", 1'000, 60'000, 0);
  ASSERT_TRUE(a.taken);
  EXPECT_EQ(commit(store, Batch().put(link(1), "{}").fence("pair 1", a.holder.fence)), Failed());
  const auto b = store.lease(host_.call(), "pair 1", "host b", 2'000, 60'000, 1);
  ASSERT_TRUE(b.taken);
  EXPECT_EQ(commit(store, Batch().put(link(2), "{}").put(link(3), "{}").fence("pair 1", a.holder.fence)), Failed(2));
  EXPECT_FALSE(row(store, link(2)));
  EXPECT_EQ(commit(store, Batch().put(link(2), "{}").fence("pair 1", b.holder.fence).fence("never", 1)), Failed(2));
  EXPECT_EQ(commit(store, Batch().fence("pair 1", b.holder.fence)), Failed()) << "fences alone";
  EXPECT_FALSE(row(store, link(2)));
}

TEST_P(StoreSuite, LeasesAreTakenRenewedAndExpire) {
  const StoreHandle store = opened();
  EXPECT_FALSE(store.holder(host_.call(), "pair 1"));
  const auto first = store.lease(host_.call(), "pair 1", "a", 1'000, 500, 0);
  ASSERT_TRUE(first.taken);
  EXPECT_EQ(first.holder.owner, "a");
  EXPECT_EQ(first.holder.until_ms, 1'500);
  EXPECT_GT(first.holder.fence, 0);
  const auto renewed = store.lease(host_.call(), "pair 1", "a", 1'400, 500, 0);
  EXPECT_TRUE(renewed.taken);
  EXPECT_EQ(renewed.holder.fence, first.holder.fence);
  EXPECT_EQ(renewed.holder.until_ms, 1'900);
  const auto refused = store.lease(host_.call(), "pair 1", "b", 1'899, 500, 0);
  EXPECT_FALSE(refused.taken);
  EXPECT_EQ(refused.holder.owner, "a");
  EXPECT_EQ(refused.holder.until_ms, 1'900);
  const auto late = store.lease(host_.call(), "pair 1", "b", 1'900, 500, 0);
  EXPECT_TRUE(late.taken);
  EXPECT_GT(late.holder.fence, first.holder.fence);
  EXPECT_EQ(store.holder(host_.call(), "pair 1")->owner, "b");
  EXPECT_TRUE(store.lease(host_.call(), "pair 2", "a", 1'900, 500, 0).taken) << "each name is a lease of its own";
}

TEST_P(StoreSuite, AnExpiredLeaseOfOnesOwnIsRenewed) {
  const StoreHandle store = opened();
  const auto first = store.lease(host_.call(), "p", "a", 1'000, 500, 0);
  const auto again = store.lease(host_.call(), "p", "a", 9'000, 500, 0);
  EXPECT_TRUE(again.taken);
  EXPECT_EQ(again.holder.fence, first.holder.fence) << "nobody else held it in between";
}

TEST_P(StoreSuite, ForceTakesFromAnotherOrAnewFromOneself) {
  const StoreHandle store = opened();
  const auto a = store.lease(host_.call(), "p", "a", 1'000, 9'000, 0);
  const auto anew = store.lease(host_.call(), "p", "a", 1'001, 9'000, 2);
  EXPECT_TRUE(anew.taken);
  EXPECT_GT(anew.holder.fence, a.holder.fence) << "what the killed process still sends is fenced off";
  EXPECT_FALSE(store.lease(host_.call(), "p", "b", 1'002, 9'000, 2).taken) << "2 is for one's own only";
  const auto taken = store.lease(host_.call(), "p", "b", 1'003, 9'000, 1);
  EXPECT_TRUE(taken.taken);
  EXPECT_GT(taken.holder.fence, anew.holder.fence);
}

TEST_P(StoreSuite, GivingUpFreesAtOnceAndOnlyOnesOwn) {
  const StoreHandle store = opened();
  const auto a = store.lease(host_.call(), "p", "a", 1'000, 9'000, 0);
  const auto foreign = store.lease(host_.call(), "p", "b", 1'001, 0, 0);
  EXPECT_FALSE(foreign.taken);
  EXPECT_EQ(foreign.holder.owner, "a");
  EXPECT_EQ(store.holder(host_.call(), "p")->until_ms, 10'000);
  EXPECT_TRUE(store.lease(host_.call(), "p", "a", 1'002, 0, 0).taken);
  EXPECT_NE(store.holder(host_.call(), "p")->owner, "a");
  const auto b = store.lease(host_.call(), "p", "b", 1'003, 9'000, 0);
  EXPECT_TRUE(b.taken);
  EXPECT_GT(b.holder.fence, a.holder.fence);
  EXPECT_EQ(commit(store, Batch().put(link(1), "{}").fence("p", a.holder.fence)), Failed(1));
}

TEST_P(StoreSuite, WhatIsWrittenIsThereAfterReopening) {
  std::int64_t fence = 0;
  {
    const StoreHandle store = opened();
    ASSERT_EQ(commit(store, Batch().put(link(1), "{}").put(link(1), R"({"x":1})", 1, std::string("\0p", 2))), Failed());
    fence = store.lease(host_.call(), "p", "a", 1'000, 9'000, 0).holder.fence;
  }
  for (const bool read_only : {true, false}) {
    const StoreHandle store = opened(read_only);
    ASSERT_TRUE(row(store, link(1)));
    EXPECT_EQ(row(store, link(1))->doc, R"({"x":1})");
    EXPECT_EQ(row(store, link(1))->revision, 2);
    EXPECT_EQ(row(store, link(1))->payload, std::string("\0p", 2));
    EXPECT_EQ(store.holder(host_.call(), "p")->fence, fence);
  }
}

TEST_P(StoreSuite, ReadOnlyRefusesToWriteAndSeesWhatOthersWrite) {
  const StoreHandle writer = opened();
  const StoreHandle reader = opened(true);
  EXPECT_FALSE(row(reader, link(1)));
  ASSERT_EQ(commit(writer, Batch().put(link(1), "{}")), Failed());
  EXPECT_TRUE(row(reader, link(1)));
  EXPECT_THROW(static_cast<void>(commit(reader, Batch().put(link(2), "{}"))), Error);
  EXPECT_THROW(static_cast<void>(reader.lease(host_.call(), "p", "a", 0, 1, 0)), Error);
  EXPECT_FALSE(row(writer, link(2)));
}

TEST_P(StoreSuite, WithoutAStoreReadOnlySaysWhatToDo) {
  const StoreHandle store = make();
  try {
    store.open(host_.call(), suite_tables, true);
    FAIL() << "there is nothing to read";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CONFIG);
    EXPECT_FALSE(std::string(e.what()).empty());
  }
}

TEST_P(StoreSuite, UnknownTablesAndWrongKeysAreRefused) {
  const StoreHandle store = opened();
  EXPECT_THROW(static_cast<void>(commit(store, Batch().put(key("nothing", {1}), "{}"))), Error);
  EXPECT_THROW(static_cast<void>(commit(store, Batch().put(key("suite_seen", {1, 2}), "{}"))), Error);
  EXPECT_THROW(static_cast<void>(row(store, key("suite_link", {1, 2}))), Error);
  EXPECT_THROW(static_cast<void>(scan(store, key("suite_link", {1, 2}))), Error);
  EXPECT_EQ(commit(store, Batch().put(link(1), "{}")), Failed()) << "usable afterwards";
}

TEST_P(StoreSuite, ACanceledCallChangesNothing) {
  const StoreHandle store = opened();
  TestCall call;
  call.cancel();
  try {
    static_cast<void>(Batch().put(link(1), "{}").commit(store, call));
    FAIL() << "the call was canceled";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CANCELED);
  }
  EXPECT_FALSE(row(store, link(1)));
}

}  // namespace syncline::conformance
