// What is done to a mail beside making it: queue items, its regarding, its deletion; and whose mailbox it lay in.
#include <algorithm>

#include "email.hpp"
#include "odata.hpp"
#include "syncline/formats/time.hpp"
#include "syncline/formats/uuid.hpp"

namespace syncline::crm {
namespace json = boost::json;
/// The row of the mailbox of a user or queue; empty: there is none that we may see, or nobody asked for it.
std::string EmailTarget::mailbox_of(const Call& call, const json::object& doc) {
  const ReceivingMap& map = client_->profile().email.receiving;
  const json::value* receiving = doc.if_contains("receiving");
  if (map.column.empty() || receiving == nullptr || !receiving->is_object()) return {};
  const auto owner = guid(text_of(receiving->get_object(), "id"));
  if (!owner || !organization_->table(host_, call, client_->profile().email.table)->takes(map.column)) return {};
  if (const auto known = mailboxes_.find(*owner); known != mailboxes_.end()) return known->second;
  std::string found;
  try {
    client_->rows(host_, call, Select{map.set, map.key, map.owner_value + " eq " + *owner, {}, {}}.path(),
                  page_preference(2), "GET " + map.set, [&](const json::object& row) {
                    found = lower(text_of(row, map.key));
                    return false;
                  });
  } catch (const Refused& e) {
    if (e.of_the_call() || e.code() == SY_RETRY) throw;
    host_.log(SY_INFO, "", std::string(e.what()) + " (mail is written without its mailbox)");
  }
  return mailboxes_.emplace(*owner, std::move(found)).first->second;
}

/// Its id follows from mail and queue, so a repeat makes no second one.
void EmailTarget::add_queue_item(const Call& call, const std::string& email, const std::string& queue, Losses& losses) {
  const Profile& profile = client_->profile();
  const QueueItemMap& map = profile.email.queue_items;
  if (map.set.empty()) return losses.add("queues", "the CRM has no queue items");
  call.check();
  const std::string id = formats::to_string(formats::uuid_v5(*formats::parse_uuid(email), "queue:" + queue));
  net::Request request;
  request.method = "POST";
  request.path = map.set;
  request.idempotent = true;  // the id is ours
  request.body =
      json::serialize(json::object{{map.key, id},
                                   {map.queue_bind + "@odata.bind", "/" + map.queue_set + "(" + queue + ")"},
                                   {map.object_bind + "@odata.bind", "/" + profile.email.set + "(" + email + ")"}});
  const net::Response response = client_->send(host_, call, std::move(request));
  if (response.ok()) return;
  const Refused refused = refusal(profile, "POST " + map.set, response);
  if (refused.of_the_call() || refused.code() == SY_RETRY) throw refused;
  if (refused.code() == SY_EXISTS || (refused.status() == 412 && refused.server_code().empty())) return;
  bool there = false;  // somebody, or an automatism of the CRM, has put it into that queue already
  client_->rows(
      host_, call,
      Select{map.set, map.key, map.object_value + " eq " + email + " and " + map.queue_value + " eq " + queue, {}, {}}
          .path(),
      page_preference(1), "GET " + map.set, [&](const json::object&) {
        there = true;
        return false;
      });
  if (!there) losses.add("queues", "no queue item: " + std::string(refused.what()));
}

Done EmailTarget::update(const Call& call, const Operation& op) {
  const Profile& profile = client_->profile();
  const auto id = guid(op.id);
  if (!id) throw Error(SY_GONE, "crm: no mail can have this id");
  const json::object doc = document_of(op.doc);
  boost::system::error_code failed;
  const json::value fields = json::parse(op.fields.empty() ? "[]" : std::string_view(op.fields), failed);
  if (failed || !fields.is_array()) throw Error(SY_INVALID, "the operation's list of fields is not a JSON array");
  if (!look(call, *id)) throw Error(SY_GONE, "crm: the mail is not there any more");
  json::object body;
  Losses losses;
  for (const json::value& field : fields.get_array()) {
    const std::string_view name = field.is_string() ? std::string_view(field.get_string()) : std::string_view();
    if (name == "queues") continue;
    const json::value* regarding = doc.if_contains("regarding");
    if (name != "regarding" || regarding == nullptr || !regarding->is_object())
      throw Error(SY_UNSUPPORTED, "crm: of a mail only the regarding is set and queue items are added");
    const json::object& r = regarding->get_object();
    if (!bind_record(body, profile, profile.email.regarding_bind, text_of(r, "type"), text_of(r, "id"),
                     [&](const std::string& table) { return organization_->set_of(host_, call, table); }))
      throw Error(SY_INVALID, "crm: the organization has no table " + text_of(r, "type") +
                                  ", or this is no record's id: the regarding is not set");
  }
  for (const std::string& queue : queues_of(doc)) add_queue_item(call, *id, queue, losses);
  if (!body.empty()) {
    net::Request request;
    request.method = "PATCH";
    request.path = row(*id);
    request.headers.emplace_back("If-Match", op.if_version.empty() ? "*" : op.if_version);
    request.idempotent = true;
    request.body = json::serialize(body);
    const net::Response response = client_->send(host_, call, std::move(request));
    if (!response.ok()) {
      const Refused refused = refusal(profile, "PATCH " + profile.email.set, response);
      if (refused.status() == 404 && look(call, *id))
        throw Error(SY_INVALID, "crm: the record that the mail shall regard does not exist", 0, refused.server_code());
      throw refused;
    }
  }
  const auto stored = look(call, *id);
  if (!stored) throw Error(SY_GONE, "crm: the mail is not there any more");
  Done out;
  out.id = *id;
  out.version = stored->version;
  out.changed_ms = stored->changed_ms;
  out.text = losses.note;
  if (!losses.never.empty()) out.never = json::serialize(json::value_from(losses.never));
  return out;
}

Done EmailTarget::remove(const Call& call, const Operation& op) {
  const auto id = guid(op.id);
  if (!id) throw Error(SY_GONE, "crm: no mail can have this id");
  net::Request request;
  request.method = "DELETE";
  request.path = row(*id);
  if (!op.if_version.empty()) request.headers.emplace_back("If-Match", op.if_version);
  request.idempotent = true;
  const net::Response response = client_->send(host_, call, std::move(request));
  if (!response.ok()) throw refusal(client_->profile(), "DELETE " + client_->profile().email.set, response);
  Done out;
  out.id = *id;
  return out;
}

}  // namespace syncline::crm
