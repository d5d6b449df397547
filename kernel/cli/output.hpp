// output.hpp: how commands show facts: JSON for programs, aligned lines for people.
#pragma once

#include <string>

#include "schedule.hpp"

namespace syncline {

std::string instant_text(std::int64_t utc_ms);  ///< "2026-01-01 00:00:00Z"; "never" for 0
json::object report_json(const PairReport& report);
std::string end_text(PairEnd end);
void print_plan(const PairReport& report);
/// The worst of the reports, as an exit code.
int exit_code_of(const std::vector<PairReport>& reports);
std::string kernel_words(std::string_view reason, const json::object& args);

}  // namespace syncline
