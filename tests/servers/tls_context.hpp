// The server side of TLS as both servers use it.
#pragma once
#include <Poco/Net/Context.h>

#include <string>

namespace syncline::sandbox {

Poco::Net::Context::Ptr server_context(const std::string& certificate, const std::string& key);

}  // namespace syncline::sandbox
