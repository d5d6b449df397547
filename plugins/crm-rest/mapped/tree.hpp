// tree.hpp: JSON with the place of every key and value, for files that people write: a mistake is told by file, line
// and column. Comments (// to the end of the line) are allowed. Trees are laid over each other without losing their
// places.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::crm {

/// Lines and columns count from 1; columns are characters.
struct Spot {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0, column = 0;
  [[nodiscard]] std::string text() const;  ///< "file:line:column"
};

struct Mistake {
  Spot at;
  std::string text;  ///< what is wrong, and what to do
  [[nodiscard]] std::string line() const { return at.text() + ": " + text; }
};
using Mistakes = std::vector<Mistake>;

class Tree {
 public:
  struct Member;

  Spot at;
  boost::json::value scalar;  ///< what stands here, unless it is a list or an object
  bool list = false, object = false;
  std::vector<Tree> items;
  std::vector<Member> members;

  [[nodiscard]] const Tree* find(std::string_view key) const;
  [[nodiscard]] bool null() const { return !list && !object && scalar.is_null(); }
  [[nodiscard]] boost::json::value value() const;
  [[nodiscard]] std::string_view type() const;  ///< "a text", "an object", … for people
};

struct Tree::Member {
  std::string key;
  Spot at;
  Tree value;
};

/// Reads one document. What is wrong with it goes to `mistakes`; the tree is then what could be read before it.
Tree read_tree(const std::string& file, std::string_view text, Mistakes& mistakes);
/// Objects are merged member by member, null takes a member away, anything else replaces.
Tree laid_over(Tree base, const Tree& over);
/// The candidate nearest to the word if it is near enough for a slip; else empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace syncline::crm
