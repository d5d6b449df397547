// What is released stays: sizes, offsets, values. Also: that a plugin is refused or taken for the right reasons.
#include <gtest/gtest.h>

#include <syncline/handles.hpp>

#define SYNCLINE_SIZE(type, n) static_assert(sizeof(type) == (n));
#define SYNCLINE_OFFSET(type, field, n) static_assert(offsetof(type, field) == (n));
#if defined(__LP64__)
#include "layout.h"
#endif

extern "C" int syncline_layout_in_c(void);

namespace syncline {
namespace {

static_assert(SY_MAGIC == 0x53594e43u && SY_ABI_MAJOR == 1);
static_assert(SY_OK == 0 && SY_RETRY == 1 && SY_AUTH == 2 && SY_GONE == 3 && SY_CONFLICT == 4 && SY_INVALID == 5);
static_assert(SY_RESET == 6 && SY_UNSUPPORTED == 7 && SY_CANCELED == 8 && SY_BROKEN == 9 && SY_EXISTS == 10);
static_assert(SY_DENIED == 11 && SY_FULL == 12 && SY_CONFIG == 13);
static_assert(SY_TRACE == 0 && SY_ERROR == 4 && SY_BEFORE == 0 && SY_AFTER == 1);
static_assert(SY_TEXT == 0 && SY_INT == 1 && SY_BOOL == 2 && SY_DURATION == 3 && SY_BYTES == 4 && SY_CHOICE == 5);
static_assert(SY_SECRET == 6 && SY_INSTANT == 7 && SY_LIST == 8 && SY_TABLE == 9 && SY_PATH == 10 && SY_URL == 11);
static_assert(SY_REGEX == 12);
static_assert(SY_REQUIRED == 1 && SY_PER_ENDPOINT == 2 && SY_MAILBOX == 1 && SY_CRM == 2 && SY_HEAD == 0 &&
              SY_WHOLE == 1);
static_assert(SY_QUEUE_ONLY == 4 && SY_IN_EXAMPLE == 8 && SY_ADDRESS == 16);
static_assert(SY_ITEM_GONE == 1 && SY_ITEM_INVISIBLE == 2 && SY_ITEM_HEAD == 4 && SY_ITEM_PARTIAL == 8);
static_assert(SY_CREATE == 1 && SY_UPDATE == 2 && SY_DELETE == 3);
static_assert(SY_CAN_CREATE == 1 && SY_CAN_UPDATE == 2 && SY_CAN_DELETE == 4 && SY_IF_VERSION == 8);
static_assert(SY_TOKEN_KEYED == 16 && SY_TOKEN_FIND == 32 && SY_MARKS == 64);
static_assert(SY_FEED_CURSOR == 1 && SY_FEED_TOMBSTONES == 2 && SY_FEED_FOREIGN_TOMBSTONES == 4 &&
              SY_FEED_IDS_ONLY == 8);
static_assert(SY_PAGE_MORE == 0 && SY_PAGE_DELTA_COMPLETE == 1 && SY_PAGE_LISTING_COMPLETE == 2);
static_assert(SY_PASS == 1 && SY_REWRITE == 2 && SY_HOLD == 3);
static_assert(SY_NO_OPINION == 0 && SY_CONFIRM == 1 && SY_VETO == 2 && SY_ALTER == 3 && SY_WAIT == 4 &&
              SY_NEED_FULL == 5);
static_assert(SY_LINK == 6 && SY_ANY_REVISION == -1 && SY_ABSENT == 0 && SY_KEY_PARTS == 4 && SY_TABLE_SMALL == 1);

TEST(Abi, BothLanguagesSeeOneContract) { EXPECT_EQ(syncline_layout_in_c(), SY_ABI_MAJOR); }

// An older plugin's struct is shorter: a field beyond its size is not read.
TEST(Abi, ShorterStructHidesLaterFields) {
  sy_done d{};
  d.size = offsetof(sy_done, server_code);
  EXPECT_TRUE(SY_HAS(&d, retry_after_ms));
  EXPECT_FALSE(SY_HAS(&d, server_code));
  sy_error short_error{};
  short_error.size = offsetof(sy_error, text);
  EXPECT_EQ(fill(&short_error, SY_RETRY, "text", 1, "code"), SY_RETRY);
  EXPECT_EQ(short_error.code, SY_OK) << "a shorter struct is left alone";
}

TEST(Abi, TextsAreCutAtWholeCharacters) {
  char room[6];
  copy_text(room, "abc\xE2\x82\xAC");
  EXPECT_STREQ(room, "abc");
  copy_text(room, "ab\xE2\x82\xAC");
  EXPECT_STREQ(room, "ab\xE2\x82\xAC");
  copy_text(room, "");
  EXPECT_STREQ(room, "");
}

TEST(Abi, ExceptionsBecomeCodesAndBack) {
  sy_error e = no_error();
  EXPECT_EQ(guard(&e, [] { throw Error(SY_CONFLICT, "moved on", 5, "412"); }), SY_CONFLICT);
  EXPECT_STREQ(e.text, "moved on");
  EXPECT_STREQ(e.server_code, "412");
  EXPECT_THROW(check(SY_CONFLICT, e), Error);
  EXPECT_EQ(guard(&e, [] { throw 1; }), SY_BROKEN);
  EXPECT_EQ(guard(nullptr, [] { throw std::runtime_error("x"); }), SY_BROKEN);
}

}  // namespace
}  // namespace syncline
