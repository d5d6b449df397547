#include "mail_rules.hpp"
#include "two_way_rules.hpp"

namespace syncline::rules {
SYNCLINE_PLUGIN("rules", "0.1.0", "Apache-2.0", ReceivedAfter, SizeLimit, Protected, Duplicate, Internal, Sender,
                Recipients, Correlation, Acceptance, Parties, Attachments, UserFilters, Tracking, Returning, Deletion);
}  // namespace syncline::rules
