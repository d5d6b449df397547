// unstuff.hpp: the end of a multi-line answer and its dots (RFC 1939, 3), over pieces of any size.
#pragma once

#include <cstddef>
#include <string_view>

namespace syncline::pop3 {

class Unstuffer {
 public:
  /// Gives the content within `in` to `out` in pieces; returns how much of `in` belonged to this answer.
  template <class F>
  std::size_t feed(std::string_view in, F&& out) {
    std::size_t from = 0, at = 0;  // [from, at) is content not yet given
    const auto give = [&](std::size_t next) {
      if (at > from) out(in.substr(from, at - from));
      from = next;
    };
    for (; at < in.size() && state_ != State::DONE; ++at) {
      const char c = in[at];
      switch (state_) {
        case State::START:
          if (c == '.') {
            give(at + 1);
            state_ = State::DOT;
          } else {
            state_ = c == '\r' ? State::CR : State::LINE;
          }
          break;
        case State::LINE:
          if (c == '\r') state_ = State::CR;
          break;
        case State::CR: state_ = c == '\n' ? State::START : (c == '\r' ? State::CR : State::LINE); break;
        case State::DOT:
          if (c == '\r') {
            from = at + 1;  // held back: it may be the end
            state_ = State::DOT_CR;
          } else {
            state_ = State::LINE;
          }
          break;
        case State::DOT_CR:
          if (c == '\n') {
            from = at + 1;
            state_ = State::DONE;
          } else {
            out(std::string_view("\r"));
            from = at;
            state_ = c == '\r' ? State::CR : State::LINE;
          }
          break;
        case State::DONE: break;
      }
    }
    give(at);
    return at;
  }
  [[nodiscard]] bool done() const { return state_ == State::DONE; }

 private:
  enum class State { START, LINE, CR, DOT, DOT_CR, DONE };
  State state_ = State::START;
};

/// Lets the headers pass, with the empty line that ends them, and drops the rest.
class HeaderCut {
 public:
  template <class F>
  void feed(std::string_view in, F&& out) {
    if (ended_) return;
    std::size_t at = 0;
    for (; at < in.size() && !ended_; ++at) {
      if (in[at] == '\n') {
        ended_ = empty_;
        empty_ = true;
      } else if (in[at] != '\r') {
        empty_ = false;
      }
    }
    out(in.substr(0, at));
  }

 private:
  bool empty_ = true, ended_ = false;
};

}  // namespace syncline::pop3
