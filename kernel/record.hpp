// record.hpp: what the parts of recording share: creates and links on one side, changes on the other.
#pragma once

#include "pass.hpp"

namespace syncline {

[[nodiscard]] std::string message_id(const json::object& doc);
void count(PassContext& ctx, std::string_view what, std::int64_t n = 1);
/// The written side's document at exactly the version of the write's answer, if anybody can tell.
[[nodiscard]] std::optional<json::object> stored_document(PassContext& ctx, const IntentOp& op, const Done& d);
[[nodiscard]] Pending look_again(const PassContext& ctx, Side side, const std::string& id, const std::string& kind,
                                 const std::string& version);
/// `keys`: those by which it is known again when it moves. The row of the written side: a listing must know that this
/// id is ours.
void put_seen_twin(PassContext& ctx, Batch& batch, const Link& link, Side side, std::vector<std::string> keys);

/// What rules ask of the CRM's record when it cannot be read any more.
void remember_record(const PassContext& ctx, Link& l, const WorkItem& w);
void record_create(PassContext& ctx, Batch& batch, const IntentOp& op, WorkItem& w, Done d);
/// A create that did not come out as OK. True: it is settled one way or the other and leaves the intent.
bool failed_create(PassContext& ctx, Batch& batch, IntentOp& op, WorkItem& w, const Done& d);
/// The record that a rule has found is this item: no create.
void link_to_record(PassContext& ctx, Batch& batch, WorkItem& w);
/// Ends the item's link. `deleted`: the side on which the item was deleted just now.
void tombstone(PassContext& ctx, Batch& batch, WorkItem& w, const std::string& cause, const std::string& operation,
               std::optional<Side> deleted = {});

}  // namespace syncline
