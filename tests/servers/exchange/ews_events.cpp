// Subscriptions: what a client is told of before it asks.
#include "../encode.hpp"
#include "ews_operations.hpp"

namespace syncline::sandbox::exchange {
namespace {

std::string event_name(MailboxEvent::Kind kind) {
  switch (kind) {
    case MailboxEvent::Kind::CREATED: return "CreatedEvent";
    case MailboxEvent::Kind::MODIFIED: return "ModifiedEvent";
    case MailboxEvent::Kind::DELETED: return "DeletedEvent";
    case MailboxEvent::Kind::MOVED: return "MovedEvent";
    case MailboxEvent::Kind::NEW_MAIL: return "NewMailEvent";
  }
  return {};
}

std::string watermark(std::uint64_t at) { return base64("watermark " + std::to_string(at)); }

std::uint64_t position(const std::string& mark) {
  const auto text = from_base64(mark);
  if (!text || !text->starts_with("watermark ")) throw EwsError("ErrorInvalidWatermark", "The watermark is invalid.");
  return std::stoull(text->substr(10));
}

std::string event_xml(const Subscription& s, const MailboxEvent& e) {
  const std::string name = event_name(e.kind);
  std::string out = "<t:" + name + ">";
  if (!s.streaming) out += "<t:Watermark>" + watermark(e.at) + "</t:Watermark>";
  out += "<t:TimeStamp>" + now_utc() + "</t:TimeStamp><t:ItemId Id=\"" + e.item +
         "\" ChangeKey=\"AQAAAA==\"/><t:ParentFolderId Id=\"" + e.folder + "\" ChangeKey=\"AQAAAA==\"/>";
  if (!e.old_item.empty())
    out += "<t:OldItemId Id=\"" + e.old_item + "\" ChangeKey=\"AQAAAA==\"/><t:OldParentFolderId Id=\"" + e.old_folder +
           "\" ChangeKey=\"AQAAAA==\"/>";
  return out + "</t:" + name + ">";
}

bool concerns(const Subscription& s, const MailboxEvent& e) {
  if (!s.types.contains(event_name(e.kind))) return false;
  return s.folders.empty() || s.folders.contains(e.folder) || s.folders.contains(e.old_folder);
}

}  // namespace

std::string notification(Subscription& s, const Mailbox& mailbox) {
  std::string events;
  for (const MailboxEvent& e : mailbox.events(s.seen)) {
    if (concerns(s, e)) events += event_xml(s, e);
    s.seen = e.at;
  }
  if (events.empty()) return {};
  return "<m:Notification><t:SubscriptionId>" + s.id + "</t:SubscriptionId>" +
         (s.streaming
              ? ""
              : "<t:PreviousWatermark>" + watermark(0) + "</t:PreviousWatermark><t:MoreEvents>false</t:MoreEvents>") +
         events + "</m:Notification>";
}

void Operations::subscribe(const pugi::xml_node& node) {
  message("Subscribe", [&] {
    const pugi::xml_node wanted = elements(node).front();
    Subscription s;
    s.streaming = plain_name(wanted) == "StreamingSubscriptionRequest";
    if (plain_name(wanted) == "PushSubscriptionRequest")
      throw EwsError("ErrorInvalidSubscriptionRequest", "No push here.");
    demand_order(wanted, {"FolderIds", "EventTypes", "Watermark", "Timeout"});
    for (const pugi::xml_node& id : elements(element(wanted, "FolderIds"))) s.folders.insert(folder_at(id).id);
    if (s.folders.empty() && attribute_of(wanted, "SubscribeToAllFolders") != "true")
      throw EwsError("ErrorInvalidSubscriptionRequest", "Subscriptions must name folders, or all of them.");
    for (const pugi::xml_node& type : elements(element(wanted, "EventTypes"))) s.types.insert(type.text().get());
    s.id = base64("subscription " + mailbox_.address() + " " + new_guid());
    s.mailbox = mailbox_.address();
    s.seen = mailbox_.changes();
    state_.subscriptions[s.id] = s;
    return "<m:SubscriptionId>" + s.id + "</m:SubscriptionId>" +
           (s.streaming ? "" : "<m:Watermark>" + watermark(s.seen) + "</m:Watermark>");
  });
}

void Operations::unsubscribe(const pugi::xml_node& node) {
  message("Unsubscribe", [&] {
    if (state_.subscriptions.erase(text_in(node, "SubscriptionId")) == 0)
      throw EwsError("ErrorSubscriptionNotFound", "The specified subscription was not found.");
    return std::string();
  });
}

void Operations::get_events(const pugi::xml_node& node) {
  message("GetEvents", [&] {
    const auto at = state_.subscriptions.find(text_in(node, "SubscriptionId"));
    if (at == state_.subscriptions.end())
      throw EwsError("ErrorSubscriptionNotFound", "The specified subscription was not found.");
    at->second.seen = position(text_in(node, "Watermark"));
    const std::string events = notification(at->second, mailbox_);
    if (!events.empty()) return events;
    return "<m:Notification><t:SubscriptionId>" + at->second.id + "</t:SubscriptionId><t:PreviousWatermark>" +
           watermark(at->second.seen) +
           "</t:PreviousWatermark><t:MoreEvents>false</t:MoreEvents><t:StatusEvent><t:Watermark>" +
           watermark(at->second.seen) + "</t:Watermark></t:StatusEvent></m:Notification>";
  });
}

}  // namespace syncline::sandbox::exchange
