// counting.hpp: what counting.cpp counts; a program under measurement finds bench_counts() if it is preloaded.
#pragma once

#include <cstdint>
#include <vector>

namespace syncline::bench {

struct Counts {
  std::uint64_t allocations = 0;  ///< malloc, calloc, realloc, of all libraries
  std::uint64_t commits = 0;
  std::uint64_t rows_read = 0, rows_written = 0;
  std::uint64_t item_rows_read = 0, item_rows_written = 0;  ///< of these: of items
  std::uint64_t received = 0;                               ///< bytes from sockets
  std::uint64_t lines_sent = 0;                             ///< to sockets: commands of a line protocol
};

}  // namespace syncline::bench

extern "C" void bench_counts(syncline::bench::Counts* out);
