#include "settings.hpp"

#include <array>
#include <stdexcept>

namespace syncline {
namespace {

constexpr std::uint32_t sz = sizeof(sy_option);

// --- the rulesets: name → entries in their order ---

constexpr std::array<RulesetEntry, 15> d365{{
    {"filter", "user-filters", "rules", "user-filters"},
    {"rule", "returning", "rules", "returning"},
    {"rule", "tracking", "rules", "tracking"},
    {"rule", "deletion", "rules", "deletion"},
    {"rule", "received-after", "rules", "received-after"},
    {"rule", "size-limit", "rules", "size-limit"},
    {"rule", "protected", "rules", "protected"},
    {"rule", "duplicate", "rules", "duplicate"},
    {"rule", "internal", "rules", "internal"},
    {"rule", "sender", "rules", "sender"},
    {"rule", "recipients", "rules", "recipients"},
    {"rule", "correlation", "rules", "correlation"},
    {"rule", "acceptance", "rules", "acceptance"},
    {"rule", "parties", "rules", "parties"},
    {"rule", "attachments", "rules", "attachments"},
}};
// What a ruleset changes of the options' defaults; durations in milliseconds.
constexpr std::array<RulesetDefault, 1> d365_default{{{"left_filter", "\"delete\""}}};
constexpr std::array<RulesetDefault, 1> outlook2016{{{"poll.minimum", "900000"}}};
constexpr std::array<RulesetDefault, 2> outlook2011{{{"delete.task", "1"}, {"poll.minimum", "900000"}}};

constexpr std::array<Ruleset, 5> all_rulesets{{{"d365", d365, {}},
                                               {"d365_default", d365, d365_default},
                                               {"outlook2016", d365, outlook2016},
                                               {"outlook2011", d365, outlook2011},
                                               {"none", {}, {}}}};

// --- options ---

constexpr std::array root{sy_option{sz, SY_LIST, 0, "include", nullptr, any_text,
                                    "further files, relative to this one; patterns are allowed", "[\"conf.d/*.toml\"]"},
                          sy_option{sz, SY_TEXT, 0, "instance", nullptr, nullptr,
                                    "name of this installation in leases; the machine id if not given", "\"sync-1\""},
                          sy_option{sz, SY_LIST, 0, "plugin_dirs", nullptr, any_text,
                                    "folders in which plugins are looked for, instead of the program's own",
                                    "[\"/usr/local/lib/syncline/plugins\"]"},
                          sy_option{sz, SY_CHOICE, 0, "takeover", "\"ask\"", "ask|never|always",
                                    "what to do when another instance holds a lease that is still alive", nullptr},
                          sy_option{sz, SY_DURATION, 0, "lease_ttl", "\"2m\"", "10s..1h",
                                    "how long a lease lasts when it is not renewed", nullptr},
                          sy_option{sz, SY_DURATION, 0, "sweep", "\"24h\"", "1h..30d",
                                    "how often ids are compared on servers that report no deletions", nullptr},
                          sy_option{sz, SY_CHOICE, 0, "first_run", "\"ask\"", "ask|go",
                                    "whether a first pass that would write waits to be confirmed", nullptr}};

constexpr std::array store{sy_option{sz, SY_TEXT, SY_REQUIRED, "plugin", nullptr, nullptr,
                                     "the plugin that keeps the state", "\"storage-sqlite\""},
                           sy_option{sz, SY_TEXT, 0, "class", nullptr, nullptr,
                                     "which of the plugin's stores, if it has several", "\"sqlite\""}};

constexpr std::array spool{
    sy_option{sz, SY_PATH, 0, "path", nullptr, nullptr,
              "folder for bodies and attachments under way; `spool` beside the store's file if not given",
              "\"/var/lib/syncline/spool\""},
    sy_option{sz, SY_BYTES, 0, "limit", "\"2GiB\"", "16MiB..", "how much may lie in it", nullptr}};

constexpr std::array gate{
    sy_option{sz, SY_INT, 0, "max_delete.count", "20", "0..",
              "disappearances in one pass beyond which it stops and asks", nullptr},
    sy_option{sz, SY_INT, 0, "max_delete.share", "10", "0..100", "the same in percent of what is linked", nullptr},
    sy_option{sz, SY_INT, 0, "max_rewrite.count", "100", "0..", "rewrites after a changed mapping", nullptr},
    sy_option{sz, SY_INT, 0, "max_rewrite.share", "10", "0..100", "the same in percent", nullptr},
    sy_option{sz, SY_INT, 0, "max_create.count", "500", "0..", "creates after a changed configuration", nullptr},
    sy_option{sz, SY_INT, 0, "max_create.share", "20", "0..100", "the same in percent", nullptr}};

constexpr std::array history{
    sy_option{sz, SY_DURATION, 0, "keep", "\"90d\"", "1d..3650d", "how long the activity of an item is kept", nullptr}};

constexpr std::array tombstone{
    sy_option{sz, SY_INT, 0, "keep_days", "180", "1..3650", "how long a broken link is remembered", nullptr}};

constexpr std::array retry{
    sy_option{sz, SY_DURATION, 0, "first", "\"5s\"", "1s..1h",
              "`run`: how long a pair or a server is left alone after a failure; doubled with each further one, with "
              "some chance in it",
              nullptr},
    sy_option{sz, SY_DURATION, 0, "most", "\"5m\"", "1s..1d", "and at most", nullptr},
    sy_option{sz, SY_INT, 0, "max", "5", "1..100", "attempts at one item before it goes into quarantine", nullptr},
    sy_option{sz, SY_DURATION, 0, "interval", "\"15m\"", "1s..1d", "between two attempts at an item that failed",
              nullptr}};

constexpr std::array failure{sy_option{
    sz, SY_INT, 0, "keep_days", "3", "0..3650",
    "how long an item stays in quarantine; then it is given up until it changes or somebody tracks it; 0: for ever",
    nullptr}};

constexpr std::array log{
    sy_option{sz, SY_CHOICE, 0, "level", "\"info\"", "trace|debug|info|warn|error", "how much is logged", nullptr},
    sy_option{sz, SY_CHOICE, 0, "format", "\"auto\"", "auto|plain|json", "auto: plain on a terminal, JSON otherwise",
              nullptr},
    sy_option{sz, SY_PATH, 0, "file", nullptr, nullptr, "log file, rotated at 10 MiB; standard error if not given",
              "\"/var/log/syncline.log\""}};

constexpr std::array connection{sy_option{sz, SY_TEXT, SY_REQUIRED, "plugin", nullptr, nullptr,
                                          "the plugin that speaks to this system", "\"pop3\""},
                                sy_option{sz, SY_TEXT, 0, "class", nullptr, nullptr,
                                          "which of the plugin's connections, if it has several", "\"pop3\""},
                                sy_option{sz, SY_INT, 0, "max_pairs", "8", "1..128",
                                          "how many users and queues may be at work over it at the same time", nullptr},
                                sy_option{sz, SY_TEXT, 0, "server", nullptr, nullptr,
                                          "connections that name the same server share its `max_pairs` (the smallest "
                                          "counts) and are away together when it is; the connection alone if not given",
                                          "\"mail.contoso.test\""}};

// What [defaults] may set for every user and queue.
constexpr std::array common{
    sy_option{sz, SY_LIST, 0, "entities", nullptr, "contact|task|appointment|email",
              "what is kept in step; users: all that both sides offer, queues: email",
              "[\"contact\", \"task\", \"email\"]"},
    sy_option{sz, SY_TEXT, 0, "ruleset", "\"d365\"", nullptr,
              "the list of filters and rules and the defaults that go with them: d365, d365_default, outlook2016, "
              "outlook2011, or none",
              nullptr},
    sy_option{sz, SY_CHOICE, 0, "merge.conflict", "\"last_writer\"", "last_writer|crm_wins|mailbox_wins|manual",
              "who wins where both sides changed the same", nullptr},
    sy_option{sz, SY_CHOICE, 0, "merge.first_link", "\"crm_wins\"", "crm_wins|mailbox_wins",
              "whose values stay where two items that were there before are linked and differ", nullptr},
    sy_option{
        sz, SY_CHOICE, 0, "left_filter", "\"unlink\"", "keep|unlink|delete",
        "what happens to a linked item that no filter lets in any more, or that is out of sight: keep, it goes on "
        "while it can be read; unlink, the link ends and is taken up again when it matches again; delete, as if it "
        "had been deleted",
        nullptr},
    sy_option{sz, SY_CHOICE, 0, "delete.vs_edit", "\"delete_wins\"", "delete_wins|edit_wins",
              "what stands where one side deleted what the other edited; a lost edit is kept in the history", nullptr},
    sy_option{sz, SY_BOOL, 0, "at_least_once", "false", nullptr,
              "allow creates on a side that can neither take nor find a token: a crash may then double one", nullptr},
    sy_option{sz, SY_BOOL, 0, "approval.required", "true", nullptr,
              "skip a mailbox whose address is not approved in the CRM", nullptr},
    sy_option{sz, SY_DURATION, 0, "poll.busy", "\"2m\"", "1s..1d",
              "`run`: until the next pass, when something moved in the last one", nullptr},
    sy_option{sz, SY_DURATION, 0, "poll.normal", "\"5m\"", "1s..1d",
              "`run`: the same for the next three passes, in which nothing moved", nullptr},
    sy_option{sz, SY_DURATION, 0, "poll.idle", "\"12m\"", "1s..1d",
              "`run`: the same after that; a mailbox without errors never waits longer", nullptr},
    sy_option{sz, SY_DURATION, 0, "poll.minimum", nullptr, "1s..1d",
              "`run`: no pause between passes is shorter, whatever the other three say", "\"15m\""}};

constexpr std::array principal{
    sy_option{sz, SY_TEXT, SY_REQUIRED, "organization", nullptr, nullptr,
              "the connection to the CRM with which this one is kept in step", "\"crm\""},
    sy_option{sz, SY_TABLE, SY_REQUIRED, "mailbox", nullptr, nullptr,
              "the mailbox: its connection, and the plugin's options for one mailbox", "{ connection = \"mail\" }"},
    sy_option{sz, SY_LIST, 0, "lookup", nullptr, any_text,
              "further CRM connections in which parties are looked up; nothing is written there", "[\"partner-crm\"]"},
    sy_option{sz, SY_TEXT, 0, "id", nullptr, nullptr, "identity of this pair where the CRM has none", "\"42\""},
    sy_option{sz, SY_LIST, 0, "delegates", nullptr, any_text,
              "addresses of users who may track, set regarding and untrack for this one (`--as`)",
              "[\"bob@example.org\"]"}};

constexpr std::array mailbox{sy_option{sz, SY_TEXT, SY_REQUIRED, "connection", nullptr, nullptr,
                                       "the connection to the mailbox's server", "\"mail\""}};

constexpr std::array stage{
    sy_option{sz, SY_TEXT, SY_REQUIRED, "name", nullptr, nullptr,
              "an entry of the ruleset, which is configured in place, or a name of one's own", "\"no-newsletters\""},
    sy_option{sz, SY_TEXT, 0, "plugin", nullptr, nullptr, "the plugin; needed for what is no entry of the ruleset",
              "\"rules\""},
    sy_option{sz, SY_TEXT, 0, "class", nullptr, nullptr, "the plugin's class, if it is not called like `name`",
              "\"size-limit\""},
    sy_option{sz, SY_LIST, 0, "entity", nullptr, "contact|task|appointment|email",
              "the kinds that it sees; all that it wants if not given", "\"email\""},
    sy_option{sz, SY_TEXT, 0, "before", nullptr, nullptr,
              "the entry before which it is placed; at the end if not given", "\"acceptance\""},
    sy_option{sz, SY_LIST, 0, "users", nullptr, any_text,
              "addresses of the users and queues for whom it works; all if not given", "[\"alice@example.org\"]"},
    sy_option{sz, SY_BOOL, 0, "enabled", "true", nullptr, "false takes it out", nullptr}};

// A mail and what shall become of it; the mail is a file, or built from what stands here.
constexpr std::array test{
    sy_option{sz, SY_TEXT, SY_REQUIRED, "name", nullptr, nullptr, "what the test shows, for messages",
              "\"newsletters stay outside\""},
    sy_option{sz, SY_TEXT, SY_REQUIRED, "for", nullptr, nullptr, "the user or queue in whose mailbox the mail lies",
              "\"alice@example.org\""},
    sy_option{sz, SY_PATH, 0, "mail", nullptr, nullptr,
              "a file with the mail as its server gives it, relative to this one; instead of the fields below",
              "\"tests/newsletter.eml\""},
    sy_option{sz, SY_TEXT, 0, "from", nullptr, nullptr, "its sender", "\"Carol <carol@example.com>\""},
    sy_option{sz, SY_LIST, 0, "to", nullptr, any_text, "its recipients; the user or queue itself if not given",
              "[\"alice@example.org\"]"},
    sy_option{sz, SY_LIST, 0, "cc", nullptr, any_text, "further recipients", "[\"bob@example.org\"]"},
    sy_option{sz, SY_TEXT, 0, "subject", nullptr, nullptr, "its subject", "\"Offer 17\""},
    sy_option{sz, SY_TEXT, 0, "message_id", nullptr, nullptr, "its Message-ID without brackets", "\"a1@example.com\""},
    sy_option{sz, SY_TEXT, 0, "in_reply_to", nullptr, nullptr, "the Message-ID of the mail that it answers",
              "\"a0@example.org\""},
    sy_option{sz, SY_LIST, 0, "headers", nullptr, any_text, "further lines of its head",
              "[\"List-Id: <news.example.com>\"]"},
    sy_option{sz, SY_TEXT, 0, "body", nullptr, nullptr, "its text", "\"Good morning\""},
    sy_option{sz, SY_INSTANT, 0, "received", nullptr, nullptr, "when it was received; now if not given",
              "2026-03-01T09:00:00Z"},
    sy_option{sz, SY_BYTES, 0, "size", nullptr, "0..1TiB", "its size as the server tells it; else its real size",
              "\"60MiB\""},
    sy_option{sz, SY_CHOICE, 0, "direction", "\"incoming\"", "incoming|outgoing", "in which direction it went",
              nullptr},
    sy_option{sz, SY_LIST, 0, "known", nullptr, any_text,
              "whom the CRM knows beside the users and queues of this file: a type and an address",
              "[\"contact carol@example.com\"]"},
    sy_option{sz, SY_LIST, 0, "in_crm", nullptr, any_text, "Message-IDs of mails that the CRM has",
              "[\"a0@example.org\"]"},
    sy_option{sz, SY_CHOICE, SY_REQUIRED, "expect", nullptr, "accepted|refused|linked|waits|quarantined",
              "what becomes of it: a new record, none, a link to one that is there, another attempt later, or a place "
              "in quarantine",
              "\"refused\""},
    sy_option{sz, SY_TEXT, 0, "reason", nullptr, nullptr, "a reason code that one of the stages must have given",
              "\"no_sender_match\""}};

void add(OptionTable& to, std::span<const sy_option> options) {
  for (const sy_option& o : options) to.push_back(&o);
}

OptionTable table(std::initializer_list<std::span<const sy_option>> parts) {
  OptionTable out;
  for (const auto& part : parts) add(out, part);
  return out;
}

std::vector<Section> make_sections() {
  using S = Section::Shape;
  return {{S::root, "", "the installation", table({root})},
          {S::table, "store",
           "where links, cursors and the journal are kept; the plugin's options stand beside `plugin`", table({store})},
          {S::table, "spool", "where bodies wait on their way", table({spool})},
          {S::table, "gate", "mass changes stop before the first write and wait for `syncline confirm`", table({gate})},
          {S::table, "history", "the journal of items", table({history})},
          {S::table, "tombstone", "the memory of broken links", table({tombstone})},
          {S::table, "retry", "what is done about failures", table({retry})},
          {S::table, "failure", "the memory of what failed", table({failure})},
          {S::table, "log", "the program's own log", table({log})},
          {S::named, "connection",
           "one system with its credentials, shared by all who use it; the plugin's options stand beside `plugin`",
           table({connection})},
          {S::table, "defaults", "holds for every user and queue that does not say otherwise",
           table({common, principal_rule_options(), organization_rule_options()})},
          {S::named, "user", "a CRM user, named by the primary address",
           table({principal, common, principal_rule_options()})},
          {S::named, "queue", "a CRM queue, named by its address: email only",
           table({principal, common, principal_rule_options()})},
          {S::list, "filter", "a stage that sees changes; the class's options stand beside `name`", table({stage})},
          {S::list, "rule", "a stage that sees operations; the class's options stand beside `name`", table({stage})},
          {S::list, "test", "a mail and what shall become of it; `config check` tries it, without any server",
           table({test})}};
}

}  // namespace

const std::vector<Section>& sections() {
  static const std::vector<Section> all = make_sections();
  return all;
}

const Section& section(std::string_view name) {
  for (const Section& s : sections())
    if (s.name == name) return s;
  throw std::logic_error("no section " + std::string(name));
}

const OptionTable& mailbox_options() {
  static const OptionTable all = table({mailbox});
  return all;
}

const OptionTable& common_options() { return section("defaults").options; }

std::span<const Ruleset> rulesets() { return all_rulesets; }

}  // namespace syncline
