// step.hpp: numbered points of a pass: each state write, and before and after each remote effect. The program links a
// step() that does nothing; the crash tests link one that ends the process at the n-th.
#pragma once

#include <string_view>

namespace syncline {

void step(std::string_view name) noexcept;

}  // namespace syncline
