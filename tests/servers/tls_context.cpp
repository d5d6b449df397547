#include "tls_context.hpp"

#include <Poco/Net/NetSSL.h>

namespace syncline::sandbox {

Poco::Net::Context::Ptr server_context(const std::string& certificate, const std::string& key) {
  Poco::Net::initializeSSL();
  return new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, key, certificate, "",
                                Poco::Net::Context::VERIFY_NONE);
}

}  // namespace syncline::sandbox
