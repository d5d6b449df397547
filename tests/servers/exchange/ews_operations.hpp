// The operations of EWS on one mailbox. The caller holds the lock.
#pragma once
#include <functional>
#include <map>
#include <set>

#include "ews_item.hpp"
#include "ews_xml.hpp"
#include "exchange.hpp"

namespace syncline::sandbox::exchange {

struct Subscription {
  std::string id, mailbox;
  std::set<std::string> folders;  // empty: all
  std::set<std::string> types;    // "CreatedEvent"
  std::uint64_t seen = 0;
  bool streaming = false;
};

// What is the whole server's.
struct ExchangeState {
  ExchangeProfile profile;
  std::map<std::string, Mailbox> mailboxes;           // by lower-case address
  std::map<std::string, std::string> names;           // display names
  std::map<std::string, Subscription> subscriptions;  // by id
  std::uint64_t oldest_state = 0;                     // SyncStates below this generation are not taken
  std::size_t invitations = 0;
  std::optional<std::size_t> failing_item;  // the message that fails, with this code
  std::string failing_code;
};

// The answer's messages, as "<m:GetItemResponseMessage …>…"; `messages` counts them, `code` is the first error.
struct OperationResult {
  std::string xml;
  std::size_t messages = 0;
  std::string code;
};

class Operations {
 public:
  Operations(ExchangeState& state, Mailbox& mailbox) : state_(state), mailbox_(mailbox) {}
  // `node`: "<m:GetItem>". Throws EwsFaultError for what concerns the request as a whole.
  OperationResult run(const pugi::xml_node& node);
  [[nodiscard]] static bool knows(std::string_view operation);

  const StoredFolder& folder_at(const pugi::xml_node& id);  // FolderId or DistinguishedFolderId; throws EwsError
  StoredItem& item_at(const pugi::xml_node& id);

 private:
  using Message = std::function<std::string()>;
  void message(const std::string& operation, const Message& content);

  void convert_id(const pugi::xml_node& node);
  void get_folder(const pugi::xml_node& node);
  void find_folder(const pugi::xml_node& node);
  void create_folder(const pugi::xml_node& node);
  void delete_folder(const pugi::xml_node& node);
  void sync_hierarchy(const pugi::xml_node& node);
  void sync_items(const pugi::xml_node& node);
  void find_item(const pugi::xml_node& node);
  void get_item(const pugi::xml_node& node);
  void create_item(const pugi::xml_node& node);
  void update_item(const pugi::xml_node& node);
  void delete_item(const pugi::xml_node& node);
  void move_item(const pugi::xml_node& node);
  void create_attachment(const pugi::xml_node& node);
  void get_attachment(const pugi::xml_node& node);
  void delete_attachment(const pugi::xml_node& node);
  void resolve_names(const pugi::xml_node& node);
  void subscribe(const pugi::xml_node& node);
  void unsubscribe(const pugi::xml_node& node);
  void get_events(const pugi::xml_node& node);

  void update_one(const pugi::xml_node& change, const std::string& resolution);
  std::string folder_xml(const StoredFolder& folder, const pugi::xml_node& shape) const;

  ExchangeState& state_;
  Mailbox& mailbox_;
  OperationResult out_;
};

// <m:Notification> of what a subscription has not seen yet; empty: nothing.
std::string notification(Subscription& subscription, const Mailbox& mailbox);

}  // namespace syncline::sandbox::exchange
