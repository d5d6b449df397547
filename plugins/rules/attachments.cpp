// Attachments that the organization does not want are left out, and the mail says so.
#include <algorithm>

#include "mail_rules.hpp"

namespace syncline::rules {

namespace {

std::string extension(const std::string& name) {
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? std::string() : formats::lower(std::string_view(name).substr(dot + 1));
}

}  // namespace

Ruling Attachments::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  Case mail(p);
  const auto* list = mail.doc.if_contains("attachments");
  if (list == nullptr || !list->is_array()) return {};
  const std::int64_t most = mail.number("attachments.max_size", 0);
  std::vector<std::string> blocked = mail.words("attachments.blocked");
  for (std::string& b : blocked) b = formats::lower(b.starts_with('.') ? b.substr(1) : b);
  json::array kept, lost;
  std::string names;
  for (const json::value& v : list->get_array()) {
    const json::object& a = v.as_object();
    const std::int64_t size = number_of(a, "size", 0);
    const std::string file = text_of(a, "name"), type = extension(file);
    const bool large = most != 0 && size > most;
    const bool forbidden = !type.empty() && std::find(blocked.begin(), blocked.end(), type) != blocked.end();
    if (!large && !forbidden) {
      kept.push_back(v);
      continue;
    }
    lost.emplace_back(json::object{
        {"name", file}, {"size", size}, {"why", large ? "too_large" : "blocked"}, {"blob", text_of(a, "blob")}});
    names += (names.empty() ? "" : ", ") + (file.empty() ? std::string("(no name)") : file);
  }
  if (lost.empty()) return {};
  const auto count = static_cast<std::int64_t>(lost.size());
  mail.doc["attachments"] = std::move(kept);
  mail.doc["lost"] = std::move(lost);
  Ruling r = say(SY_ALTER, "attachments_left_out", {{"count", count}, {"names", names}});
  r.doc = json::serialize(mail.doc);
  return r;
}

}  // namespace syncline::rules
