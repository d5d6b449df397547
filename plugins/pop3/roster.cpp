#include "roster.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <syncline/formats/sha256.hpp>

#include "unstuff.hpp"

namespace syncline::pop3 {

namespace {

constexpr std::size_t kSharedLimit = 10'000;  // messages that share UIDLs: each costs a TOP in every session
constexpr std::size_t kHeadLimit = std::size_t{4} * 1024 * 1024;  // more of one head is not looked at

class HeadReader final : public MessageSink {
 public:
  HeadReader(std::span<const Want> wants, std::map<std::uint32_t, std::string>& marks) : wants_(wants), marks_(marks) {}
  void begin(std::size_t /*want*/) override {
    head_.clear();
    cut_ = {};
  }
  bool piece(std::size_t /*want*/, std::string_view bytes) override {
    cut_.feed(bytes,
              [&](std::string_view part) { head_ += part.substr(0, kHeadLimit - std::min(kHeadLimit, head_.size())); });
    return true;
  }
  bool end(std::size_t want) override {
    marks_[wants_[want].number] = head_mark(head_);
    return true;
  }
  void refused(std::size_t /*want*/, const Reply& /*reply*/) override {}  // it has gone: no mark

 private:
  std::span<const Want> wants_;
  std::map<std::uint32_t, std::string>& marks_;
  std::string head_;
  HeaderCut cut_;
};

/// Whether a line begins with `name` and a colon, in any case.
bool is_field(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return false;
  return std::equal(name.begin(), name.end(), line.begin(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

std::string_view base_of(std::string_view id) { return id.substr(0, std::min(id.rfind('#'), id.size())); }

}  // namespace

std::string head_mark(std::string_view head) {
  static constexpr std::array<std::string_view, 8> kChanging{"Status",     "X-Status", "X-UIDL",     "X-UID",
                                                             "X-Keywords", "X-IMAP",   "X-IMAPbase", "Content-Length"};
  formats::Sha256 hash;
  bool skipping = false;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size() - 1);
    std::string_view line = head.substr(0, end + 1);
    head.remove_prefix(line.size());
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    const bool continues = !line.empty() && (line.front() == ' ' || line.front() == '\t');
    if (!continues)
      skipping = std::any_of(kChanging.begin(), kChanging.end(), [&](std::string_view f) { return is_field(line, f); });
    if (skipping) continue;
    hash.append(line);
    hash.append("\n");
  }
  return hash.finish().substr(0, 16);
}

Roster::Roster(Session& session, const Settings& settings, const Host& host)
    : session_(session),
      settings_(settings),
      host_(host),
      listing_(std::make_shared<const Listing>(session.uidl(session.count()))) {}

void Roster::read_heads(const std::vector<std::uint32_t>& entries) {
  std::vector<Want> wants;
  for (const std::uint32_t entry : entries) {
    const std::uint32_t n = listing_->number(entry);
    if (heads_.count(n) == 0) wants.push_back({n, session_.capabilities().has("TOP"), 0});
  }
  if (wants.size() > kSharedLimit)
    throw Error(SY_CONFIG, settings_.where() + ": the server gives the same UIDL to " + std::to_string(wants.size()) +
                               " messages; its UIDLs have to be repaired (or the mailbox read in another way)");
  for (std::size_t done = 0; done < wants.size();) {  // the session's time limit is for reading mail, not for a listing
    const auto rest = std::span<const Want>(wants).subspan(done);
    HeadReader reader(rest, heads_);
    done += session_.retrieve(rest, reader);
  }
}

std::string Roster::marked(std::uint32_t entry, const std::string& mark) const {
  return std::string(listing_->uidl(entry)) + "#" + mark;
}

void Roster::tell_apart() {
  shared_ = listing_->shared();
  if (shared_.empty()) return;
  read_heads(shared_);
  std::set<std::string_view> bases;
  std::set<std::string> different;
  std::size_t vanished = 0;
  for (const std::uint32_t entry : shared_) {
    bases.insert(listing_->uidl(entry));
    const auto head = heads_.find(listing_->number(entry));
    if (head == heads_.end())
      ++vanished;
    else
      different.insert(marked(entry, head->second));
  }
  host_.log(SY_WARN, {},
            settings_.where() + ": the server gives " + std::to_string(bases.size()) + " UIDL(s) to " +
                std::to_string(shared_.size()) + " messages; by their headers they are " +
                std::to_string(different.size()) + " different ones (" + std::to_string(vanished) +
                " went away meanwhile); repair the UIDLs on the server");
}

void Roster::each(const std::function<bool(std::string_view)>& take) const {
  std::set<std::string> told_apart;
  auto next_shared = shared_.begin();
  for (std::uint32_t entry = 0; entry < listing_->size(); ++entry) {
    if (next_shared == shared_.end() || *next_shared != entry) {
      if (!take(listing_->uidl(entry))) return;
      continue;
    }
    ++next_shared;
    const auto head = heads_.find(listing_->number(entry));
    if (head == heads_.end()) continue;  // it went away meanwhile
    const auto [id, fresh] = told_apart.insert(marked(entry, head->second));
    if (fresh && !take(*id)) return;
  }
}

std::vector<Place> Roster::find(std::span<const std::string> ids) {
  std::vector<std::uint32_t> shared;
  for (const std::string& id : ids) {
    if (id.find('#') == std::string::npos || !listing_->find(id).empty()) continue;
    const auto found = listing_->find(base_of(id));
    shared.insert(shared.end(), found.begin(), found.end());
  }
  std::sort(shared.begin(), shared.end());
  shared.erase(std::unique(shared.begin(), shared.end()), shared.end());
  read_heads(shared);
  std::vector<Place> out;
  for (const std::string& id : ids) {
    const auto exact = id.empty() ? std::span<const std::uint32_t>() : listing_->find(id);
    if (exact.empty())
      out.push_back(marked_place(id));
    else
      out.push_back({exact.size() == 1 ? Place::PRESENT : Place::AMBIGUOUS, listing_->number(exact.front()), 1});
  }
  return out;
}

/// Of an id with a mark: where the message with these headers is.
Place Roster::marked_place(const std::string& id) const {
  Place place;
  if (id.find('#') == std::string::npos) return place;
  const std::string mark = id.substr(id.rfind('#') + 1);
  for (const std::uint32_t entry : listing_->find(base_of(id))) {
    const auto head = heads_.find(listing_->number(entry));
    if (head == heads_.end() || head->second != mark) continue;
    if (place.kind == Place::PRESENT)
      ++place.copies;
    else
      place = {Place::PRESENT, listing_->number(entry), 1};
  }
  return place;
}

}  // namespace syncline::pop3
