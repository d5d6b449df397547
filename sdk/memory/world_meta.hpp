// world_meta.hpp: a world's counters, shared by the sources that implement it.
#pragma once

#include "world.hpp"

namespace syncline::memory {

struct World::Meta {
  std::int64_t seq = 0;    ///< rises with every change of any record
  std::int64_t epoch = 0;  ///< cursors of an earlier one are reset
  std::int64_t requests = 0;
  std::int64_t effects = 0;  ///< requests that write
  std::int64_t now = 0;      ///< the time that was last heard of
  std::int64_t last = 0;     ///< last id or number given out
};

/// An id that no record had before, in the style of its side.
template <class M>
std::string new_id(M& m, int side) {
  const std::string n = std::to_string(++m.last);
  if (side == SY_MAILBOX) return "AAMk+" + n + "/=";  // as a mail server's: not fit for a URL or a file name as it is
  return "00000000-0000-4000-8000-" + std::string(n.size() < 12 ? 12 - n.size() : 0, '0') + n;
}

}  // namespace syncline::memory
