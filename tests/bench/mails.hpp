// mails.hpp: the bench's messages: of 2 to 200 KB, 18 KB in the mean, a fifth with attachments; the same for the same
// number.
#pragma once

#include <string>

namespace syncline::bench {

std::string message(std::size_t n, const std::string& to);

}  // namespace syncline::bench
