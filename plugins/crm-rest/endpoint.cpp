#include "endpoint.hpp"

#include "odata.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

[[noreturn]] void not_carried(std::string_view kind) {
  throw Error(SY_UNSUPPORTED, "crm-rest carries no " + std::string(kind) + " yet");
}

/// No sense in going on with the rest: the server, the credentials or the caller would say the same again.
bool of_the_call(const Error& e) {
  if (const auto* refused = dynamic_cast<const Refused*>(&e)) return refused->of_the_call();
  return e.code() == SY_RETRY || e.code() == SY_AUTH || e.code() == SY_CANCELED || e.code() == SY_CONFIG ||
         e.code() == SY_FULL;
}

}  // namespace

/// The user whose mailbox it is owns what is made from it; a queue cannot own records.
std::string CrmEndpoint::owner(const Call& call) {
  if (owner_) return *owner_;
  owner_ = std::string();
  if (principal_.kind == "queue" || principal_.address.empty()) return *owner_;
  owner_.reset();
  const json::value identity = json::parse(directory_.identity(call, {}));
  const json::object& who = identity.as_object().at("principal").as_object();
  owner_ = text_of(who, "kind") == "user" ? text_of(who, "id") : std::string();
  return *owner_;
}

Caps CrmEndpoint::caps(std::string_view kind) {
  if (const ItemKind* k = items_.kind(kind)) return items_.caps(*k);
  if (const MadeMap* map = made_.map(kind)) {
    json::array fields;
    for (const auto& [name, column] : map->columns) fields.emplace_back(name);
    return {SY_CAN_CREATE | SY_TOKEN_KEYED | SY_TOKEN_FIND, 100, 0, json::serialize(fields)};
  }
  if (kind != "email") return {};
  return {SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE | SY_IF_VERSION | SY_TOKEN_KEYED | SY_TOKEN_FIND, 100, 0,
          json::serialize(json::value_from(client_->profile().email.carried))};
}

/// Of mail, which goes one way, what is asked is whether it is there and in which version.
void CrmEndpoint::fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int,
                        const ItemSink& sink) {
  if (const ItemKind* k = items_.kind(kind)) return items_.fetch(call, *k, ids, sink);
  if (const MadeMap* map = made_.map(kind)) return made_.fetch(call, *map, ids, sink);
  if (kind != "email") not_carried(kind);
  emails_.fetch(call, ids, sink);
}

std::optional<Item> CrmEndpoint::find(const Call& call, const Operation& op) {
  if (const ItemKind* k = items_.kind(op.kind)) return items_.find(call, *k, op);
  if (const MadeMap* map = made_.map(op.kind)) return made_.find(call, *map, op);
  if (op.kind != "email") not_carried(op.kind);
  return emails_.find(call, op);
}

Done CrmEndpoint::one(const Call& call, const Operation& op) {
  if (const MadeMap* map = made_.map(op.kind)) {
    if (op.verb != SY_CREATE)
      throw Error(SY_UNSUPPORTED, "a " + op.kind + " in this CRM is made and never changed or deleted from here");
    return made_.create(call, *map, op);
  }
  if (op.kind != "email") not_carried(op.kind);
  if (op.verb == SY_UPDATE) return emails_.update(call, op);
  if (op.verb == SY_DELETE) return emails_.remove(call, op);
  return emails_.create(call, op);
}

void CrmEndpoint::apply(const Call& call, std::span<const Operation> ops, const DoneSink& done) {
  for (std::size_t i = 0; i < ops.size(); ++i) {
    call.check();
    if (const ItemKind* k = items_.kind(ops[i].kind)) {  // all that follow of the same kind go together
      std::size_t end = i + 1;
      while (end < ops.size() && ops[end].kind == ops[i].kind) ++end;
      items_.apply(call, *k, ops.subspan(i, end - i), [&](std::size_t n, const Done& d) { done(i + n, d); });
      i = end - 1;
      continue;
    }
    Done result;
    try {
      result = one(call, ops[i]);
    } catch (const Error& e) {
      if (of_the_call(e)) throw;
      result = Done::failed(e);
    }
    done(i, result);
  }
}

}  // namespace syncline::crm
