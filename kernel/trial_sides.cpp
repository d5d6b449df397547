#include "trial_sides.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <syncline/formats/mime.hpp>
#include <syncline/formats/time.hpp>

#include "stage_reader.hpp"
#include "token.hpp"

namespace syncline {

namespace {

/// Parts go where a mailbox's plugin would put them.
class SpoolParts final : public formats::PartSink {
 public:
  SpoolParts(Spool& spool, std::int64_t pair) : spool_(spool), pair_(pair) {}
  void begin(std::string_view part) override { handle_ = spool_.begin(pair_, trial_item, part); }
  void append(std::string_view bytes) override { spool_.append(handle_, bytes); }
  std::string finish() override { return spool_.finish(handle_); }

 private:
  Spool& spool_;
  std::int64_t pair_;
  std::uint64_t handle_ = 0;
};

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& one : all) out += (out.empty() ? "" : ", ") + one;
  return out;
}

json::object candidate(std::string_view type, std::string_view address) {
  return {{"type", type},
          {"id", std::string(type) + " " + std::string(address)},
          {"name", address},
          {"active", true},
          {"owner", nullptr}};
}

}  // namespace

Caps TrialMailbox::caps(std::string_view) { return {}; }

std::vector<Feed> TrialMailbox::list() { return {{"mail", "email", SY_FEED_IDS_ONLY}}; }

PageEnd TrialMailbox::page(const Call&, std::string_view, std::string_view, const ItemSink& put) {
  Item item;
  item.kind = "email";
  item.id = trial_item;
  item.version = "1";
  put(item);
  return {SY_PAGE_LISTING_COMPLETE, std::nullopt};
}

/// The mail as its sender would have written it, so that it is read by the same reader as any other.
std::string TrialMailbox::built() const {
  std::string out = "From: " + test_.from + "\r\nTo: " + (test_.to.empty() ? pair_.address : joined(test_.to)) + "\r\n";
  if (!test_.cc.empty()) out += "Cc: " + joined(test_.cc) + "\r\n";
  out += "Subject: " + test_.subject + "\r\n";
  const std::time_t seconds =
      test_.received_ms ? static_cast<std::time_t>(*test_.received_ms / 1000) : std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> date{};  // not by strftime: the names of months must not follow the locale
  std::snprintf(date.data(), date.size(), "%02d %s %04d %02d:%02d:%02d +0000", utc.tm_mday,
                months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  out += "Date: " + std::string(date.data()) + "\r\n";
  if (!test_.message_id.empty()) out += "Message-ID: <" + test_.message_id + ">\r\n";
  if (!test_.in_reply_to.empty()) out += "In-Reply-To: <" + test_.in_reply_to + ">\r\n";
  for (const std::string& line : test_.headers) out += line + "\r\n";
  return out + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + test_.body + "\r\n";
}

void TrialMailbox::fetch(const Call&, std::string_view kind, std::span<const std::string_view> ids, int depth,
                         const ItemSink& put) {
  const std::string text = test_.file.empty() ? built() : std::string();
  const formats::MailSource source = test_.file.empty() ? formats::MailSource(formats::MailBytes{text})
                                                        : formats::MailSource(formats::MailFile{test_.file});
  formats::MailOptions options;
  options.direction = test_.direction;
  if (test_.size)
    options.size = static_cast<std::uint64_t>(*test_.size);
  else
    options.size = test_.file.empty() ? text.size() : std::filesystem::file_size(test_.file);
  for (const std::string_view id : ids) {
    Item item;
    item.kind = kind;
    item.id = id;
    item.version = "1";
    SpoolParts parts(spool_, pair_id_);
    json::object doc =
        depth == SY_HEAD ? formats::read_head(source, options) : formats::read_whole(source, options, parts);
    if (depth == SY_HEAD) item.flags = SY_ITEM_HEAD;
    if (test_.received_ms) doc["received"] = formats::to_iso(*test_.received_ms);
    item.doc = json::serialize(doc);
    if (!put(item)) return;
  }
}

Caps TrialCrm::caps(std::string_view) {
  Caps out;
  out.flags = SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE | SY_IF_VERSION | SY_TOKEN_KEYED | SY_TOKEN_FIND;
  return out;
}

void TrialCrm::fetch(const Call&, std::string_view kind, std::span<const std::string_view> ids, int,
                     const ItemSink& put) {
  for (const std::string_view id : ids) {
    Item item;
    item.kind = kind;
    item.id = id;
    item.version = "1";
    item.doc = R"({"direction":"incoming"})";
    if (!put(item)) return;
  }
}

void TrialCrm::apply(const Call&, std::span<const Operation> ops, const DoneSink& put) {
  for (std::size_t i = 0; i < ops.size(); ++i) {
    Done d;
    d.id = ops[i].verb == SY_CREATE ? ops[i].token : ops[i].id;
    d.version = "2";
    put(i, d);
  }
}

std::string TrialCrm::identity(const Call&, std::string_view address) {
  return json::serialize(json::object{{"organization", "trial"}, {"principal", candidate("user", address)}});
}

std::vector<std::string> TrialCrm::parties(const Call&, std::span<const std::string_view> addresses) {
  std::vector<std::string> out;
  for (const std::string_view address : addresses) {
    json::array found;
    for (const PairConfig& p : config_.pairs)
      if (same_address(p.address, address))
        found.push_back(candidate(p.kind == PairConfig::Kind::queue ? "queue" : "user", address));
    for (const auto& [type, known] : test_.known)
      if (same_address(known, address)) found.push_back(candidate(type, address));
    out.push_back(json::serialize(found));
  }
  return out;
}

std::vector<std::string> TrialCrm::records(const Call&, std::string_view, std::span<const std::string_view> keys) {
  std::vector<std::string> out;
  for (const std::string_view key : keys) {
    json::array found;
    if (std::find(test_.in_crm.begin(), test_.in_crm.end(), key) != test_.in_crm.end())
      found.push_back(json::object{{"id", create_token("trial", "email", key, 0)},
                                   {"version", "1"},
                                   {"direction", test_.direction},
                                   {"regarding", nullptr},
                                   {"state", "completed"},
                                   {"created_ms", 0}});
    out.push_back(json::serialize(found));
  }
  return out;
}

}  // namespace syncline
