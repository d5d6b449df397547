// remove.hpp: deletes messages that have been processed: in one session, by the ids that its own listing bears, and
// done only when QUIT says so.
#pragma once

#include <span>
#include <syncline/endpoint.hpp>

#include "account.hpp"

namespace syncline::pop3 {

/// SY_DELETE operations on mail; what else stands among them is refused. An id that is not in the mailbox is SY_GONE.
/// An id that several messages bear is never deleted. Throws when nothing is known of the outcome, or nothing was done.
void remove(const Account& account, const Call& call, std::span<const Operation> ops, const DoneSink& put);

}  // namespace syncline::pop3
