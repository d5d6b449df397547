// section.hpp: an object of a mapping file as it is read: each question names a key, a wrong answer is a mistake with
// its place, and what nobody asked for is an unknown key with the nearest known one.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>

#include "mapped/tree.hpp"

namespace syncline::crm {

class Section {
 public:
  /// `tree` null: the section is absent, and every answer is the default.
  Section(const Tree* tree, std::string path, Mistakes& mistakes);

  [[nodiscard]] bool there() const { return tree_ != nullptr; }
  [[nodiscard]] const Tree* tree() const { return tree_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  std::string text(std::string_view key, std::string_view fallback = {});
  std::string required(std::string_view key, std::string_view what);  ///< `what`: "the collection's path"
  std::int64_t number(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most);
  bool flag(std::string_view key, bool fallback);
  std::string choice(std::string_view key, std::initializer_list<std::string_view> allowed, std::string_view fallback);
  std::vector<std::string> texts(std::string_view key);
  std::vector<std::string> choices(std::string_view key, std::initializer_list<std::string_view> allowed);
  boost::json::object object(std::string_view key);  ///< as it stands: its keys are the remote side's
  /// A section of its own; absent: one that answers with defaults.
  Section section(std::string_view key);
  /// The members of an object whose keys are names: of kinds, of fields.
  std::span<const Tree::Member> members(std::string_view key);
  const Tree* ask(std::string_view key);

  void mistake(const Spot& at, std::string text) { mistakes_->push_back({at, std::move(text)}); }
  void unknown(const Tree::Member& member, const std::vector<std::string>& known, std::string_view what);
  /// To be called last: reports what was not asked for.
  void finish();

 private:
  const Tree* of_type(std::string_view key, std::string_view wanted, bool (*fits)(const Tree&));
  [[nodiscard]] std::string name(std::string_view key) const;

  const Tree* tree_;
  std::string path_;
  Mistakes* mistakes_;
  std::vector<std::string> asked_;
};

}  // namespace syncline::crm
