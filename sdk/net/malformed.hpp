// malformed.hpp: the server's bytes are not what HTTP allows or what we are ready to take. Becomes SY_BROKEN.
#pragma once

#include <stdexcept>

namespace syncline::net {

class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace syncline::net
