// The bench's plugin: a mailbox system with contacts, and a CRM that keeps contacts and discards mail: it reads every
// byte of every part, answers, and remembers the id.
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <syncline/blobs.hpp>
#include <syncline/connection.hpp>

#include "endpoints.hpp"
#include "world.hpp"

namespace syncline::bench {

namespace json = boost::json;

namespace {

constexpr std::size_t page_size = 500;

json::object parsed(std::string_view text) {
  return json::parse(text.empty() ? std::string_view("{}") : text).as_object();
}

std::string address_of(std::string_view settings) {
  return std::string(parsed(settings).at("principal").as_object().at("address").as_string());
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

Item item_of(const Contact& c, bool with_owner) {
  Item item;
  item.kind = "contact";
  item.id = c.id;
  item.version = std::to_string(c.version);
  item.doc = c.doc;
  json::object marks;
  if (with_owner) marks["owner"] = c.owner;
  if (!c.token.empty()) marks["token"] = c.token;
  if (!marks.empty()) item.marks = json::serialize(marks);
  return item;
}

PageEnd page_of(Box& box, std::string_view cursor, bool with_owner, const ItemSink& put) {
  const Box::Page page = box.changes(number_of(cursor), page_size);
  for (const Contact& c : page.contacts)
    if (!put(item_of(c, with_owner))) throw Error(SY_CANCELED, "no more is wanted");
  return {page.more        ? SY_PAGE_MORE
          : cursor.empty() ? SY_PAGE_LISTING_COMPLETE
                           : SY_PAGE_DELTA_COMPLETE,
          std::to_string(page.next)};
}

void read_whole(const Host& host, const json::value& part) {
  const auto* o = part.if_object();
  const auto* reference = o == nullptr ? nullptr : o->if_contains("blob");
  if (reference == nullptr || !reference->is_string()) return;
  BlobReader in(host, std::string_view(reference->get_string()));
  std::array<char, 65536> buf{};
  std::uint64_t sum = 0;
  while (const std::size_t n = in.read(buf.data(), buf.size())) {
    for (std::size_t i = 0; i < n; ++i) sum += static_cast<unsigned char>(buf.at(i));
    World::the().blob_bytes += n;
  }
  if (sum == ~std::uint64_t{0}) host.log(SY_DEBUG, {}, "every byte is read");
}

class ContactEndpoint : public Endpoint {
 public:
  ContactEndpoint(Box& box, std::string owner, std::atomic<std::uint64_t>& requests)
      : box_(box), owner_(std::move(owner)), requests_(requests) {}
  Caps caps(std::string_view kind) override {
    Caps out;
    if (kind != "contact") return out;
    out.flags =
        SY_MARKS | SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE | SY_IF_VERSION | SY_TOKEN_KEYED | SY_TOKEN_FIND;
    out.max_batch = 100;
    return out;
  }
  void fetch(const Call&, std::string_view kind, std::span<const std::string_view> ids, int,
             const ItemSink& put) override {
    ++requests_;
    for (const std::string_view id : ids) {
      Item item;
      item.kind = kind;
      item.id = id;
      item.flags = SY_ITEM_GONE;
      if (const auto c = box_.find(id)) item = item_of(*c, false);
      if (!put(item)) return;
    }
  }
  std::optional<Item> find(const Call&, const Operation& create) override {
    ++requests_;
    const auto c = box_.by_token(create.token);
    return c ? std::optional(item_of(*c, false)) : std::nullopt;
  }
  void apply(const Call& call, std::span<const Operation> ops, const DoneSink& put) override {
    ++requests_;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      call.check();
      try {
        put(i, run(ops[i]));
      } catch (const Error& e) {
        put(i, Done::failed(e));
      }
    }
  }

 protected:
  virtual Done run(const Operation& op) {
    const Contact c = op.verb == SY_CREATE ? box_.create(op.token, op, owner_) : box_.update(op);
    Done done;
    done.id = c.id;
    done.version = std::to_string(c.version);
    done.doc = c.doc;
    return done;
  }
  [[nodiscard]] const std::string& owner() const { return owner_; }

 private:
  Box& box_;
  std::string owner_;
  std::atomic<std::uint64_t>& requests_;
};

class MailboxEndpoint final : public ContactEndpoint, public Feeds {
 public:
  MailboxEndpoint(Box& box, std::string owner)
      : ContactEndpoint(box, std::move(owner), World::the().mailbox_requests), box_(box) {}
  Feeds* feeds() override { return this; }
  std::vector<Feed> list() override {
    return {{"contacts", "contact", SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_FOREIGN_TOMBSTONES}};
  }
  PageEnd page(const Call&, std::string_view, std::string_view cursor, const ItemSink& put) override {
    ++World::the().mailbox_requests;
    return page_of(box_, cursor, false, put);
  }

 private:
  Box& box_;
};

class CrmEndpoint final : public ContactEndpoint, public Directory {
 public:
  CrmEndpoint(Host host, Mails& mails, std::string address)
      : ContactEndpoint(World::the().crm, address, World::the().crm_requests), host_(host), mails_(mails) {}
  Directory* directory() override { return this; }
  Caps caps(std::string_view kind) override {
    if (kind != "email") return ContactEndpoint::caps(kind);
    Caps out;
    out.flags = SY_MARKS | SY_CAN_CREATE | SY_TOKEN_KEYED | SY_TOKEN_FIND;
    return out;
  }
  std::string identity(const Call&, std::string_view address) override {
    ++World::the().crm_requests;
    return json::serialize(json::object{{"organization", "bench"},
                                        {"principal",
                                         {{"id", address},
                                          {"kind", "user"},
                                          {"address", address},
                                          {"name", address},
                                          {"approved", true},
                                          {"enabled", true}}}});
  }
  std::vector<std::string> parties(const Call&, std::span<const std::string_view> addresses) override {
    ++World::the().crm_requests;
    host_.count("crm requests");
    return {addresses.size(), "[]"};
  }
  std::vector<std::string> records(const Call&, std::string_view, std::span<const std::string_view> keys) override {
    ++World::the().crm_requests;
    host_.count("crm requests");
    return {keys.size(), "[]"};
  }
  void fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink& put) override {
    if (kind != "email") return ContactEndpoint::fetch(call, kind, ids, depth, put);
    host_.count("crm requests");
    for (const std::string_view id : ids) {
      Item item;
      item.kind = kind;
      item.id = id;
      item.version = "1";
      item.flags = mails_.contains(id) ? SY_ITEM_HEAD : SY_ITEM_GONE;
      item.doc = "{}";
      if (!put(item)) return;
    }
  }

 protected:
  Done run(const Operation& op) override {
    if (op.kind != "email") return ContactEndpoint::run(op);
    const Effect effect(host_, "create email");
    host_.count("crm requests");
    const json::object doc = parsed(op.doc);
    if (const auto* body = doc.if_contains("body")) read_whole(host_, *body);
    if (const auto* list = doc.if_contains("attachments"))
      for (const auto& a : list->as_array()) read_whole(host_, a);
    mails_.add(op.token);
    Done done;
    done.id = op.token;
    done.version = "1";
    return done;
  }

 private:
  Host host_;
  Mails& mails_;
};

}  // namespace

void Mails::add(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (known_.insert(id).second) ids_.push_back(id);
}
bool Mails::contains(std::string_view id) {
  const std::lock_guard lock(mutex_);
  return known_.contains(std::string(id));
}
std::vector<std::string> Mails::after(std::size_t n, std::size_t most) {
  const std::lock_guard lock(mutex_);
  if (n >= ids_.size()) return {};
  const auto from = ids_.begin() + static_cast<std::ptrdiff_t>(n);
  return {from, from + static_cast<std::ptrdiff_t>(std::min(most, ids_.size() - n))};
}

BenchMailbox::BenchMailbox(Host, std::string_view config) : Connection(SY_MAILBOX) {
  const json::object o = parsed(config);
  if (const auto* n = o.if_contains("items")) items_ = static_cast<std::size_t>(n->to_number<std::int64_t>());
}

std::unique_ptr<Endpoint> BenchMailbox::open(Host, std::string_view settings) {
  const std::string address = address_of(settings);
  return std::make_unique<MailboxEndpoint>(World::the().mailbox(address, items_), address);
}

std::unique_ptr<Endpoint> BenchCrm::open(Host host, std::string_view settings) {
  return std::make_unique<CrmEndpoint>(host, mails_, address_of(settings));
}

std::vector<Feed> BenchCrm::list() {
  const std::uint32_t flags = SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_FOREIGN_TOMBSTONES;
  return {{"contact", "contact", flags}, {"email", "email", flags | SY_FEED_IDS_ONLY}};
}

PageEnd BenchCrm::page(const Call&, std::string_view feed, std::string_view cursor, const ItemSink& put) {
  ++World::the().crm_requests;
  host_.count("crm requests");
  if (feed == "contact") return page_of(World::the().crm, cursor, true, put);
  const std::uint64_t since = number_of(cursor);
  const auto ids = mails_.after(since, page_size);
  for (const std::string& id : ids) {
    Item item;
    item.kind = "email";
    item.id = id;
    item.version = "1";
    if (!put(item)) throw Error(SY_CANCELED, "no more is wanted");
  }
  return {ids.size() == page_size ? SY_PAGE_MORE
          : cursor.empty()        ? SY_PAGE_LISTING_COMPLETE
                                  : SY_PAGE_DELTA_COMPLETE,
          std::to_string(since + ids.size())};
}

}  // namespace syncline::bench

extern "C" __attribute__((visibility("default"))) std::size_t bench_edit(std::size_t first, std::size_t every) {
  auto& world = syncline::bench::World::the();
  std::size_t n = world.crm.edit(first, every, "jobtitle");
  for (auto& [address, box] : world.mailboxes) n += box.edit(first + every / 2, every, "department");
  return n;
}

extern "C" __attribute__((visibility("default"))) std::uint64_t bench_requests(int side) {
  auto& world = syncline::bench::World::the();
  return side == SY_CRM ? world.crm_requests.load() : world.mailbox_requests.load();
}

extern "C" __attribute__((visibility("default"))) std::size_t bench_contacts() {
  return syncline::bench::World::the().crm.size();
}

SYNCLINE_PLUGIN("bench", "0.1.0", "Apache-2.0", syncline::bench::BenchMailbox, syncline::bench::BenchCrm);
