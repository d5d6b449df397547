#include "part_plan.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "charset.hpp"
#include "head.hpp"
#include "syncline/plugin.hpp"

namespace syncline::formats {
namespace {

bool disposition_is(GMimeObject* part, const char* what) {
  const char* value = g_mime_object_get_disposition(part);
  return value != nullptr && g_ascii_strcasecmp(value, what) == 0;
}

/// A text that may be shown as the body: neither meant as a file nor named as one on purpose.
bool is_body_text(GMimeObject* part) {
  if (!GMIME_IS_PART(part) || disposition_is(part, "attachment")) return false;
  const std::string type = media_type(part);
  if (type != "text/plain" && type != "text/html") return false;
  return g_mime_object_get_content_disposition_parameter(part, "filename") == nullptr;
}

bool is_html(GMimeObject* part) { return media_type(part) == "text/html"; }

class Planner {
 public:
  explicit Planner(const MailLimits& limits) : limits_(limits) {}

  PartPlan plan(GMimeObject* root) {
    GMimeObject* body = find_body(root, 0);
    if (body == nullptr && !GMIME_IS_MULTIPART(root) && GMIME_IS_PART(root) &&
        media_type(root).starts_with("multipart/"))
      body = root;  // a multipart without a boundary is nothing but its text
    if (body != nullptr) {
      plan_.body = GMIME_PART(body);
      plan_.html = is_html(body);
      taken_.insert(body);
    }
    collect(root, GMIME_IS_MULTIPART(root) ? "" : "1", 0, false);
    return std::move(plan_);
  }

 private:
  static std::vector<GMimeObject*> children(GMimeObject* object) {
    std::vector<GMimeObject*> parts;
    GMimeMultipart* multipart = GMIME_MULTIPART(object);
    const int n = g_mime_multipart_get_count(multipart);
    for (int i = 0; i < n; ++i)
      if (GMimeObject* part = g_mime_multipart_get_part(multipart, i)) parts.push_back(part);
    return parts;
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as limits_.depth
  GMimeObject* find_body(GMimeObject* object, std::size_t depth) {
    if (!GMIME_IS_MULTIPART(object)) return is_body_text(object) ? object : nullptr;
    if (depth >= limits_.depth || media_type(object) == "multipart/encrypted") return nullptr;
    const std::string type = media_type(object);
    GMimeObject* found = nullptr;
    for (GMimeObject* child : children(object)) {
      GMimeObject* candidate = find_body(child, depth + 1);
      if (type == "multipart/alternative") {
        if (candidate != nullptr && (found == nullptr || is_html(candidate) || !is_html(found))) found = candidate;
        continue;
      }
      if (candidate != nullptr) return candidate;
      if (type == "multipart/related") return nullptr;  // only its root is shown; all else belongs to it
    }
    return found;
  }

  /// In an alternative, the texts that say the same as the chosen one are no attachments.
  void drop_alternatives(GMimeObject* alternative, std::size_t depth) {
    GMimeObject* chosen = find_body(alternative, depth);
    if (chosen == nullptr) return;
    for (GMimeObject* child : children(alternative))
      if (child != chosen && is_body_text(child)) taken_.insert(child);
  }

  /// A signature is over bytes, not over what they mean: beside its readable parts, the outermost signed part is kept
  /// as it is, with its headers, so that any mail program can open and verify it.
  void keep_signed(GMimeObject* object, const std::string& key) {
    signed_ = true;
    plan_.attachments.push_back({object, key.empty() ? "0" : key, false, key.empty(), boundaries_});
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as limits_.depth
  void collect(GMimeObject* object, const std::string& key, std::size_t depth, bool related) {
    if (!GMIME_IS_MULTIPART(object) || depth >= limits_.depth) {
      if (taken_.contains(object)) return;
      if (plan_.attachments.size() >= limits_.parts)
        throw Error(SY_INVALID, "the message has more than " + std::to_string(limits_.parts) +
                                    " attachments: it is not read; look at it in the mailbox");
      plan_.attachments.push_back({object, key, related, false, {}});
      if (!GMIME_IS_PART(object)) plan_.attachments.back().boundaries = boundaries_;
      return;
    }
    const std::string type = media_type(object);
    if (type == "multipart/alternative") drop_alternatives(object, depth);
    if (type == "multipart/signed" && !signed_) keep_signed(object, key);
    const char* boundary = g_mime_multipart_get_boundary(GMIME_MULTIPART(object));
    boundaries_.emplace_back(boundary == nullptr ? "" : boundary);
    std::size_t number = 0;
    for (GMimeObject* child : children(object)) {
      const std::string prefix = key.empty() ? "" : key + ".";
      collect(child, prefix + std::to_string(++number), depth + 1, type == "multipart/related");
    }
    boundaries_.pop_back();
  }

  MailLimits limits_;
  PartPlan plan_;
  std::set<GMimeObject*> taken_;
  bool signed_ = false;
  std::vector<std::string> boundaries_;  // around what is being collected
};

std::string_view extension_of(std::string_view type) {
  type = type.substr(0, type.find(';'));
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> known{
      {{"text/plain", ".txt"},
       {"text/html", ".html"},
       {"text/calendar", ".ics"},
       {"text/csv", ".csv"},
       {"text/vcard", ".vcf"},
       {"text/x-vcard", ".vcf"},
       {"image/png", ".png"},
       {"image/jpeg", ".jpg"},
       {"image/gif", ".gif"},
       {"image/svg+xml", ".svg"},
       {"application/pdf", ".pdf"},
       {"message/rfc822", ".eml"},
       {"application/pkcs7-mime", ".p7m"},
       {"application/pkcs7-signature", ".p7s"},
       {"application/pgp-signature", ".asc"},
       {"application/zip", ".zip"}}};
  for (const auto& [name, extension] : known)
    if (name == type) return extension;
  return type.starts_with("text/") || type.starts_with("message/") ? ".txt" : ".bin";
}

/// Characters that hide or turn the rest of a name: zero-width and bidirectional ones, byte order mark.
bool is_formatting(std::string_view at) {
  static constexpr std::array<std::string_view, 16> marks{
      "\xE2\x80\x8B", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAA",
      "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x80\xAD", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA7",
      "\xE2\x81\xA8", "\xE2\x81\xA9", "\xE2\x81\xA0", "\xEF\xBB\xBF"};
  return std::any_of(marks.begin(), marks.end(), [&](std::string_view mark) { return at.starts_with(mark); });
}

std::string cut(std::string_view text, std::size_t bytes) {
  std::size_t n = std::min(text.size(), bytes);
  if (n < text.size())
    while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) --n;
  return std::string(text.substr(0, n));
}

}  // namespace

PartPlan plan_parts(GMimeObject* root, const MailLimits& limits) { return Planner(limits).plan(root); }

std::string media_type(GMimeObject* part) {
  GMimeContentType* type = g_mime_object_get_content_type(part);
  const char* media = type == nullptr ? nullptr : g_mime_content_type_get_media_type(type);
  const char* subtype = type == nullptr ? nullptr : g_mime_content_type_get_media_subtype(type);
  if (media == nullptr || subtype == nullptr) return "application/octet-stream";
  const std::string name = ascii_lower(clean_line(std::string(media) + "/" + subtype));
  const auto token = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("/.+-_!#$&^").find(c) != std::string_view::npos;
  };
  return name.size() <= 127 && std::all_of(name.begin(), name.end(), token) ? name : "application/octet-stream";
}

std::string safe_name(std::string_view name) {
  constexpr std::size_t max_bytes = 255;
  const std::string line = clean_line(name);
  std::string safe;
  for (std::size_t i = 0; i < line.size();) {
    if (is_formatting(std::string_view(line).substr(i))) {
      i += 3;
      continue;
    }
    safe += std::string_view("/\\:*?\"<>|").find(line[i]) == std::string_view::npos ? line[i] : '_';
    ++i;
  }
  const std::size_t first = safe.find_first_not_of(". ");
  if (first == std::string::npos) return {};
  safe = safe.substr(first, safe.find_last_not_of(". ") - first + 1);
  if (safe.size() <= max_bytes) return safe;
  const std::size_t dot = safe.rfind('.');
  const std::string extension = dot != std::string::npos && safe.size() - dot <= 16 ? safe.substr(dot) : "";
  return cut(safe, max_bytes - extension.size()) + extension;
}

std::string attachment_type(const PlannedPart& part) {
  if (GMIME_IS_MULTIPART(part.object)) return "message/rfc822";
  const std::string type = media_type(part.object);
  if (type != "text/calendar") return type;
  // What an invitation wants stands in its method: without it, a calendar does not know an answer from a request.
  const char* method = g_mime_object_get_content_type_parameter(part.object, "method");
  const std::string name = method == nullptr ? "" : ascii_lower(method);
  const bool word = !name.empty() && name.size() <= 20 &&
                    std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return word ? type + "; method=" + method : type;
}

std::string attachment_name(const PlannedPart& part) {
  std::string given;
  const std::string type = attachment_type(part);
  if (GMIME_IS_PART(part.object)) {
    if (const char* name = g_mime_part_get_filename(GMIME_PART(part.object))) given = name;
  } else if (const char* name = g_mime_object_get_content_disposition_parameter(part.object, "filename")) {
    given = name;
  } else if (const char* other = g_mime_object_get_content_type_parameter(part.object, "name")) {
    given = other;
  }
  if (given.empty() && GMIME_IS_MESSAGE_PART(part.object)) {
    GMimeMessage* message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part.object));
    const char* subject = message == nullptr ? nullptr : g_mime_message_get_subject(message);
    if (subject != nullptr) given = subject;
  }
  if (given.empty() && GMIME_IS_MULTIPART(part.object) && type == "message/rfc822" &&
      media_type(part.object) == "multipart/signed")
    given = "signed";
  std::string name = safe_name(given);
  if (name.empty()) return "part-" + cut(part.key, 200) + std::string(extension_of(type));
  if (type == "message/rfc822" && !ascii_lower(name).ends_with(".eml")) name = cut(name, 251) + ".eml";
  return name;
}

}  // namespace syncline::formats
