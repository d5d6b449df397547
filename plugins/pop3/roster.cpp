#include "roster.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <syncline/formats/sha256.hpp>

#include "unstuff.hpp"

namespace syncline::pop3 {

namespace {

constexpr std::size_t kSharedLimit = 10'000;         // messages that share UIDLs: each costs a TOP in every session
constexpr std::size_t kHeadLimit = 4 * 1024 * 1024;  // more of one head is not looked at

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
    : session_(session), settings_(settings), host_(host) {
  messages_ = session_.uidl();
  by_uidl_.reserve(messages_.size());
  for (const auto& [number, uidl] : messages_) by_uidl_[uidl].push_back(number);
}

bool Roster::plain(const std::string& uidl) const {
  const auto found = by_uidl_.find(uidl);
  return !uidl.empty() && found != by_uidl_.end() && found->second.size() == 1;
}

void Roster::read_heads(const std::vector<std::uint32_t>& numbers) {
  std::vector<Want> wants;
  for (const std::uint32_t n : numbers)
    if (heads_.count(n) == 0) wants.push_back({n, session_.capabilities().has("TOP"), 0});
  if (wants.size() > kSharedLimit)
    throw Error(SY_CONFIG, settings_.where() + ": the server gives the same UIDL to " + std::to_string(wants.size()) +
                               " messages; its UIDLs have to be repaired (or the mailbox read in another way)");
  for (std::size_t done = 0; done < wants.size();) {  // the session's time limit is for reading mail, not for a listing
    const auto rest = std::span<const Want>(wants).subspan(done);
    HeadReader reader(rest, heads_);
    done += session_.retrieve(rest, reader);
  }
}

std::vector<std::string> Roster::ids() {
  std::vector<std::uint32_t> shared;
  std::set<std::string> bases;
  for (const auto& [number, uidl] : messages_) {
    if (plain(uidl)) continue;
    shared.push_back(number);
    bases.insert(uidl);
  }
  read_heads(shared);
  std::vector<std::string> out;
  std::set<std::string> told_apart;
  std::size_t vanished = 0;
  for (const auto& [number, uidl] : messages_) {
    if (plain(uidl)) {
      out.push_back(uidl);
      continue;
    }
    const auto head = heads_.find(number);
    if (head == heads_.end())
      ++vanished;
    else if (told_apart.insert(uidl + "#" + head->second).second)
      out.push_back(uidl + "#" + head->second);
  }
  if (!shared.empty())
    host_.log(SY_WARN, {},
              settings_.where() + ": the server gives " + std::to_string(bases.size()) + " UIDL(s) to " +
                  std::to_string(shared.size()) + " messages; by their headers they are " +
                  std::to_string(told_apart.size()) + " different ones (" + std::to_string(vanished) +
                  " went away meanwhile); repair the UIDLs on the server");
  return out;
}

std::vector<Place> Roster::find(std::span<const std::string> ids) {
  const auto base_of = [](const std::string& id) { return id.substr(0, std::min(id.rfind('#'), id.size())); };
  std::vector<std::uint32_t> shared;
  for (const std::string& id : ids) {
    if (by_uidl_.count(id) != 0 || id.find('#') == std::string::npos) continue;
    if (const auto found = by_uidl_.find(base_of(id)); found != by_uidl_.end())
      shared.insert(shared.end(), found->second.begin(), found->second.end());
  }
  std::sort(shared.begin(), shared.end());
  shared.erase(std::unique(shared.begin(), shared.end()), shared.end());
  read_heads(shared);
  std::vector<Place> out;
  for (const std::string& id : ids) {
    Place place;
    if (const auto exact = by_uidl_.find(id); exact != by_uidl_.end()) {
      place.kind = exact->second.size() == 1 ? Place::PRESENT : Place::AMBIGUOUS;
      place.number = exact->second.front();
    } else if (const auto found = by_uidl_.find(base_of(id));
               found != by_uidl_.end() && id.find('#') != std::string::npos) {
      const std::string mark = id.substr(id.rfind('#') + 1);
      for (const std::uint32_t number : found->second) {
        const auto head = heads_.find(number);
        if (place.kind == Place::PRESENT || head == heads_.end() || head->second != mark) continue;
        place = {Place::PRESENT, number};
      }
    }
    out.push_back(place);
  }
  return out;
}

}  // namespace syncline::pop3
