// part_plan.hpp: which part of a message is its body, and which are attachments.
#pragma once

#include <gmime/gmime.h>

#include <string>
#include <string_view>
#include <vector>

#include "syncline/formats/mime.hpp"

namespace syncline::formats {

struct PlannedPart {
  GMimeObject* object;  // owned by the message
  std::string key;
  bool related;                           // stands in a multipart/related, where a Content-ID means "shown in the body"
  bool message = false;                   // stands for the whole message
  std::vector<std::string> boundaries{};  // of the multiparts around a part that is kept whole
};

struct PartPlan {
  GMimePart* body = nullptr;  // null: the message has none
  bool html = false;
  std::vector<PlannedPart> attachments;
};

[[nodiscard]] PartPlan plan_parts(GMimeObject* root, const MailLimits& limits);

/// "type/subtype" in lower case, without parameters.
[[nodiscard]] std::string media_type(GMimeObject* part);

/// As media_type; a multipart that is kept whole is a message, and a calendar part has its method.
[[nodiscard]] std::string attachment_type(const PlannedPart& part);

/// The name as the sender gave it, made safe for any file system, or one made from key and type.
[[nodiscard]] std::string attachment_name(const PlannedPart& part);

/// No separators, control or formatting characters, no leading or trailing dots and blanks, at most 255 bytes with the
/// extension kept. Empty: nothing is left.
[[nodiscard]] std::string safe_name(std::string_view name);

}  // namespace syncline::formats
