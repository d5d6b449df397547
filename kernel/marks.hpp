// marks.hpp: the state of a link on the mailbox's item itself, where the mailbox carries it: we write what became of
// the item, a client asks for what shall become of it. A mark is wanted in the transaction that records the link (a
// row), and written afterwards: never before the CRM has answered. Written twice it is the same mark, so it needs no
// intent.
#pragma once

#include "pass.hpp"

namespace syncline {

enum class MarkState { none = -1, ended = 0, to_link = 1, linked = 2, to_unlink = 3, to_delete = 4 };

/// Whether items of this kind bear the state of their link.
bool carries_states(const PassContext& ctx, std::string_view kind);

/// What shall stand on an item that is linked with this record.
std::string linked_marks(const PassContext& ctx, const std::string& record);

/// Notes that the item's mark has to follow what the link has become, unless it says so already.
void want_mark(PassContext& ctx, Batch& batch, const WorkItem& w);

/// A client's wish on the item becomes a request, as if a person had asked by a command.
void ask_by_mark(PassContext& ctx, WorkItem& w);

/// An item that another organization's client has linked is that organization's: it is refused here, unless a person
/// asks for it. True: it was settled so.
bool belongs_elsewhere(PassContext& ctx, WorkItem& w);

/// Whether all that has changed about an item whose link has ended is its mark.
bool only_marked(const PassContext& ctx, const WorkItem& w);

/// Writes the marks that are wanted.
void write_marks(PassContext& ctx);

}  // namespace syncline
