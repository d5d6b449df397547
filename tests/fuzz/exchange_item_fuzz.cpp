// Any bytes are read as an item of Exchange: no crash, no endless loop, and what was read can be written.
// Run: exchange_item_fuzz -max_len=65536 CORPUS tests/fuzz/exchange_items
#include <cstdint>

#include "exchange_item_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  syncline::exchange::fuzz::check_item({reinterpret_cast<const char*>(data), size});
  return 0;
}
