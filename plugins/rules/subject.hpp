// subject.hpp: what the beginning of a subject tells: an answer, or a mail that was passed on.
#pragma once

#include <string_view>

namespace syncline::rules {

enum class SubjectKind { plain, reply, forward };

/// By the first prefix: "WG: AW: Offer" was passed on, "AW: WG: Offer" answers. docs/mail-rules.md lists them.
SubjectKind subject_kind(std::string_view subject);

}  // namespace syncline::rules
