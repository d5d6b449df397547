// A mailbox: options of every type, some in the connection, some in a user's `mailbox`.
#include <array>

#include "parts.hpp"

namespace {

constexpr std::uint32_t sz = sizeof(sy_option);
constexpr sy_option host{sz,      SY_TEXT, SY_REQUIRED,         "host",
                         nullptr, nullptr, "the server's name", "\"pop.example.org\""};
constexpr sy_option port{sz, SY_INT, 0, "port", "995", "1..65535", "its port", nullptr};
constexpr sy_option tls{
    sz, SY_CHOICE, 0, "tls", "\"implicit\"", "implicit|starttls|none", "how the connection is protected", nullptr};
constexpr sy_option interval{sz, SY_DURATION, 0, "interval", "\"5m\"", "10s..24h", "how often it is asked", nullptr};
constexpr sy_option batch{sz, SY_BYTES, 0, "batch", "\"64MiB\"", "1MiB..1GiB", "how much is read at once", nullptr};
constexpr sy_option verify{sz, SY_BOOL, 0, "tls_verify", "true", nullptr, "whether certificates are judged", nullptr};
constexpr sy_option ca{sz, SY_PATH, 0, "ca_file", nullptr, nullptr, "certificates to trust", "\"ca.pem\""};
constexpr sy_option since{sz, SY_INSTANT, 0, "since", nullptr, nullptr, "nothing older", nullptr};
constexpr sy_option headers{sz, SY_LIST, 0, "headers", nullptr, nullptr, "further headers", nullptr};
constexpr sy_option quirks{sz, SY_TABLE, 0, "quirks", nullptr, nullptr, "what the server does otherwise", nullptr};
constexpr sy_option master{sz, SY_SECRET, 0, "master_password", nullptr, nullptr, "of the master user", nullptr};
constexpr sy_option user{
    sz, SY_TEXT, SY_REQUIRED | SY_PER_ENDPOINT, "username", nullptr, nullptr, "of the mailbox", "\"alice\""};
constexpr sy_option password{
    sz, SY_SECRET, SY_REQUIRED | SY_PER_ENDPOINT, "password", nullptr, nullptr, "of the mailbox", nullptr};
constexpr sy_option consume{sz,
                            SY_BOOL,
                            SY_PER_ENDPOINT | SY_QUEUE_ONLY,
                            "consume",
                            "false",
                            nullptr,
                            "whether mail is deleted once it has been processed",
                            nullptr};
constexpr std::array options{&host,  &port,    &tls,    &interval, &batch, &verify,   &ca,
                             &since, &headers, &quirks, &master,   &user,  &password, &consume};
constexpr sy_class mailbox = test_plugin::make_class<options>("connection", "testmail");
constexpr std::array classes{&mailbox};

}  // namespace

TEST_EXPORT const sy_plugin sy_plugin_v1;
TEST_EXPORT constinit const sy_plugin sy_plugin_v1 = {
    SY_MAGIC, sizeof(sy_plugin), SY_ABI_MAJOR, SY_ABI_MINOR, "testmail", "1.0", "none", classes.size(), classes.data()};
