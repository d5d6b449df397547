// endpoint_cases.hpp: the endpoint suite's three parts.
#pragma once

#include "syncline/conformance/subject.hpp"

namespace syncline::conformance {

std::vector<Case> read_cases();
std::vector<Case> write_cases();
std::vector<Case> create_cases();

}  // namespace syncline::conformance
