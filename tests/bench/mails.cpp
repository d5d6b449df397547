#include "mails.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "servers/mime_writer.hpp"

namespace syncline::bench {

namespace {

constexpr std::array<std::string_view, 24> words{"the",     "machine",  "arrives", "on",      "Monday",  "please",
                                                 "send",    "contract", "before",  "noon",    "offer",   "number",
                                                 "meeting", "about",    "factory", "service", "with",    "our",
                                                 "drawing", "harbour",  "letter",  "price",   "quarter", "sample"};

std::string prose(std::mt19937_64& dice, std::size_t bytes) {
  std::string out;
  std::size_t column = 0;
  while (out.size() < bytes) {
    const std::string_view word = words.at(dice() % words.size());
    out += word;
    column += word.size() + 1;
    out += column > 68 ? '\n' : ' ';
    if (column > 68) column = 0;
  }
  return out + "\n";
}

std::string hex(std::mt19937_64& dice, std::size_t n) {
  std::string out;
  while (out.size() < n) out.push_back("0123456789abcdef"[dice() & 15U]);
  return out;
}

std::string bytes_of(std::mt19937_64& dice, std::size_t n) {
  std::string out(n, '\0');
  for (char& c : out) c = static_cast<char>(dice());
  return out;
}

/// Most are small, a few are large.
std::size_t between(std::mt19937_64& dice, double least, double most, double bend) {
  const double u = static_cast<double>(dice() % 1'000'000) / 1e6;
  return static_cast<std::size_t>(least * std::pow(most / least, std::pow(u, bend)));
}

}  // namespace

std::string message(std::size_t n, const std::string& to) {
  using namespace syncline::sandbox;
  std::mt19937_64 dice(n + 1);
  const std::string from =
      "customer" + std::to_string(dice() % 400) + "@fabrikam" + std::to_string(dice() % 20) + ".test";
  const std::string boundary = "----=_Part_" + hex(dice, 16), inner = "----=_Part_" + hex(dice, 16);
  Piece piece;
  if (n % 5 == 4) {
    const Piece text = text_piece("plain", prose(dice, 1'200));
    const std::size_t size = between(dice, 9'000, 138'000, 0.9);
    piece =
        multipart("mixed", boundary, {text, file_piece("drawing.pdf", "application/pdf", bytes_of(dice, size), "")});
  } else if (n % 5 < 2) {
    piece = text_piece("plain", prose(dice, between(dice, 1'100, 24'000, 1.2)));
  } else {
    const std::string text = prose(dice, between(dice, 600, 11'000, 1.2));
    piece =
        multipart("alternative", inner,
                  {text_piece("plain", text), text_piece("html", "<html><body><p>" + text + "</p></body></html>\n")});
  }
  std::vector<std::pair<std::string, std::string>> headers{
      {"Return-Path", "<" + from + ">"},
      {"Received", "from mx.contoso.test (mx.contoso.test [192.0.2.25])\r\n\tby store.contoso.test with LMTP id " +
                       hex(dice, 12) + "\r\n\tfor <" + to + ">; Thu, 1 Jan 2026 10:00:09 +0000"},
      {"Received",
       "from mail.fabrikam.test (mail.fabrikam.test [198.51.100.7])\r\n\tby mx.contoso.test with ESMTPS id " +
           hex(dice, 12) + "; Thu, 1 Jan 2026 10:00:04 +0000"},
      {"From", "Customer <" + from + ">"},
      {"To", "Alice <" + to + ">"},
      {"Subject", prose(dice, 30).substr(0, 40)},
      {"Date", "Thu, 1 Jan 2026 " + std::to_string(10 + n / 3600 % 10) + ":" + std::to_string(10 + n / 60 % 50) + ":" +
                   std::to_string(10 + n % 50) + " +0000"},
      {"Message-ID", "<" + hex(dice, 24) + "." + std::to_string(n) + "@fabrikam.test>"},
      {"MIME-Version", "1.0"}};
  std::replace(headers[5].second.begin(), headers[5].second.end(), '\n', ' ');
  headers.insert(headers.end(), piece.headers.begin(), piece.headers.end());
  piece.headers = std::move(headers);
  return written(piece);
}

}  // namespace syncline::bench
