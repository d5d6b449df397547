// A CRM: options in a table within, and a secret among them.
#include <array>

#include "parts.hpp"

namespace {

constexpr std::uint32_t sz = sizeof(sy_option);
constexpr sy_option url{
    sz, SY_URL, SY_REQUIRED, "url", nullptr, nullptr, "address of the organization", "\"https://crm.example.org\""};
constexpr sy_option profile{sz, SY_TEXT, 0, "profile", "\"dataverse\"", nullptr, "mapping", nullptr};
constexpr sy_option method{
    sz, SY_CHOICE, SY_REQUIRED, "auth.method", nullptr, "none|basic|client-credentials", "how to sign in", "\"none\""};
constexpr sy_option client{sz, SY_TEXT, 0, "auth.client_id", nullptr, nullptr, "of the application", nullptr};
constexpr sy_option secret{sz, SY_SECRET, 0, "auth.secret", nullptr, nullptr, "of the application", nullptr};
constexpr std::array options{&url, &profile, &method, &client, &secret};
constexpr sy_class crm = test_plugin::make_class<options>("connection", "testcrm");
constexpr std::array classes{&crm};

}  // namespace

TEST_EXPORT const sy_plugin sy_plugin_v1;
TEST_EXPORT constinit const sy_plugin sy_plugin_v1 = {
    SY_MAGIC, sizeof(sy_plugin), SY_ABI_MAJOR, SY_ABI_MINOR, "testcrm", "1.0", "none", classes.size(), classes.data()};
