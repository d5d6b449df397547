// faults.hpp: mistakes in configuration files: each with its place, a source excerpt, and what to do. Excerpts show the
// text that is at fault and mask every other value of the line, so that no secret is ever printed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace syncline {

/// A place in a file. Lines and columns count from 1; 0: unknown.
struct Span {
  std::uint32_t file = 0;  ///< index into Faults::sources
  std::uint32_t line = 0, column = 0, width = 1;
};

struct SourceText {
  std::string path;
  std::vector<std::string> lines;
};

struct Fault {
  std::string code;  ///< "CFG012"
  Span at;
  std::string text;  ///< what is wrong
  std::string hint;  ///< beside the caret
  std::string help;  ///< what to do
};

class Faults {
 public:
  std::uint32_t add_source(std::string path, std::string_view text);
  [[nodiscard]] const std::string& path(const Span& at) const;
  /// "file:line:column"
  [[nodiscard]] std::string place(const Span& at) const;

  void add(std::string_view code, Span at, std::string text, std::string hint = {}, std::string help = {});
  /// The value at this place is a secret: no excerpt may show it.
  void hide(Span at) { hidden_.push_back(at); }

  [[nodiscard]] bool empty() const { return list_.empty(); }
  /// Sorted by file and position, each once.
  [[nodiscard]] std::vector<Fault> sorted() const;
  /// As people read it, each fault with its excerpt.
  [[nodiscard]] std::string print() const;
  [[nodiscard]] std::string json() const;

 private:
  std::vector<SourceText> sources_;
  std::vector<Fault> list_;
  std::vector<Span> hidden_;
};

/// The candidate nearest to `word`, if it is near enough to be a slip of the pen; else empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Every fault code with its meaning: the one table, for docs and tests.
struct FaultCode {
  std::string_view code, meaning;
};
std::span<const FaultCode> fault_codes();

}  // namespace syncline
