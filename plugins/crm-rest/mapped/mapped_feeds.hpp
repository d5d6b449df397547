// mapped_feeds.hpp: the feeds of a mapped CRM, one per mapped kind: by delta links, by the time of the last change, or
// as a whole listing each time.
#pragma once

#include "mapped/records.hpp"

namespace syncline::crm {

/// Any thread: all state is in the cursor.
class MappedFeeds final : public Feeds {
 public:
  MappedFeeds(Records& records, const Host& host) : records_(&records), host_(host) {}
  std::vector<Feed> list() override;
  PageEnd page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& sink) override;

 private:
  PageEnd whole(const Call& call, const RecordMap& record, const ItemSink& sink);
  PageEnd since(const Call& call, const RecordMap& record, std::string_view cursor, const ItemSink& sink);
  PageEnd linked(const Call& call, const RecordMap& record, std::string_view cursor, const ItemSink& sink);
  Item put(const RecordMap& record, const boost::json::value& row, const ItemSink& sink);

  Records* records_;
  Host host_;
};

}  // namespace syncline::crm
