// model.hpp: exhaustive search through everything that can go wrong at every step of a few passes of a modelled
// protocol (S23). A model is plain code over a small state of bytes; where something may happen it asks. A pass is run
// again for each way to answer; what follows a pass is searched once for each state, and counted for all ways that lead
// there.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace syncline::model {

using Byte = std::uint8_t;

/// What an end state is. Parked: somebody was told and has to act. Restless: it never came to an end.
enum class End : unsigned { ok, duplicate, lost_edit, diverged, crm_undone, mailbox_undone, orphan, parked, restless };
inline constexpr std::array<const char*, 9> end_names{
    "ok",     "duplicate", "lost edit", "silently diverged", "CRM deletion undone", "mailbox deletion undone",
    "orphan", "parked",    "restless"};
using Counts = std::array<std::uint64_t, end_names.size()>;

/// Something that happened, and before which step.
struct Mark {
  const char* what = "";
  const char* where = "";
  int pass = 0;
};

/// The answers of one run; the next run differs in the last one that can.
class Choices {
 public:
  unsigned pick(unsigned n) {
    if (at_ == picked_.size()) {
      picked_.push_back(0);
      widths_.push_back(n);
    }
    return picked_[at_++];
  }
  bool next() {
    at_ = 0;
    while (!picked_.empty() && picked_.back() + 1 == widths_.back()) {
      picked_.pop_back();
      widths_.pop_back();
    }
    if (picked_.empty()) return false;
    ++picked_.back();
    return true;
  }

 private:
  std::vector<unsigned> picked_, widths_;
  std::size_t at_ = 0;
};

/// What a model shares with the search while a pass runs.
struct Run {
  Choices* choices = nullptr;  ///< none: nothing happens any more
  int events = 0;              ///< that may still happen
  int pass = 0;
  std::vector<Mark>* trace = nullptr;

  void note(const char* what, const char* where) const {
    if (trace != nullptr) trace->push_back({what, where, pass});
  }
};

/// Ends the pass: the process is gone, or a call failed as a whole.
struct PassEnded {};

struct Result {
  Counts counts{};
  std::uint64_t states = 0, ends = 0;
  std::array<std::string, end_names.size()> example;

  [[nodiscard]] std::uint64_t of(End e) const { return counts[static_cast<std::size_t>(e)]; }
  [[nodiscard]] std::uint64_t runs() const {
    std::uint64_t n = 0;
    for (const auto c : counts) n += c;
    return n;
  }
};

/// M: `State`, trivially copyable bytes; `void pass(State&, Run&)`, which ends by itself; `End end(State)`, which lets
/// quiet passes follow and says what came out.
template <class M>
class Search {
 public:
  using State = typename M::State;
  static_assert(std::has_unique_object_representations_v<State>, "states are compared by their bytes");

  Search(M& model, int passes) : model_(model), passes_(passes) {}

  Result run(const State& start, int events) {
    result_.counts = explore(start, 0, events);
    result_.states = memo_.size();
    return result_;
  }

 private:
  struct Key {
    State state;
    Byte pass, events;
    bool operator==(const Key& o) const {
      return pass == o.pass && events == o.events && std::memcmp(&state, &o.state, sizeof state) == 0;
    }
  };
  struct Hash {
    std::size_t operator()(const Key& k) const {
      std::string bytes(sizeof k.state, '\0');
      std::memcpy(bytes.data(), &k.state, sizeof k.state);
      return std::hash<std::string>()(bytes) ^ (std::size_t{k.pass} << 8U) ^ k.events;
    }
  };

  Counts explore(const State& s, int pass, int events) {
    const Key key{s, static_cast<Byte>(pass), static_cast<Byte>(events)};
    if (const auto known = memo_.find(key); known != memo_.end()) return known->second;
    Counts counts{};
    if (pass == passes_) {
      leaf(s, counts);
    } else {
      Choices choices;
      const std::size_t before = trace_.size();
      do {
        State next = s;
        Run run{&choices, events, pass + 1, &trace_};
        model_.pass(next, run);
        const Counts there = explore(next, pass + 1, run.events);
        for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += there[i];
        trace_.resize(before);
      } while (choices.next());
    }
    memo_.emplace(key, counts);
    return counts;
  }

  void leaf(const State& s, Counts& counts) {
    const auto e = static_cast<std::size_t>(model_.end(s));
    counts[e] = 1;
    ++result_.ends;
    std::string& example = result_.example[e];
    if (!example.empty()) return;
    for (const Mark& m : trace_)
      example += std::string(example.empty() ? "" : "; ") + m.what + " [pass " + std::to_string(m.pass) + ", before " +
                 m.where + "]";
    if (example.empty()) example = "nothing happens";
  }

  M& model_;
  int passes_;
  std::unordered_map<Key, Counts, Hash> memo_;
  std::vector<Mark> trace_;
  Result result_;
};

/// Rows of a table with few places: id 0 is a free place.
template <class T, std::size_t N>
T* row(std::array<T, N>& table, Byte id) {
  for (T& t : table)
    if (t.id == id) return &t;
  return nullptr;
}
template <class T, std::size_t N>
T& row_for(std::array<T, N>& table, Byte id) {
  if (T* t = row(table, id)) return *t;
  if (T* t = row(table, Byte{0})) {
    *t = T{};
    t->id = id;
    return *t;
  }
  throw std::logic_error("the model's table is full");
}

inline Byte bit(Byte value) { return value == 0 ? Byte{0} : static_cast<Byte>(1U << value); }

}  // namespace syncline::model
