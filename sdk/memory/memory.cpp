#include "memory.hpp"

#include "record.hpp"

namespace syncline::memory {

MemoryConnection::MemoryConnection(int side, Host host, std::string_view config) : Connection(side), host_(host) {
  auto system = std::make_shared<System>();
  system->side = side;
  system->features = Features::read(config);
  system->world = World::named(system->features.world, system->features.path);
  if (!system->features.faults.empty()) system->world->arm_from(system->features.faults);
  system_ = std::move(system);
  if (side == SY_CRM) feeds_ = std::make_unique<MemoryFeeds>(system_, host_, std::string());
}

std::unique_ptr<Endpoint> MemoryConnection::open(Host host, std::string_view settings) {
  boost::system::error_code failed;
  const json::value v = json::parse(settings.empty() ? "{}" : settings, failed);
  if (failed || !v.is_object()) throw Error(SY_CONFIG, "the endpoint's settings are not a JSON object");
  const json::value* principal = v.get_object().if_contains("principal");
  const std::string address =
      principal != nullptr && principal->is_object() ? text_at(principal->get_object(), "address") : std::string();
  if (address.empty())
    throw Error(SY_CONFIG, "principal.address is missing: memory knows its mailboxes and users by it");
  return std::make_unique<MemoryEndpoint>(system_, host, address);
}

std::string MemoryConnection::probe(const Call& call) {
  with_patience(call, [&] { system_->world->read({system_->side, "probe", {}, {}, false}, host_.now_ms()); });
  json::object out{{"system", "memory"}, {"world", system_->features.world}};
  for (const char* kind : {"contact", "task", "email"}) out[kind] = system_->world->records(system_->side, kind).size();
  out["findings"] = json::array{json::object{{"check", "answers"}, {"state", "ok"}, {"text", "the world answers"}}};
  return json::serialize(out);
}

}  // namespace syncline::memory

SYNCLINE_PLUGIN("memory", "0.1.0", "Apache-2.0", syncline::memory::MemoryMailbox, syncline::memory::MemoryCrm);
