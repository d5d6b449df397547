// memory.hpp: the two connection classes: a mailbox server and a CRM organization in one world.
#pragma once

#include "endpoint.hpp"

namespace syncline::memory {

inline constexpr std::uint32_t option_size = sizeof(sy_option);
inline constexpr std::array<sy_option, 23> memory_options{{
    {option_size, SY_TEXT, SY_REQUIRED, "world", nullptr, nullptr,
     "The world's name; a mailbox and a CRM of one test name the same.", "\"office\""},
    {option_size, SY_PATH, 0, "path", nullptr, nullptr,
     "A file that keeps the world beyond the process and shares it with others; without it the world is in memory "
     "only.",
     "\"world.log\""},
    {option_size, SY_PATH, 0, "faults", nullptr, nullptr, "A JSON array of faults that are armed once.",
     "\"faults.json\""},
    {option_size, SY_INT, 0, "page", "5", "0..100000", "Items a page of a feed; 0: all in one.", "5"},
    {option_size, SY_BOOL, 0, "cursor", "true", nullptr, "false: every walk of a feed is a full listing.", "true"},
    {option_size, SY_CHOICE, 0, "tombstones", "\"foreign\"", "none|own|foreign",
     "Which deletions a feed with a cursor reports: none, of ids that it showed, of all.", "\"own\""},
    {option_size, SY_BOOL, 0, "feed_docs", "true", nullptr,
     "Contacts and tasks come with their documents; mail never does.", "true"},
    {option_size, SY_BOOL, 0, "if_version", "true", nullptr, "false: a write does not check the version that was read.",
     "true"},
    {option_size, SY_CHOICE, 0, "tokens", "\"both\"", "none|find|keyed|both",
     "What a create's token does: it can be found, it keys the create, both, nothing.", "\"both\""},
    {option_size, SY_CHOICE, 0, "repeat", "\"answer\"", "answer|exists",
     "How a create with a known token ends: with the first one's answer, or refused.", "\"exists\""},
    {option_size, SY_CHOICE, 0, "answer", "\"document\"", "document|version", "What the answer to a write carries.",
     "\"version\""},
    {option_size, SY_CHOICE, 0, "missing", "\"gone\"", "gone|invisible", "What is said of an id that is not there.",
     "\"invisible\""},
    {option_size, SY_BOOL, 0, "consumes", "false", nullptr, "A mailbox from which carried mail is removed.", "true"},
    {option_size, SY_BOOL, 0, "states", "false", nullptr, "A mailbox whose items bear the state of their link.",
     "true"},
    {option_size, SY_DURATION, 0, "settle", "\"0s\"", "0s..1h", "How long a token cannot be found after its create.",
     "\"2s\""},
    {option_size, SY_DURATION, 0, "lag", "\"0s\"", "0s..1d", "How long a feed takes to show a change.", "\"1h\""},
    {option_size, SY_INT, 0, "max_batch", "0", "0..100000", "Operations or ids a call; 0: no limit.", "100"},
    {option_size, SY_BYTES, 0, "attachment_limit", "\"64MiB\"", "0..1GiB", "A larger attachment is left out.",
     "\"5MiB\""},
    {option_size, SY_LIST, 0, "fields", nullptr, nullptr,
     "Fields carried, as kind.field; a kind that is not named carries all.",
     "[\"contact.lastname\", \"contact.email1\"]"},
    {option_size, SY_LIST, 0, "truncate", nullptr, nullptr, "Fields that are cut, as kind.field:bytes.",
     "[\"contact.notes:100\"]"},
    {option_size, SY_LIST, 0, "normalise", nullptr, nullptr,
     "Fields that are rewritten, as kind.field:phone, :lower or :trim.", "[\"contact.mobile_phone:phone\"]"},
    {option_size, SY_LIST, 0, "never", nullptr, nullptr, "Fields that are taken and never stored, as kind.field.",
     "[\"contact.notes\"]"},
    {option_size, SY_LIST, 0, "later", nullptr, nullptr,
     "Fields that a create leaves out and an update stores, as kind.field.", "[\"contact.notes\"]"},
}};

class MemoryConnection : public Connection {
 public:
  static constexpr auto options = memory_options;

  MemoryConnection(int side, Host host, std::string_view config);
  std::unique_ptr<Endpoint> open(Host host, std::string_view settings) override;
  std::string probe(const Call&) override;
  Feeds* feeds() override { return feeds_.get(); }

 private:
  std::shared_ptr<const System> system_;
  Host host_;
  std::unique_ptr<MemoryFeeds> feeds_;
};

class MemoryMailbox final : public MemoryConnection {
 public:
  static constexpr const char* name = "memory-mailbox";
  static constexpr const char* summary = "A mailbox server that lives in the process, for tests and trials";
  MemoryMailbox(Host host, std::string_view config) : MemoryConnection(SY_MAILBOX, host, config) {}
};

class MemoryCrm final : public MemoryConnection {
 public:
  static constexpr const char* name = "memory-crm";
  static constexpr const char* summary = "A CRM organization that lives in the process, for tests and trials";
  MemoryCrm(Host host, std::string_view config) : MemoryConnection(SY_CRM, host, config) {}
};

}  // namespace syncline::memory
