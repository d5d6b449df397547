// batch.hpp: several requests in one: $batch as multipart/mixed, where each part is a request of its own or a change
// set, whose members happen together or not at all.
#pragma once

#include "client.hpp"

namespace syncline::crm {

struct Member {
  std::string method, path;  ///< path: as for Client, behind the API's address
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< JSON; empty: none
};
/// A single GET, or the writes of one change set in order.
using BatchPart = std::vector<Member>;

/// One answer for each part, in order: of a change set its last member's, or the one error that undid it. Status 0: the
/// server did not come to it. Throws Refused where the batch as a whole was refused.
std::vector<net::Response> run_batch(Client& client, const Host& host, const Call& call,
                                     const std::vector<BatchPart>& parts);

/// The answers in a batch's body. Pure.
std::vector<net::Response> read_batch(std::string_view body, std::string_view content_type);

}  // namespace syncline::crm
