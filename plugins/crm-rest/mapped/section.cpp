#include "mapped/section.hpp"

#include <algorithm>

namespace syncline::crm {
namespace json = boost::json;

Section::Section(const Tree* tree, std::string path, Mistakes& mistakes)
    : tree_(tree), path_(std::move(path)), mistakes_(&mistakes) {
  if (tree_ == nullptr || tree_->object) return;
  mistake(tree_->at, (path_.empty() ? "the file" : "\"" + path_ + "\"") + " must be an object, not " +
                         std::string(tree_->type()) + "; write { … }");
  tree_ = nullptr;
}

std::string Section::name(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const Tree* Section::ask(std::string_view key) {
  asked_.emplace_back(key);
  return tree_ == nullptr ? nullptr : tree_->find(key);
}

const Tree* Section::of_type(std::string_view key, std::string_view wanted, bool (*fits)(const Tree&)) {
  const Tree* found = ask(key);
  if (found == nullptr || fits(*found)) return found;
  mistake(found->at, "\"" + name(key) + "\" must be " + std::string(wanted) + ", not " + std::string(found->type()));
  return nullptr;
}

std::string Section::text(std::string_view key, std::string_view fallback) {
  const Tree* t = of_type(key, "a text in quotes", [](const Tree& v) { return v.scalar.is_string(); });
  return t == nullptr ? std::string(fallback) : std::string(t->scalar.get_string());
}

std::string Section::required(std::string_view key, std::string_view what) {
  const bool missing = tree_ != nullptr && tree_->find(key) == nullptr;
  std::string out = text(key);
  if (missing)
    mistake(tree_->at, "\"" + name(key) + "\" is missing: " + std::string(what) + "; add it");
  else if (tree_ != nullptr && out.empty() && tree_->find(key)->scalar.is_string())
    mistake(tree_->find(key)->at, "\"" + name(key) + "\" is empty: give " + std::string(what));
  return out;
}

std::int64_t Section::number(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most) {
  const Tree* t = of_type(key, "a whole number", [](const Tree& v) { return v.scalar.is_int64(); });
  if (t == nullptr) return fallback;
  const std::int64_t n = t->scalar.get_int64();
  if (n >= least && n <= most) return n;
  mistake(t->at, "\"" + name(key) + "\" must be " + std::to_string(least) + " to " + std::to_string(most));
  return fallback;
}

bool Section::flag(std::string_view key, bool fallback) {
  const Tree* t = of_type(key, "true or false", [](const Tree& v) { return v.scalar.is_bool(); });
  return t == nullptr ? fallback : t->scalar.get_bool();
}

namespace {

std::string joined(std::initializer_list<std::string_view> words) {
  std::string out;
  for (const std::string_view w : words) out += (out.empty() ? "\"" : ", \"") + std::string(w) + "\"";
  return out;
}

}  // namespace

std::string Section::choice(std::string_view key, std::initializer_list<std::string_view> allowed,
                            std::string_view fallback) {
  std::string given = text(key, fallback);
  if (std::find(allowed.begin(), allowed.end(), given) != allowed.end()) return given;
  const std::string near = nearest(given, {allowed.begin(), allowed.end()});
  mistake(tree_->find(key)->at, "\"" + name(key) + "\" must be one of " + joined(allowed) +
                                    (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  return std::string(fallback);
}

std::vector<std::string> Section::texts(std::string_view key) {
  std::vector<std::string> out;
  const Tree* t = of_type(key, "a list of texts", [](const Tree& v) { return v.list; });
  if (t == nullptr) return out;
  for (const Tree& item : t->items) {
    if (item.scalar.is_string())
      out.emplace_back(item.scalar.get_string());
    else
      mistake(item.at, "\"" + name(key) + "\" is a list of texts; this is " + std::string(item.type()));
  }
  return out;
}

std::vector<std::string> Section::choices(std::string_view key, std::initializer_list<std::string_view> allowed) {
  std::vector<std::string> out = texts(key);
  for (const std::string& word : out) {
    if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) continue;
    const std::string near = nearest(word, {allowed.begin(), allowed.end()});
    mistake(tree_->find(key)->at, "\"" + name(key) + "\" knows " + joined(allowed) + ", not \"" + word + "\"" +
                                      (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }
  return out;
}

json::object Section::object(std::string_view key) {
  const Tree* t = of_type(key, "an object", [](const Tree& v) { return v.object; });
  return t == nullptr ? json::object() : t->value().as_object();
}

Section Section::section(std::string_view key) { return {ask(key), name(key), *mistakes_}; }

std::span<const Tree::Member> Section::members(std::string_view key) {
  const Tree* t = of_type(key, "an object", [](const Tree& v) { return v.object; });
  return t == nullptr ? std::span<const Tree::Member>() : std::span<const Tree::Member>(t->members);
}

void Section::unknown(const Tree::Member& member, const std::vector<std::string>& known, std::string_view what) {
  const std::string near = nearest(member.key, known);
  std::string all;
  for (const std::string& k : known) all += (all.empty() ? "" : ", ") + k;
  mistake(member.at, "there is no " + std::string(what) + " \"" + member.key + "\"" +
                         (near.empty() ? "; there are: " + all : "; did you mean \"" + near + "\"?"));
}

void Section::finish() {
  if (tree_ == nullptr) return;
  for (const Tree::Member& m : tree_->members)
    if (std::find(asked_.begin(), asked_.end(), m.key) == asked_.end())
      unknown(m, asked_, path_.empty() ? "key" : "key in \"" + path_ + "\"");
}

}  // namespace syncline::crm
