#include "endpoint.hpp"
#include "record.hpp"

namespace syncline::memory {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 3> mailbox_feeds{
    {{"contacts", "contact"}, {"tasks", "task"}, {"inbox", "email"}}};
constexpr std::array<std::pair<const char*, const char*>, 3> crm_feeds{
    {{"contact", "contact"}, {"task", "task"}, {"email", "email"}}};

}  // namespace

MemoryFeeds::MemoryFeeds(std::shared_ptr<const System> system, Host host, std::string box)
    : system_(std::move(system)), host_(host), box_(std::move(box)) {}

std::vector<Feed> MemoryFeeds::list() {
  const Features& f = system_->features;
  std::uint32_t flags = 0;
  if (f.cursor) flags |= SY_FEED_CURSOR;
  if (f.cursor && f.tombstones >= 1) flags |= SY_FEED_TOMBSTONES;
  if (f.cursor && f.tombstones == 2) flags |= SY_FEED_FOREIGN_TOMBSTONES;
  std::vector<Feed> out;
  for (const auto& [name, kind] : system_->side == SY_MAILBOX ? mailbox_feeds : crm_feeds) {
    const bool ids_only = !f.feed_docs || std::string_view(kind) == "email";
    out.push_back({name, kind, flags | (ids_only ? std::uint32_t{SY_FEED_IDS_ONLY} : 0u)});
  }
  return out;
}

PageEnd MemoryFeeds::page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& sink) {
  for (const Feed& f : list()) {
    if (f.name != feed) continue;
    FeedQuery q{system_->side,
                box_,
                f.kind,
                system_->features.cursor,
                system_->features.tombstones,
                system_->features.page,
                system_->features.lag_ms};
    host_.count("requests");
    const FeedPage page = with_patience(call, [&] { return system_->world->page(q, cursor, host_.now_ms()); });
    for (const Record& r : page.records) {
      Item item = item_of(*system_, r);
      if ((f.flags & SY_FEED_IDS_ONLY) != 0) {
        item.doc.clear();
        item.flags &= ~std::uint32_t{SY_ITEM_HEAD};
      }
      if (!sink(item)) throw Error(SY_CANCELED, "the receiver of the page wanted no more");
    }
    return page.end;
  }
  throw Error(SY_UNSUPPORTED, "there is no feed called " + std::string(feed));
}

void MemoryDirectory::ask(const Call& call, const char* verb, std::string_view kind) {
  host_.count("requests");
  with_patience(call, [&] { system_->world->read({SY_CRM, verb, std::string(kind), {}, false}, host_.now_ms()); });
}

std::string MemoryDirectory::identity(const Call& call, std::string_view address) {
  ask(call, "identity", {});
  const json::value who = system_->world->identity(address);
  if (who.is_null()) throw Error(SY_GONE, "the organization has no user or queue with this address");
  return json::serialize(who);
}

std::vector<std::string> MemoryDirectory::parties(const Call& call, std::span<const std::string_view> addresses) {
  ask(call, "parties", {});
  std::vector<std::string> out;
  for (const std::string_view a : addresses) out.push_back(json::serialize(system_->world->parties(a)));
  return out;
}

std::vector<std::string> MemoryDirectory::records(const Call& call, std::string_view kind,
                                                  std::span<const std::string_view> keys) {
  if (kind != "email") throw Error(SY_UNSUPPORTED, "there are no natural keys for " + std::string(kind));
  ask(call, "records", kind);
  std::vector<std::string> out;
  for (const std::string_view k : keys) out.push_back(json::serialize(system_->world->mails(k)));
  return out;
}

}  // namespace syncline::memory
