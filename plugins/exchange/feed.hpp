// feed.hpp: what changed in the folders of one kind: one feed a kind, whose cursor holds where each folder stands.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "item_reader.hpp"

namespace syncline::exchange {

/// Where a walk stands. As text: JSON.
struct FeedCursor {
  struct Place {
    std::string folder;  ///< its id, so that another folder of the same name is noticed
    std::string state;   ///< SyncState
  };
  std::map<std::string, Place> places;  ///< by the folder's name in the configuration
  std::string at;                       ///< the folder that the next page is of; empty: the walk is over
  bool listing = false;                 ///< this walk began from nothing

  [[nodiscard]] std::string text() const;
  /// Throws SY_RESET for what we have not written.
  static FeedCursor read(std::string_view text);
};

class FolderFeeds {
 public:
  FolderFeeds(Session& session, Folders& folders, std::size_t page_size)
      : session_(session), folders_(folders), page_size_(page_size) {}

  [[nodiscard]] std::vector<Feed> list() const;
  PageEnd page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& put);

 private:
  SyncPage read(const Call& call, const FolderName& folder, FeedCursor::Place& place);
  void put_changes(std::string_view kind, const SyncPage& page, const ItemSink& put);

  Session& session_;
  Folders& folders_;
  const std::size_t page_size_;
};

}  // namespace syncline::exchange
