// moves.hpp: items that a mailbox has given another id: one is gone and another is new, and both are the same (H-14,
// RAC-10). They are known again by what lasts: the mailbox's own key of an item, and our token.
#pragma once

#include "pass.hpp"

namespace syncline {

/// One item in its turn. Whichever of the two is looked at first, nothing is deleted or made for it.
void follow_move(PassContext& ctx, WorkItem& w);

/// A change of the CRM whose item is gone from the mailbox: what has become of that is settled first. True: it waits.
bool item_may_have_moved(PassContext& ctx, WorkItem& w);

/// All items that are waiting, before so many disappearances are taken for deletions: a mailbox that was moved to
/// another server has new ids for everything.
void follow_moves(PassContext& ctx);

}  // namespace syncline
