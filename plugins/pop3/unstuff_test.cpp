#include "unstuff.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "roster.hpp"

namespace syncline::pop3 {
namespace {

/// Feeds `answer` in pieces of at most `step` bytes; what comes behind the end is left unread.
std::string unstuffed(const std::string& answer, std::size_t step, std::string* rest = nullptr) {
  Unstuffer dots;
  std::string out;
  std::size_t at = 0;
  while (at < answer.size() && !dots.done())
    at += dots.feed(std::string_view(answer).substr(at, step), [&](std::string_view piece) { out += piece; });
  EXPECT_TRUE(dots.done());
  if (rest != nullptr) *rest = answer.substr(at);
  return out;
}

TEST(Unstuffer, AnyPieces) {
  const std::string answer = "a\r\n..\r\n...b\r\n.\rc\r\n\r\r\n\n.\nx\r\n.\r\n+OK next";
  const std::string content = "a\r\n.\r\n..b\r\n\rc\r\n\r\r\n\n.\nx\r\n";
  for (std::size_t step = 1; step <= answer.size(); ++step) {
    std::string rest;
    EXPECT_EQ(unstuffed(answer, step, &rest), content) << step;
    EXPECT_EQ(rest, "+OK next") << step;
  }
}

TEST(Unstuffer, WhatWasStuffedComesBack) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string content, stuffed;
    const auto length = random() % 40;
    for (std::size_t i = 0; i < length; ++i) content += ".\r\nab"[random() % 5];
    content += "\r\n";
    bool start = true;
    for (std::size_t i = 0; i < content.size(); ++i) {
      if (start && content[i] == '.') stuffed += '.';
      stuffed += content[i];
      start = content[i] == '\n' && i > 0 && content[i - 1] == '\r';
    }
    EXPECT_EQ(unstuffed(stuffed + ".\r\n", 1 + random() % 7), content);
  }
}

TEST(HeaderCut, EndsAtTheEmptyLine) {
  for (std::size_t step = 1; step < 12; ++step) {
    const std::string mail = "A: b\r\nC: d\r\n\r\nbody\r\n\r\nmore";
    HeaderCut cut;
    std::string out;
    for (std::size_t at = 0; at < mail.size(); at += step)
      cut.feed(std::string_view(mail).substr(at, step), [&](std::string_view piece) { out += piece; });
    EXPECT_EQ(out, "A: b\r\nC: d\r\n\r\n");
  }
}

TEST(HeadMark, LooksPastWhatServersChange) {
  const std::string mark = head_mark("Subject: a\r\nFrom: b\r\n\r\n");
  EXPECT_EQ(mark.size(), 16u);
  EXPECT_EQ(head_mark("Status: RO\r\nSubject: a\r\nX-UIDL: 1\r\n 2\r\nFrom: b\r\n\r\n"), mark);
  EXPECT_NE(head_mark("Subject: a\r\nFrom: c\r\n\r\n"), mark);
  EXPECT_EQ(head_mark(""), head_mark(""));
}

}  // namespace
}  // namespace syncline::pop3
