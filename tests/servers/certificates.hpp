// A certificate authority for tests and server certificates signed by it, made at run time; nothing is ever stored in
// the source tree.
#pragma once
#include <filesystem>

namespace syncline::sandbox {

struct Certificate {
  std::filesystem::path certificate, key;  // PEM
};

struct Certificates {
  std::filesystem::path ca;  // PEM: what a client has to trust
  Certificate good;          // for localhost and 127.0.0.1
  Certificate expired;       // the same names, ended yesterday
  Certificate wrong_host;    // for elsewhere.test only
};

// Writes them into `folder` (made if absent; keys readable by the owner only). Throws std::runtime_error.
Certificates make_certificates(const std::filesystem::path& folder);

}  // namespace syncline::sandbox
