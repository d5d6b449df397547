// What a world reports at a cursor, and who and what its directory knows.
// A cursor is "D.epoch.seq": all changes after seq; "L.epoch.seq.begin": a walk from the start that has come to seq and
// began when the world was at `begin`, from where the first delta starts.
#include <algorithm>
#include <charconv>

#include <syncline/formats/smart_match.hpp>

#include "record.hpp"
#include "world_meta.hpp"

namespace syncline::memory {
namespace {

struct Cursor {
  char mode = 'L';
  std::int64_t epoch = 0, seq = 0, begin = 0;

  [[nodiscard]] std::string text() const {
    std::string out = std::string(1, mode) + "." + std::to_string(epoch) + "." + std::to_string(seq);
    if (mode == 'L') out += "." + std::to_string(begin);
    return out;
  }
  static Cursor parse(std::string_view s) {
    Cursor c;
    std::vector<std::int64_t> numbers;
    const bool known = s.size() > 2 && (s[0] == 'L' || s[0] == 'D') && s[1] == '.';
    for (std::size_t at = 2; known && at <= s.size();) {
      std::int64_t n = 0;
      const std::size_t end = std::min(s.find('.', at), s.size());
      const auto [p, failed] = std::from_chars(s.data() + at, s.data() + end, n);
      if (failed != std::errc() || p != s.data() + end) break;
      numbers.push_back(n);
      at = end + 1;
    }
    if (!known || numbers.size() != (s[0] == 'L' ? 3u : 2u))
      throw Error(SY_RESET, "this cursor was not given here", 0, "410");
    c.mode = s[0];
    c.epoch = numbers[0];
    c.seq = numbers[1];
    c.begin = c.mode == 'L' ? numbers[2] : 0;
    return c;
  }
};

bool shows(const FeedQuery& q, const Record& r, const Cursor& c) {
  if (r.kind != q.kind || (!q.box.empty() && r.box != q.box) || r.seq <= c.seq) return false;
  if (!r.gone) return true;
  if (c.mode == 'L' || q.tombstones == 0) return false;
  return q.tombstones == 2 || r.born_seq <= c.seq;
}

}  // namespace

FeedPage World::page(const FeedQuery& q, std::string_view cursor, std::int64_t now_ms) {
  read({q.side, "page", q.kind, {}, false}, now_ms);
  const Rows::Session s(rows_);
  const Meta m = meta(s);
  std::int64_t newest = m.seq;
  if (q.lag_ms != 0)
    s.each(item_key(q.side, ""), [&](const std::string&, const json::object& row) {
      if (const Record r = record_of(row); r.changed_ms + q.lag_ms > now_ms) newest = std::min(newest, r.seq - 1);
    });
  Cursor c{'L', m.epoch, 0, newest};
  if (q.cursor && !cursor.empty()) c = Cursor::parse(cursor);
  if (c.epoch != m.epoch || c.seq > m.seq) throw Error(SY_RESET, "the cursor is not known any more", 0, "410");
  FeedPage out;
  s.each(item_key(q.side, ""), [&](const std::string&, const json::object& row) {
    if (text_at(row, "kind") != q.kind) return;
    if (Record r = record_of(row); r.seq <= newest && shows(q, r, c)) out.records.push_back(std::move(r));
  });
  std::sort(out.records.begin(), out.records.end(), [](const Record& a, const Record& b) { return a.seq < b.seq; });
  if (q.cursor && q.page != 0 && out.records.size() > q.page) {
    out.records.resize(q.page);
    c.seq = out.records.back().seq;
    out.end = {SY_PAGE_MORE, c.text()};
    return out;
  }
  out.end.end = c.mode == 'L' ? SY_PAGE_LISTING_COMPLETE : SY_PAGE_DELTA_COMPLETE;
  if (q.cursor) out.end.next = Cursor{'D', m.epoch, c.mode == 'L' ? c.begin : newest, 0}.text();
  return out;
}

std::optional<Record> World::by_token(int side, std::string_view token) {
  const Rows::Session s(rows_);
  const json::object* known = s.get(token_key(side, token));
  if (known == nullptr) return std::nullopt;
  auto r = find_record(s, side, text_at(*known, "id"));
  return r && !r->gone ? r : std::nullopt;
}

json::value World::identity(std::string_view address) {
  const Rows::Session s(rows_);
  const json::object* who = s.get("principal/" + lower(address));
  if (who == nullptr) return nullptr;
  json::object answer{{"organization", ""}, {"organization_name", ""}};
  if (const json::object* org = s.get("organization")) {
    answer["organization"] = text_at(*org, "id");
    answer["organization_name"] = text_at(*org, "name");
  }
  const json::value* method = who->if_contains("method");
  const json::value* incoming = who->if_contains("incoming");
  answer["principal"] = json::object{{"id", text_at(*who, "id")},
                                     {"kind", who->contains("kind") ? text_at(*who, "kind") : "user"},
                                     {"address", text_at(*who, "address")},
                                     {"name", text_at(*who, "name")},
                                     {"approved", flag_at(*who, "approved", true)},
                                     {"enabled", flag_at(*who, "enabled", true)},
                                     {"incoming", incoming == nullptr ? json::value(2) : *incoming},
                                     {"method", method == nullptr ? json::value(nullptr) : *method}};
  return answer;
}

json::array World::parties(std::string_view address) {
  const Rows::Session s(rows_);
  json::array out;
  const std::string wanted = lower(address);
  if (wanted.empty()) return out;
  const auto candidate = [&](std::string_view type, std::string_view id, std::string_view name, bool active,
                             const json::value& owner) {
    out.push_back(json::object{{"type", type}, {"id", id}, {"name", name}, {"active", active}, {"owner", owner}});
  };
  if (const json::object* who = s.get("principal/" + wanted))
    candidate(who->contains("kind") ? text_at(*who, "kind") : "user", text_at(*who, "id"), text_at(*who, "name"),
              flag_at(*who, "enabled", true), nullptr);
  s.each("party/" + wanted + "/", [&](const std::string&, const json::object& row) {
    const std::string owner = text_at(row, "owner");
    candidate(text_at(row, "type"), text_at(row, "id"), text_at(row, "name"), flag_at(row, "active", true),
              owner.empty() ? json::value(nullptr) : json::value(owner));
  });
  s.each(item_key(SY_CRM, ""), [&](const std::string&, const json::object& row) {
    const Record r = record_of(row);
    if (r.kind != "contact" || r.gone) return;
    for (const char* field : {"email1", "email2", "email3"})
      if (lower(text_at(r.doc, field)) == wanted) {
        candidate("contact", r.id, text_at(r.doc, "firstname") + " " + text_at(r.doc, "lastname"), true,
                  json::value(r.box));
        break;
      }
  });
  return out;
}

namespace {

/// Whether a mail is like the one that a key "words:" describes.
bool is_like(const json::object& mail, const json::object& wanted) {
  if (const json::value* c = mail.if_contains("correlation");
      c != nullptr && text_at(c->as_object(), "method") == "skipped")
    return false;
  return formats::Likeness(wanted).fits(text_at(mail, "subject"), formats::mail_addresses(mail));
}

bool bears(const json::object& mail, std::string_view key) {
  for (const std::string_view member : {"token", "conversation"})
    if (key.starts_with(member) && key.substr(member.size()).starts_with(':'))
      return text_at(mail, member) == key.substr(member.size() + 1);
  constexpr std::string_view words = "words:";
  if (!key.starts_with(words)) return text_at(mail, "message_id") == key;
  boost::system::error_code failed;
  const json::value wanted = json::parse(key.substr(words.size()), failed);
  return !failed && wanted.is_object() && is_like(mail, wanted.get_object());
}

}  // namespace

json::array World::mails(std::string_view key) {
  const Rows::Session s(rows_);
  std::vector<Record> found;
  if (key.empty()) return {};
  s.each(item_key(SY_CRM, ""), [&](const std::string&, const json::object& row) {
    Record r = record_of(row);
    if (r.kind == "email" && !r.gone && bears(r.doc, key)) found.push_back(std::move(r));
  });
  std::stable_sort(found.begin(), found.end(),
                   [](const Record& l, const Record& r) { return l.born_seq > r.born_seq; });
  json::array out;
  for (const Record& r : found) {
    const json::value* regarding = r.doc.if_contains("regarding");
    const std::string direction = text_at(r.doc, "direction");
    out.push_back(json::object{{"id", r.id},
                               {"version", r.version_text()},
                               {"direction", direction.empty() ? "incoming" : direction},
                               {"regarding", regarding == nullptr ? json::value(nullptr) : *regarding},
                               {"state", r.partial                 ? "draft"
                                         : direction == "outgoing" ? "sent"
                                                                   : "received"},
                               {"created_ms", r.born_ms}});
  }
  return out;
}

}  // namespace syncline::memory
