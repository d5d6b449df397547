// The short form of exchange_item_fuzz: items of the corpus, with bytes turned, cut, doubled and swapped in. The same
// every time.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/exchange_item_check.hpp"

namespace syncline::exchange {
namespace {

std::vector<std::string> corpus() {
  std::vector<std::string> out;
  for (const char* name : {"contact", "message", "task"}) {
    std::ifstream in(std::string(SYNCLINE_SOURCE_DIR) + "/tests/fuzz/exchange_items/" + name + ".xml",
                     std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    out.push_back(text.str());
  }
  return out;
}

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  void mutate(std::string& text) {
    static constexpr auto pieces = std::to_array<std::string_view>(
        {"&#x0;", "&#xD800;", "&amp;",        "]]>",       "<![CDATA[", "<a>", "</",        "/>",    "\"",
         "'",     "\xFF",     "\xED\xA0\x80", "\n",        "9999",      "-",   "T24:00:00", "1604-", "4501-",
         "/o=",   "@",        "<t:String/>",  "Completed", "canceled",  " ",   "{\"",       "99.9"});
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = std::min(below(40), text.size() - at);
    switch (below(5)) {
      case 0: text.insert(at, pieces[below(pieces.size())]); break;
      case 1: text.erase(at, length); break;
      case 2: text.insert(below(text.size() + 1), text.substr(at, length)); break;
      case 3: text.replace(at, length, pieces[below(pieces.size())]); break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
    }
  }
  std::size_t below(std::size_t n) { return random_() % n; }  // std's distributions differ between libraries

 private:
  std::mt19937 random_;
};

TEST(ExchangeItemBytes, the_corpus_itself_is_read) {
  const std::vector<std::string> items = corpus();
  const auto kinds = std::to_array<std::string_view>({"contact", "email", "task"});
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_FALSE(read(XmlDocument(items[i]).root(), kinds[i], {}).document.empty());
    fuzz::check_item(items[i]);
  }
}

TEST(ExchangeItemBytes, H68_whatever_a_server_sends_is_read_or_refused) {
  const std::vector<std::string> items = corpus();
  Mutator mutator(20'261'126);
  for (int round = 0; round < 4'000; ++round) {
    std::string text = items[mutator.below(items.size())];
    for (std::size_t n = 1 + mutator.below(4); n > 0; --n) mutator.mutate(text);
    fuzz::check_item(text);
  }
}

}  // namespace
}  // namespace syncline::exchange
