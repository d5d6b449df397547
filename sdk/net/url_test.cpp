#include "syncline/net/url.hpp"

#include <gtest/gtest.h>

#include "syncline/plugin.hpp"

namespace syncline::net {
namespace {

sy_code code_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.code();
  }
  return SY_OK;
}

TEST(Url, EncodesEverythingButUnreserved) {
  EXPECT_EQ(encode("a b+c&d=e/f~-._é"), "a%20b%2Bc%26d%3De%2Ff~-._%C3%A9");
  EXPECT_EQ(encode_except("a/b c", "/"), "a/b%20c");
  EXPECT_EQ(decode("a%20b%2Bc+d%zz%4"), "a b+c+d%zz%4");
  EXPECT_EQ(decode(encode("1%2 \x01\xff")), "1%2 \x01\xff");
}

TEST(Url, BuildsQueriesAndForms) {
  EXPECT_EQ(Query().text(), "");
  EXPECT_EQ(Query().add("a b", "c+d").add("e", "").text(), "?a%20b=c%2Bd&e=");
  EXPECT_EQ(Query().add_odata("$filter", "name eq 'O''Neil & Co'").text(), "?$filter=name%20eq%20'O''Neil%20%26%20Co'");
  EXPECT_EQ(form({{"scope", "https://x/.default"}, {"secret", "a&b=c d+e"}}),
            "scope=https%3A%2F%2Fx%2F.default&secret=a%26b%3Dc%20d%2Be");
}

TEST(Url, TakesAddressesApart) {
  const Url url = parse_url("HTTPS://Org.Crm4.Dynamics.com/api/data/v9.2?x=1#y");
  EXPECT_EQ(url.origin, (Origin{"https", "org.crm4.dynamics.com", 443}));
  EXPECT_EQ(url.path, "/api/data/v9.2?x=1");
  EXPECT_EQ(url.origin.host_field(), "org.crm4.dynamics.com");
  const Url v6 = parse_url("http://[::1]:8080");
  EXPECT_EQ(v6.origin, (Origin{"http", "::1", 8080}));
  EXPECT_EQ(v6.origin.host_field(), "[::1]:8080");
  EXPECT_EQ(v6.path, "/");
  EXPECT_EQ(parse_url("http://h?q").path, "/?q");
}

TEST(Url, RefusesWhatIsNoServerAddress) {
  for (const char* text :
       {"", "host/path", "ftp://h/", "https://", "https://u:p@h/", "https://h:0/", "https://h:99999/", "https://h:x/",
        "https://[::1/", "https://[::1]x/", "https://h\\evil/", "https://a b/"})
    EXPECT_EQ(code_of([&] { static_cast<void>(parse_url(text)); }), SY_CONFIG) << text;
}

TEST(Url, TargetStaysOnItsOrigin) {
  const Url base = parse_url("https://crm.example/api/data/v9.2");
  EXPECT_EQ(target_below(base, "contacts?$top=1"), "/api/data/v9.2/contacts?$top=1");
  EXPECT_EQ(target_below(base, "?a=b"), "/api/data/v9.2?a=b");
  EXPECT_EQ(target_below(base, "/other"), "/other");
  EXPECT_EQ(target_below(base, "https://CRM.example:443/api/x?$skiptoken=%3Ccookie%20pagenumber=%222%22%3E"),
            "/api/x?$skiptoken=%3Ccookie%20pagenumber=%222%22%3E");
  for (const char* text : {"https://evil.example/api", "http://crm.example/api", "https://crm.example:8443/api",
                           "//evil.example/x", "/a b", "/a\r\nHost: evil"})
    EXPECT_EQ(code_of([&] { static_cast<void>(target_below(base, text)); }), SY_BROKEN) << text;
  EXPECT_EQ(code_of([&] { static_cast<void>(target_below(base, "https://crm.example@evil.example/")); }), SY_CONFIG);
}

TEST(Url, HarmlessPathHasNoKeysAndNoQuery) {
  EXPECT_EQ(harmless_path("/api/contacts(emailaddress1='a@b.c')?$select=x"), "/api/contacts");
  EXPECT_EQ(harmless_path("/api?token=secret"), "/api");
}

}  // namespace
}  // namespace syncline::net
