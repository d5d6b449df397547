// The rules that the d365 ruleset names, as far as a configuration sees them.
#include <array>

#include "parts.hpp"

namespace {

constexpr sy_option limit{sizeof(sy_option), SY_BYTES, 0, "limit", "\"10MiB\"", nullptr, "largest mail", nullptr};
constexpr std::array size_options{&limit};
using test_plugin::make_class;
constexpr sy_class received = make_class("rule", "received-after");
constexpr sy_class size = make_class<size_options>("rule", "size-limit");
constexpr sy_class duplicate = make_class("rule", "duplicate");
constexpr sy_class sender = make_class("rule", "sender");
constexpr sy_class recipients = make_class("rule", "recipients");
constexpr sy_class correlation = make_class("rule", "correlation");
constexpr sy_class acceptance = make_class("rule", "acceptance");
constexpr sy_class parties = make_class("rule", "parties");
constexpr sy_class guarded = make_class("rule", "protected");
constexpr sy_class internal = make_class("rule", "internal");
constexpr sy_class attachments = make_class("rule", "attachments");
constexpr sy_class user_filters = make_class("filter", "user-filters");
constexpr sy_class tracking = make_class("rule", "tracking");
constexpr sy_class returning = make_class("rule", "returning");
constexpr sy_class deletion = make_class("rule", "deletion");
constexpr std::array classes{&received,    &size,         &guarded,     &duplicate,  &internal,
                             &sender,      &recipients,   &correlation, &acceptance, &parties,
                             &attachments, &user_filters, &tracking,    &returning,  &deletion};

}  // namespace

TEST_EXPORT const sy_plugin sy_plugin_v1;
TEST_EXPORT constinit const sy_plugin sy_plugin_v1 = {
    SY_MAGIC, sizeof(sy_plugin), SY_ABI_MAJOR, SY_ABI_MINOR, "rules", "1.0", "none", classes.size(), classes.data()};
