// endpoint.hpp: one mailbox as a pair sees it.
#pragma once

#include <memory>

#include "feed.hpp"
#include "item_writer.hpp"
#include "mail_reader.hpp"
#include "organization.hpp"

namespace syncline::exchange {

class Mailbox final : public Endpoint, public Feeds {
 public:
  Mailbox(std::shared_ptr<Organization> organization, MailboxSettings mailbox, const Host& host);

  Caps caps(std::string_view kind) override;
  void fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink& put) override;
  std::optional<Item> find(const Call& call, const Operation& create) override;
  void apply(const Call& call, std::span<const Operation> ops, const DoneSink& put) override;

  Feeds* feeds() override { return this; }
  std::vector<Feed> list() override { return changes_.list(); }
  PageEnd page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& put) override;

 private:
  [[nodiscard]] bool writes(const Operation& op);

  [[nodiscard]] bool has(std::string_view kind) const { return !folders_.of_kind(kind).empty(); }

  const std::shared_ptr<Organization> organization_;
  Session session_;
  Folders folders_;
  ItemReader items_;
  MailReader mails_;
  ItemWriter writer_;
  FolderFeeds changes_;
};

}  // namespace syncline::exchange
