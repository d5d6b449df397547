// What servers send and XML forbids is read (H-68); what costs too much is not; what we write is always XML.
#include "xml.hpp"

#include <gtest/gtest.h>

#include "syncline/plugin.hpp"

namespace syncline::exchange {
namespace {

std::string text(std::string_view xml) { return text_of(XmlDocument(xml).root()); }

sy_code refused(std::string_view xml, const XmlLimits& limits = {}) {
  try {
    const XmlDocument document(xml, limits);
    return SY_OK;
  } catch (const Error& e) {
    return e.code();
  }
}

TEST(ExchangeXml, H68_characters_that_xml_forbids_are_read_leniently) {
  EXPECT_EQ(text("<a>x&#x0;y</a>"), "xy");
  EXPECT_EQ(text("<a>x&#x11;&#x1A;&#26;y</a>"), "xy");
  EXPECT_EQ(text("<a>x&#xB;y</a>"), "x\ny") << "a soft line break of Outlook";
  EXPECT_EQ(text("<a>x\x01y\x0Cz</a>"), "xy\nz");
  EXPECT_EQ(text("<a>x&#xFFFE;&#xFFFF;y</a>"), "x\uFFFD\uFFFDy");
  EXPECT_EQ(text("<a>x\xEF\xBF\xBEy</a>"), "x\uFFFDy");
  EXPECT_EQ(text("<a>x&#xD83D;y</a>"), "x\uFFFDy") << "a lone surrogate";
  EXPECT_EQ(text("<a>x&#xD83D;&#xDE00;y</a>"), "x\U0001F600y") << "two halves of one character";
  EXPECT_EQ(text("<a>x&#x110000;&#99999999999999999999;y</a>"), "x\uFFFD\uFFFDy");
  EXPECT_EQ(text("<a>x\xC3y\xFFz\xED\xA0\x80</a>").substr(0, 8), "x\uFFFDy\uFFFD") << "bytes that are no UTF-8";
  EXPECT_EQ(text("<a>\xF0\x9F\x98\x80 &amp; &lt;\xC3\xA4&gt; &quot;&#x41;&#66;</a>"), "\U0001F600 & <\u00E4> \"AB");
  EXPECT_EQ(attribute(XmlDocument("<a b='x&#x0;y'/>").root(), "b"), "xy");
}

TEST(ExchangeXml, cdata_and_lone_signs_are_text) {
  EXPECT_EQ(text("<a>1<![CDATA[<b>&#x0;&amp;]]>2</a>"), "1<b>&#x0;&amp;2");
  EXPECT_EQ(text("<a>&unknown; &# &#; &#x; &#xZZ;</a>"), "&unknown; &# &#; &#x; &#xZZ;");
}

TEST(ExchangeXml, H68_what_is_left_out_puts_nothing_together) {
  EXPECT_EQ(text(std::string("<a>&#xF\0\0F0600;</a>", 19)), "\uFFFD");
  EXPECT_EQ(text("<a>&#&#x0;x0;&#&#x1;60;</a>"), "&#x0;&#60;");
  EXPECT_EQ(text("<a>&\x01lt;b&\x01gt;</a>"), "<b>");
  EXPECT_EQ(refused("<\x01!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), SY_INVALID);
  EXPECT_EQ(text("<a><![CDA\x01TA[<b>]]></a>"), "<b>");
}

TEST(ExchangeXml, line_ends_are_lf_and_blanks_alone_are_a_text) {
  EXPECT_EQ(text("<a>1\r\n2\r3&#xD;\n4&#xD;5</a>"), "1\n2\n3\n4\n5");
  EXPECT_EQ(text("<a>  </a>"), "  ");
  EXPECT_EQ(text("\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<a>1</a>"), "1") << "byte order mark";
}

TEST(ExchangeXml, prefixes_are_the_servers_choice) {
  const XmlDocument document("<q:a xmlns:q='u'><b>1</b><t:b>2</t:b><z:c K='v'/></q:a>");
  EXPECT_EQ(local_name(document.root()), "a");
  EXPECT_EQ(child_text(document.root(), "b"), "1");
  EXPECT_EQ(children(document.root(), "b").size(), 2U);
  EXPECT_EQ(attribute(child(document.root(), "c"), "K"), "v");
  EXPECT_FALSE(child(document.root(), "d"));
  EXPECT_EQ(child_text(child(document.root(), "d"), "e"), "");
}

TEST(ExchangeXml, what_is_no_xml_or_too_much_is_refused) {
  for (const char* bad : {"", "   ", "text", "<a>", "<a></b>", "<a", "{\"json\":1}", "<a><![CDATA[", "\xFF\xFE<\0a"})
    EXPECT_EQ(refused(bad), SY_INVALID) << bad;
  EXPECT_EQ(refused("<!DOCTYPE a [<!ENTITY b \"cccc\">]><a>&b;</a>"), SY_INVALID);

  const std::string deep = [] {
    std::string s;
    for (int i = 0; i < 300; ++i) s += "<a>";
    for (int i = 0; i < 300; ++i) s += "</a>";
    return s;
  }();
  EXPECT_EQ(refused(deep), SY_INVALID);
  EXPECT_EQ(refused(deep, {.depth = 300}), SY_OK);

  std::string wide = "<a>";
  for (int i = 0; i < 1000; ++i) wide += "<b c='1'/>";
  wide += "</a>";
  EXPECT_EQ(refused(wide, {.nodes = 500}), SY_INVALID);
  EXPECT_EQ(refused(wide, {.nodes = 2000}), SY_OK);
  EXPECT_EQ(refused(wide, {.bytes = 1000}), SY_INVALID);
}

TEST(ExchangeXml, nesting_without_end_costs_no_stack) {
  std::string deep;
  for (int i = 0; i < 400'000; ++i) deep += "<a>";
  for (int i = 0; i < 400'000; ++i) deep += "</a>";
  EXPECT_EQ(refused(deep), SY_INVALID);
}

TEST(ExchangeXml, H68_what_is_written_is_xml_and_comes_back) {
  const std::string all = "\x01\x0B\x1F<&>\"'\t\n\xC3\xA4\xF0\x9F\x98\x80\xEF\xBF\xBE\xED\xA0\x80\xFF";
  const std::string bytes = all + std::string("a\0b", 3) + "\r\n";
  const std::string written = escape(bytes);
  EXPECT_EQ(text("<a>" + written + "</a>"), "\n<&>\"'\t\n\u00E4\U0001F600\uFFFD\uFFFD\uFFFDab\n");
  for (const char c : written) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n');
}

}  // namespace
}  // namespace syncline::exchange
