// requests.hpp: what a person or another program asks for a single item: a row in the store first, an operation through
// the same rules afterwards. The row stays open until the item is settled, and then says what became of it.
#pragma once

#include "pass.hpp"

namespace syncline {

/// Whether the verb is about one item: track, regarding, untrack.
bool about_item(const Request& r);

/// Remembers an open request for this pass and puts its item before it.
void take_item_request(PassContext& ctx, const Request& r);

/// What the request makes of its item: a decision in w.decision, or settled. True: nothing else decides about it.
bool decide_request(PassContext& ctx, WorkItem& w);

/// Writes into the request's row what became of its item.
void answer_request(PassContext& ctx, Batch& batch, const WorkItem& w, std::string_view verdict, std::string_view stage,
                    std::string_view reason, const json::object& args);

}  // namespace syncline
