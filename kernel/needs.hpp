// needs.hpp: creates that an operation needs: an auto-created contact before the mail that it sent. They stand in the
// same intent, are sent first, belong to no link, and their ids take the place of {"needs": key} in the document.
#pragma once

#include "pass.hpp"

namespace syncline {

/// Puts what `w` needs before `op` into the intent's operations; what an earlier operation of `ops` makes already is
/// shared. A need that the CRM cannot make safely is left out.
void add_needs(PassContext& ctx, WorkItem& w, IntentOp& op, std::vector<IntentOp>& helpers);

/// A need whose outcome is known: its id goes into every document that waits for it. A create that is refused for good
/// leaves its place empty; one that is not known to have happened stays open. True: settled.
bool settle_need(PassContext& ctx, Intent& intent, IntentOp& helper, const Done& done);

/// Recovery: whether an earlier pass has made it.
void recover_need(PassContext& ctx, Intent& intent, IntentOp& helper);

/// Recovery: lets go of what nothing unfinished needs any more.
void drop_unneeded(PassContext& ctx, Intent& intent, const std::vector<std::optional<Done>>& done);

/// Whether all that `op` needs has been settled.
bool needs_settled(const Intent& intent, const IntentOp& op);

}  // namespace syncline
