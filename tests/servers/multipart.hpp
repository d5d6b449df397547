// multipart/mixed as OData batches use it: parts that are HTTP requests, or change sets of such parts.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "request.hpp"

namespace syncline::sandbox {

struct Part {
  HeaderList headers;  // of the part itself
  std::string body;
};

std::string boundary_of(const std::string& content_type);                        // empty: none
std::vector<Part> parts_of(std::string_view body, const std::string& boundary);  // throws ODataError 400
Call inner_call(const Part& part);  // the request in an application/http part; throws ODataError 400
std::string inner_reply(const Reply& reply, const std::string& content_id);  // the part's text behind its boundary line

}  // namespace syncline::sandbox
