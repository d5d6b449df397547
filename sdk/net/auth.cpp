#include "syncline/net/auth.hpp"

#include <Poco/Base64Encoder.h>

#include <algorithm>
#include <sstream>

#include "syncline/net/headers.hpp"

namespace syncline::net {

namespace {

std::string base64(const std::string& bytes) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  encoder.close();
  return out.str();
}

}  // namespace

std::string header_of(const Request& request, const std::string& name) {
  for (const auto& [field, value] : request.headers)
    if (equal_without_case(field, name)) return value;
  return {};
}

void set_header(Request& request, const std::string& name, std::string value) {
  std::erase_if(request.headers, [&](const auto& field) { return equal_without_case(field.first, name); });
  request.headers.emplace_back(name, std::move(value));
}

void BasicAuth::authorize(const Host& /*host*/, const Call& /*call*/, Request& request) {
  if (user_.find(':') != std::string::npos)
    throw Error(SY_CONFIG, "a user name with a colon cannot be used with Basic authentication");
  set_header(request, "Authorization", "Basic " + base64(user_ + ':' + password_()));
}

void ApiKey::authorize(const Host& /*host*/, const Call& /*call*/, Request& request) {
  const std::string key = key_();
  const bool clean =
      std::none_of(key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (key.empty() || !clean)
    throw Error(SY_CONFIG, "the API key for header " + header_ + " is empty or holds a line break; correct the secret");
  set_header(request, header_, prefix_ + key);
}

}  // namespace syncline::net
