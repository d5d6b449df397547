// Notes are plain text, whatever form the server has them in, and do not grow from cycle to cycle (H-69).
#include "plain_text.hpp"

#include <gtest/gtest.h>

namespace syncline::exchange {
namespace {

TEST(ExchangeText, H69_html_becomes_what_a_reader_sees) {
  EXPECT_EQ(text_of_html("<html><head><title>T</title><style>p{}</style></head><body><p>One</p><p>Two <b>bold</b></p>"
                         "<script>x<y</script><div>Three<br>Four</div></body></html>"),
            "One\nTwo bold\nThree\nFour\n");
  EXPECT_EQ(text_of_html("a &amp; b &lt;c&gt;&nbsp;d &#228;&#xE4; &uuml; &unknown; &"),
            "a & b <c> d \u00E4\u00E4 \u00FC &unknown; &");
  EXPECT_EQ(text_of_html("1 < 2 and 3 <4"), "1 < 2 and 3 <4");
  EXPECT_EQ(text_of_html("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"), "a\tb\nc\n");
  EXPECT_EQ(text_of_html("x<!-- <p>hidden</p> -->y<STYLE>z</STYLE>w"), "xyw");
  EXPECT_EQ(text_of_html("<p>a</p>\r\n\r\n<p>b</p>"), "a\nb\n");
  EXPECT_EQ(text_of_html("<script>never closed"), "");
  EXPECT_EQ(text_of_html(""), "");
}

TEST(ExchangeText, H69_text_to_html_to_text_does_not_grow) {
  std::string text = "First line\nSecond line\n\nAfter a gap";
  for (int cycle = 0; cycle < 5; ++cycle) {
    std::string html = "<html><body>";
    for (const char c : text) html += c == '\n' ? std::string("<br>\r\n") : std::string(1, c);
    html += "<br>\r\n</body></html>\r\n";
    text = notes_text(text_of_html(html));
  }
  EXPECT_EQ(text, "First line\nSecond line\n\nAfter a gap");
  EXPECT_EQ(notes_text("a\n\n \n"), "a");
  EXPECT_EQ(notes_text(" \n"), "");
  EXPECT_EQ(notes_text("  a"), "  a");
}

TEST(ExchangeText, H69_a_body_of_five_megabytes_is_read_once_through) {
  for (const char* piece : {"<", "< ", "<a", "</", "&", "&#", "<p>x</p>", "<script>", "x "}) {
    std::string html;
    while (html.size() < (std::size_t{5} << 20)) html += piece;
    EXPECT_LE(text_of_html(html).size(), html.size()) << piece;
  }
}

TEST(ExchangeText, one_line_has_no_control_characters) {
  EXPECT_EQ(one_line(" a\tb\r\nc\x7F "), "a b  c");
  EXPECT_EQ(one_line("\n"), "");
}

}  // namespace
}  // namespace syncline::exchange
