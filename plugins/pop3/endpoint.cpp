#include "endpoint.hpp"

#include "fetch.hpp"
#include "remove.hpp"
#include "tls.hpp"

namespace syncline::pop3 {

namespace {

constexpr std::string_view kFeed = "inbox";

class Mailbox final : public Endpoint, public Feeds {
 public:
  Mailbox(const Settings& settings, const Host& host, MailboxSettings mailbox, std::shared_ptr<Tokens> tokens)
      : settings_(settings), host_(host), mailbox_(std::move(mailbox)), tokens_(std::move(tokens)) {}

  Caps caps(std::string_view kind) override {
    Caps caps;
    if (kind == kKind) caps.flags = SY_IF_VERSION;  // not 0: carried
    if (kind == kKind && mailbox_.deletes) caps.flags |= SY_CAN_DELETE | SY_CONSUMES;
    return caps;
  }

  void fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink& put) override {
    if (kind != kKind) throw Error(SY_UNSUPPORTED, "a POP3 mailbox holds mail only");
    if (ids.empty()) return;
    const Account account = prepare();
    Fetch(account, call, depth, put).run({ids.begin(), ids.end()});
  }

  void apply(const Call& call, std::span<const Operation> ops, const DoneSink& put) override {
    if (!mailbox_.deletes)
      throw Error(SY_UNSUPPORTED, "this mailbox is only read: delete_after_processing is not set for it");
    remove(prepare(), call, ops, put);
  }

  Feeds* feeds() override { return this; }
  std::vector<Feed> list() override { return {{std::string(kFeed), kKind, SY_FEED_IDS_ONLY}}; }

  PageEnd page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& put) override {
    if (feed != kFeed) throw Error(SY_UNSUPPORTED, "a POP3 mailbox has the feed \"inbox\" only");
    if (!cursor.empty()) throw Error(SY_RESET, "a POP3 listing has no cursor");
    const Account account = prepare();
    const auto session = log_in(account, call);
    Roster roster(*session, settings_, host_);
    roster.tell_apart();
    session->quit();  // the mailbox is free again before anybody works with the listing
    memory_.keep(roster.listing());
    roster.each([&](std::string_view id) {
      Item item = absent(id, 0);
      item.version = kVersion;
      if (!put(item)) throw Error(SY_CANCELED, "the listing was not wanted to its end");
      return true;
    });
    return {SY_PAGE_LISTING_COMPLETE, std::nullopt};
  }

 private:
  Account prepare() {
    if (settings_.tls != Tls::NONE && !context_) context_ = make_context(settings_);
    return {settings_, context_, host_, mailbox_, tokens_.get(), memory_};
  }

  const Settings settings_;
  const Host host_;
  const MailboxSettings mailbox_;
  const std::shared_ptr<Tokens> tokens_;
  Memory memory_;
  Poco::Net::Context::Ptr context_;  // made when it is first needed: reading the authorities takes its time
};

}  // namespace

std::unique_ptr<Endpoint> make_endpoint(const Settings& settings, const Host& host, MailboxSettings mailbox,
                                        std::shared_ptr<Tokens> tokens) {
  return std::make_unique<Mailbox>(settings, host, std::move(mailbox), std::move(tokens));
}

}  // namespace syncline::pop3
