#include "endpoint.hpp"

#include "fetch.hpp"
#include "tls.hpp"

namespace syncline::pop3 {

namespace {

constexpr std::string_view kFeed = "inbox";

class Mailbox final : public Endpoint, public Feeds {
 public:
  Mailbox(const Settings& settings, const Host& host, std::string username)
      : settings_(settings), host_(host), username_(std::move(username)) {}

  Caps caps(std::string_view kind) override {
    Caps caps;
    if (kind == kKind) caps.flags = SY_IF_VERSION;  // not 0: carried; none of SY_CAN_*: never written
    return caps;
  }

  void fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink& put) override {
    if (kind != kKind) throw Error(SY_UNSUPPORTED, "a POP3 mailbox holds mail only");
    if (ids.empty()) return;
    const Account account = prepare();
    Fetch(account, call, depth, put).run({ids.begin(), ids.end()});
  }

  Feeds* feeds() override { return this; }
  std::vector<Feed> list() override { return {{std::string(kFeed), kKind, SY_FEED_IDS_ONLY}}; }

  PageEnd page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& put) override {
    if (feed != kFeed) throw Error(SY_UNSUPPORTED, "a POP3 mailbox has the feed \"inbox\" only");
    if (!cursor.empty()) throw Error(SY_RESET, "a POP3 listing has no cursor");
    const Account account = prepare();
    const auto session = log_in(account, call);
    const std::vector<std::string> ids = Roster(*session, settings_, host_).ids();
    session->quit();  // the mailbox is free again before anybody works with the listing
    for (const std::string& id : ids) {
      Item item = absent(id, 0);
      item.version = kVersion;
      if (!put(item)) throw Error(SY_CANCELED, "the listing was not wanted to its end");
    }
    return {SY_PAGE_LISTING_COMPLETE, std::nullopt};
  }

 private:
  Account prepare() {
    if (settings_.tls != Tls::NONE && !context_) context_ = make_context(settings_);
    return {settings_, context_, host_, username_, held_};
  }

  const Settings settings_;
  const Host host_;
  const std::string username_;
  bool held_ = false;
  Poco::Net::Context::Ptr context_;  // made when it is first needed: reading the authorities takes its time
};

}  // namespace

std::unique_ptr<Endpoint> make_endpoint(const Settings& settings, const Host& host, std::string username) {
  return std::make_unique<Mailbox>(settings, host, std::move(username));
}

}  // namespace syncline::pop3
