#include "head.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <mutex>
#include <optional>

#include "charset.hpp"
#include "syncline/formats/time.hpp"
#include "syncline/plugin.hpp"

namespace syncline::formats {
namespace {

namespace json = boost::json;

/// What may be handed to GMime: it ends a text at a NUL.
std::string terminated(std::string_view raw) {
  std::string text = repair_utf8(raw);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

/// Some programs part addresses by semicolons, which end a group and nothing else: they become commas.
void repair_semicolons(std::string& list) {
  bool quoted = false;
  bool group = false;
  int comment = 0;
  int angle = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const char c = list[i];
    if (c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (quoted)
      continue;  // NOLINT(bugprone-branch-clone): quotes come before comments
    else if (c == '(')
      ++comment;
    else if (c == ')')
      comment = std::max(0, comment - 1);
    else if (comment > 0)
      continue;
    else if (c == '<')
      angle = 1;
    else if (c == '>')
      angle = 0;
    else if (c == ':' && angle == 0)
      group = true;
    else if (c == ';' && group)
      group = false;
    else if (c == ';')
      list[i] = ',';
  }
}

std::optional<std::int64_t> decode_date(std::string_view raw) {
  const std::string text = terminated(trim(raw));
  if (text.empty()) return std::nullopt;
  const GlibPtr<GDateTime> time(g_mime_utils_header_decode_date(text.c_str()));
  if (!time) return std::nullopt;
  return g_date_time_to_unix(time.get()) * 1000;
}

class Addresses {
 public:
  explicit Addresses(std::size_t limit) : limit_(limit), options_(parser_options()) {}

  json::array read(const std::vector<std::string_view>& values) {
    json::array found;
    for (const std::string_view value : values) {
      std::string text = terminated(value);
      repair_semicolons(text);
      const ObjectPtr<InternetAddressList> list(internet_address_list_parse(options_.get(), text.c_str()));
      if (list) flatten(list.get(), found, 0);
    }
    return found;
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): groups do not nest beyond what is checked
  void flatten(InternetAddressList* list, json::array& out, int depth) {
    const int n = internet_address_list_length(list);
    for (int i = 0; i < n; ++i) {
      InternetAddress* entry = internet_address_list_get_address(list, i);
      if (INTERNET_ADDRESS_IS_GROUP(entry)) {
        if (depth < 4) flatten(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(entry)), out, depth + 1);
        continue;
      }
      if (!INTERNET_ADDRESS_IS_MAILBOX(entry)) continue;
      const char* address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(entry));
      const std::string clean = clean_line(address == nullptr ? "" : address);
      if (clean.empty()) continue;
      if (++count_ > limit_)
        throw Error(SY_INVALID, "the message has more than " + std::to_string(limit_) +
                                    " recipients: it is not read; look at it in the mailbox");
      json::object party{{"address", clean}};
      const char* name = internet_address_get_name(entry);
      const std::string clean_name = clean_line(name == nullptr ? "" : name);
      if (!clean_name.empty()) party["name"] = clean_name;
      out.emplace_back(std::move(party));
    }
  }

  std::size_t limit_;
  std::size_t count_ = 0;
  GlibPtr<GMimeParserOptions> options_;
};

void put_addresses(const HeaderFields& fields, const MailOptions& options, json::object& document) {
  Addresses addresses(options.limits.recipients);
  for (const char* name : {"from", "sender"}) {
    json::array found = addresses.read(fields.all(name));
    if (!found.empty()) document[name] = std::move(found.front());
  }
  for (const char* name : {"to", "cc", "bcc"}) {
    json::array found = addresses.read(fields.all(name));
    if (!found.empty()) document[name] = std::move(found);
  }
}

void put_threading(const HeaderFields& fields, json::object& document) {
  if (const std::string id = message_id(fields); !id.empty()) document["message_id"] = repair_utf8(id);
  if (const std::string* value = fields.find("in-reply-to")) {
    const auto ids = message_ids(*value);
    if (!ids.empty()) document["in_reply_to"] = repair_utf8(ids.front());
  }
  json::array references;
  for (const std::string_view value : fields.all("references"))
    for (const std::string& id : message_ids(value)) references.emplace_back(repair_utf8(id));
  if (!references.empty()) document["references"] = std::move(references);
  if (const std::string* value = fields.find("thread-index")) {
    std::string index = clean_line(*value);
    index.erase(std::remove(index.begin(), index.end(), ' '), index.end());
    if (!index.empty()) document["conversation_index"] = index;
  }
}

void put_times(const HeaderFields& fields, json::object& document) {
  if (const std::string* value = fields.find("date"))
    if (const auto time = decode_date(*value)) document["date"] = to_iso(*time);
  const std::string* received = fields.find("received");
  if (received == nullptr) return;
  const std::size_t semicolon = received->rfind(';');
  if (semicolon == std::string::npos) return;
  if (const auto time = decode_date(std::string_view(*received).substr(semicolon + 1)))
    document["received"] = to_iso(*time);
}

/// Empty: the sender says nothing that we know.
std::string_view importance(const HeaderFields& fields) {
  struct Word {
    std::string_view field, value, meaning;
  };
  static constexpr std::array<Word, 16> words{{{"importance", "high", "high"},
                                               {"importance", "normal", "normal"},
                                               {"importance", "low", "low"},
                                               {"x-msmail-priority", "high", "high"},
                                               {"x-msmail-priority", "normal", "normal"},
                                               {"x-msmail-priority", "low", "low"},
                                               {"x-priority", "1", "high"},
                                               {"x-priority", "2", "high"},
                                               {"x-priority", "3", "normal"},
                                               {"x-priority", "4", "low"},
                                               {"x-priority", "5", "low"},
                                               {"priority", "urgent", "high"},
                                               {"priority", "normal", "normal"},
                                               {"priority", "non-urgent", "low"},
                                               {"priority", "high", "high"},
                                               {"priority", "low", "low"}}};
  for (const Word& word : words) {
    const std::string* value = fields.find(word.field);
    if (value == nullptr) continue;
    const std::string lower = ascii_lower(*value);
    if (lower.substr(0, lower.find_first_of(" \t(")) == word.value) return word.meaning;  // "1 (Highest)"
  }
  return {};
}

}  // namespace

void start_gmime() {
  static std::once_flag once;
  std::call_once(once, [] {
    g_mime_init();
    // The classes are made here and kept: otherwise whoever meets one first makes it, and the macros that ask what an
    // object is read it in other threads without a lock that anybody can see.
    for (const GType type :
         {GMIME_TYPE_PART, GMIME_TYPE_MULTIPART, GMIME_TYPE_MULTIPART_SIGNED, GMIME_TYPE_MULTIPART_ENCRYPTED,
          GMIME_TYPE_MESSAGE, GMIME_TYPE_MESSAGE_PART, GMIME_TYPE_MESSAGE_PARTIAL, GMIME_TYPE_TEXT_PART,
          GMIME_TYPE_APPLICATION_PKCS7_MIME, INTERNET_ADDRESS_TYPE_GROUP, INTERNET_ADDRESS_TYPE_MAILBOX})
      static_cast<void>(g_type_class_ref(type));
  });
}

GlibPtr<GMimeParserOptions> parser_options() {
  GlibPtr<GMimeParserOptions> options(g_mime_parser_options_new());
  std::array<const char*, 3> charsets{"utf-8", "windows-1252", nullptr};
  g_mime_parser_options_set_fallback_charsets(options.get(), charsets.data());
  g_mime_parser_options_set_allow_addresses_without_domain(options.get(), TRUE);
  return options;
}

std::string decode_text(std::string_view raw) {
  const std::string text = terminated(raw);
  const auto options = parser_options();
  const GlibPtr<char> decoded(g_mime_utils_header_decode_text(options.get(), text.c_str()));
  return clean_line(decoded ? std::string_view(decoded.get()) : std::string_view(text));
}

/// As Exchange marks what only a rights-management client can open.
bool is_protected(std::string_view content_class) {
  std::string word = clean_line(content_class);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c); });
  return word.find("rpmsg.message") != std::string::npos;
}

json::object head_document(const HeaderFields& fields, const MailOptions& options) {
  json::object document;
  put_threading(fields, document);
  document["direction"] = options.direction;
  if (const std::string* subject = fields.find("subject")) document["subject"] = decode_text(*subject);
  put_times(fields, document);
  put_addresses(fields, options, document);
  if (const std::string_view word = importance(fields); !word.empty()) document["importance"] = word;
  if (const std::string* content = fields.find("content-class"); content != nullptr && is_protected(*content))
    document["protected"] = true;
  if (options.size) document["size"] = static_cast<std::int64_t>(*options.size);
  return document;
}

}  // namespace syncline::formats
