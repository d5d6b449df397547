#include "step.hpp"

namespace syncline {

void step(std::string_view) noexcept {}

}  // namespace syncline
