#include <gtest/gtest.h>

#include <iostream>

#include "model_two_way.hpp"

namespace syncline::model {
namespace {

Result two_way(const TwoWayRules& rules, int events, const char* what) {
  TwoWay model(rules);
  Search<TwoWay> search(model, 3);
  Result r = search.run(TwoWay::start(), events);
  std::cout << what << ": " << r.runs() << " runs, " << r.states << " states between passes, " << r.ends << " end states\n";
  for (std::size_t i = 0; i < end_names.size(); ++i)
    if (r.counts[i] != 0) std::cout << "  " << end_names[i] << ": " << r.counts[i] << "; e.g. " << r.example[i] << "\n";
  return r;
}

TEST(ProtocolModel, Explore) {
  bool TwoWayRules::* all[] = {&TwoWayRules::base_from_answer, &TwoWayRules::confirm_links, &TwoWayRules::refused_ends, &TwoWayRules::feed_first,
    &TwoWayRules::repeat_is_adopted, &TwoWayRules::intent_holds_item, &TwoWayRules::newer_row_stays, &TwoWayRules::losers_first, &TwoWayRules::walks_numbered,
    &TwoWayRules::late_taken_back, &TwoWayRules::update_recognised, &TwoWayRules::deleted_create_linked, &TwoWayRules::gone_row_waits,
    &TwoWayRules::remake_is_new_link, &TwoWayRules::fresh_row_stays, &TwoWayRules::echo_confirms};
  const char* names[] = {"1 base", "2 confirm", "3 refused", "4 feed", "repeat_is_adopted","intent_holds","newer_row","losers_first","walks_numbered","late_taken_back","update_recognised","deleted_create_linked","gone_row_waits","remake_new_link","fresh_row","echo_confirms"};
  for (std::size_t i = 0; i < std::size(all); ++i)
    for (int e = 0; e < 6; ++e) {
      TwoWayRules r;
      r.*all[i] = false;
      r.foreign_tombstones = (e & 1) == 0;
      r.answer_document = (e & 2) == 0;
      if (e >= 4) { r.walker = true; r.repeat_exists = e == 5; }
      two_way(r, e >= 4 ? 2 : 3, (std::string("OFF ") + names[i] + " env " + std::to_string(e)).c_str());
    }
  for (int n = 1; n <= 3; ++n) {
  TwoWayRules r;
  for (std::size_t i = 4; i < std::size(all); ++i) r.*all[i] = false;
  two_way(r, n, ("AS IS " + std::to_string(n)).c_str());
  }
}

}  // namespace
}  // namespace syncline::model
