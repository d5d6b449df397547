#include "world.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <syncline/formats/uuid.hpp>

namespace syncline::bench {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 16> words{"delivery", "contract", "number",  "meeting", "factory", "offer",
                                                 "invoice",  "machine",  "service", "quarter", "project", "sample",
                                                 "harbour",  "station",  "letter",  "counter"};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  std::uint64_t next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return state_;
  }
  std::string hex(std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out.push_back("0123456789abcdef"[next() & 15U]);
    return out;
  }
  std::string text(std::size_t n) {
    std::string out;
    while (out.size() < n) out.append(words.at(next() % words.size())).push_back(' ');
    return out;
  }

 private:
  std::uint64_t state_;
};

}  // namespace

std::string contact_document(std::size_t n, std::string_view owner) {
  Dice dice(n + 1 + std::hash<std::string_view>{}(owner));
  const std::string number = std::to_string(n);
  json::object doc{
      {"firstname", "First" + dice.hex(4)},
      {"lastname", "Last" + number},
      {"company", "Company " + dice.hex(6)},
      {"jobtitle", dice.text(16)},
      {"department", dice.text(12)},
      {"email1", "c" + number + "." + std::string(owner.substr(0, owner.find('@'))) + "@fabrikam.test"},
      {"business_phone", "+49 30 " + std::to_string(dice.next() % 10'000'000)},
      {"mobile_phone", "+49 170 " + std::to_string(dice.next() % 10'000'000)},
      {"web_page", "https://www.fabrikam.test/" + dice.hex(8)},
      {"birthday", "1980-02-1" + std::to_string(n % 10)},
      {"business_address",
       {{"street", dice.text(20)}, {"city", "City" + dice.hex(4)}, {"postal_code", dice.hex(5)}, {"country", "DE"}}},
      {"home_address", {{"street", dice.text(20)}, {"city", "City" + dice.hex(4)}, {"country", "DE"}}},
      {"notes", dice.text(520)}};
  return json::serialize(doc);
}

void Box::touch(std::size_t at) {
  contacts_[at].version = ++last_;
  log_.emplace_back(last_, at);
}

void Box::fill(std::size_t n, std::string_view owner) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < n; ++i) {
    Dice dice(i + 7 + std::hash<std::string_view>{}(owner));
    contacts_.push_back({"AAMk" + dice.hex(148), {}, contact_document(i, owner), std::string(owner), 0});
    by_id_[contacts_.back().id] = i;
    touch(i);
  }
}

std::optional<Contact> Box::find(std::string_view id) {
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(std::string(id));
  return it == by_id_.end() ? std::nullopt : std::optional(contacts_[it->second]);
}

std::optional<Contact> Box::by_token(std::string_view token) {
  const std::lock_guard lock(mutex_);
  const auto it = by_token_.find(std::string(token));
  return it == by_token_.end() ? std::nullopt : std::optional(contacts_[it->second]);
}

Contact Box::create(std::string id, const Operation& op, std::string owner) {
  const std::lock_guard lock(mutex_);
  if (const auto it = by_token_.find(op.token); it != by_token_.end()) return contacts_[it->second];
  const std::size_t at = contacts_.size();
  contacts_.push_back({std::move(id), op.token, op.doc, std::move(owner), 0});
  by_id_[contacts_.back().id] = at;
  by_token_[op.token] = at;
  touch(at);
  return contacts_.back();
}

Contact Box::update(const Operation& op) {
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(op.id);
  if (it == by_id_.end()) throw Error(SY_GONE, "no such contact");
  Contact& c = contacts_[it->second];
  if (!op.if_version.empty() && op.if_version != std::to_string(c.version))
    throw Error(SY_CONFLICT, "the contact has changed");
  json::object doc = json::parse(c.doc).as_object();
  const json::object wanted = json::parse(op.doc).as_object();
  const json::value fields = json::parse(op.fields);
  for (const auto& field : fields.as_array()) {
    const std::string_view name = field.as_string();
    if (const auto* v = wanted.if_contains(name))
      doc[name] = *v;
    else
      doc.erase(name);
  }
  c.doc = json::serialize(doc);
  touch(it->second);
  return c;
}

Box::Page Box::changes(std::uint64_t since, std::size_t most) {
  const std::lock_guard lock(mutex_);
  Page out;
  out.next = since;
  auto it =
      std::upper_bound(log_.begin(), log_.end(), since, [](std::uint64_t v, const auto& e) { return v < e.first; });
  for (; it != log_.end(); ++it) {
    if (contacts_[it->second].version != it->first) continue;  // it changed again later
    if (out.contacts.size() == most) {
      out.more = true;
      return out;
    }
    out.contacts.push_back(contacts_[it->second]);
    out.next = it->first;
  }
  out.next = last_;
  return out;
}

std::size_t Box::edit(std::size_t first, std::size_t every, const std::string& field) {
  const std::lock_guard lock(mutex_);
  std::size_t n = 0;
  for (std::size_t i = first; i < contacts_.size(); i += every, ++n) {
    json::object doc = json::parse(contacts_[i].doc).as_object();
    doc[field] = "edited " + std::to_string(last_);
    contacts_[i].doc = json::serialize(doc);
    touch(i);
  }
  return n;
}

std::size_t Box::size() {
  const std::lock_guard lock(mutex_);
  return contacts_.size();
}

std::string Box::first_doc() {
  const std::lock_guard lock(mutex_);
  return contacts_.empty() ? std::string() : contacts_.front().doc;
}

World& World::the() {
  static World world;
  return world;
}

Box& World::mailbox(const std::string& address, std::size_t items) {
  const std::lock_guard lock(mutex);
  const auto [it, fresh] = mailboxes.try_emplace(address);
  if (fresh) it->second.fill(items, address);
  return it->second;
}

}  // namespace syncline::bench
