// connection.hpp: the class crm-rest: one organization of a CRM that is spoken to over REST, shared by all pairs.
#pragma once

#include <array>

#include "endpoint.hpp"
#include "feed.hpp"
#include "mapped/mapped_system.hpp"
#include "syncline/connection.hpp"

namespace syncline::crm {

class CrmRest final : public Connection {
 public:
  static constexpr const char* name = "crm-rest";
  static constexpr const char* summary =
      "A CRM that speaks REST or OData: Dynamics 365 / Dataverse (contacts, tasks, email), or any that a mapping "
      "describes";
  static constexpr auto options = std::to_array<sy_option>({
      {sizeof(sy_option), SY_URL, SY_REQUIRED, "url", nullptr, nullptr,
       "Address of the CRM; of a Dynamics 365 organization without /api/data", "\"https://contoso.crm4.dynamics.com\""},
      {sizeof(sy_option), SY_TEXT, 0, "profile", "\"dataverse\"", nullptr,
       "How the CRM speaks: dataverse, odata or rest, or a file in profile_dir", "\"dataverse\""},
      {sizeof(sy_option), SY_PATH, 0, "mapping", nullptr, nullptr,
       "File that maps the collections and columns of any other CRM; it extends odata or rest and replaces profile",
       "\"/etc/syncline/acme.json\""},
      {sizeof(sy_option), SY_PATH, 0, "profile_dir", nullptr, nullptr,
       "Folder with profile files (NAME.json) that replace the built-in ones", "\"/etc/syncline/profiles\""},
      {sizeof(sy_option), SY_TEXT, 0, "api_version", "\"v9.2\"", nullptr, "Version of the Web API", "\"v9.1\""},
      {sizeof(sy_option), SY_PATH, 0, "ca_file", nullptr, nullptr,
       "PEM file with the certificate authorities to trust instead of the system's", "\"/etc/ssl/contoso-ca.pem\""},
      {sizeof(sy_option), SY_BOOL, 0, "verify", "true", nullptr, "Check the server's certificate; false only for tests",
       "true"},
      {sizeof(sy_option), SY_CHOICE, 0, "auth.method", "\"oauth2-client-credentials\"",
       "oauth2-client-credentials|basic|api-key|bearer|none", "How to sign in", "\"oauth2-client-credentials\""},
      {sizeof(sy_option), SY_TEXT, SY_IN_EXAMPLE, "auth.tenant", nullptr, nullptr,
       "Directory (tenant) id or domain; not needed with token_url", "\"contoso.onmicrosoft.com\""},
      {sizeof(sy_option), SY_TEXT, SY_IN_EXAMPLE, "auth.client_id", nullptr, nullptr,
       "Application (client) id; with basic the user name", "\"5a1c0e9e-0c05-4ad1-9d2f-2f6f43c1a001\""},
      {sizeof(sy_option), SY_SECRET, SY_IN_EXAMPLE, "auth.secret", nullptr, nullptr,
       "Client secret; with basic the password, else the API key or the token", "{ env = \"CRM_SECRET\" }"},
      {sizeof(sy_option), SY_URL, 0, "auth.token_url", nullptr, nullptr,
       "Token endpoint; default: Microsoft's for the tenant",
       "\"https://login.microsoftonline.com/TENANT/oauth2/v2.0/token\""},
      {sizeof(sy_option), SY_TEXT, 0, "auth.scope", nullptr, nullptr,
       "Scope of the token; default: the address's origin with /.default",
       "\"https://contoso.crm4.dynamics.com/.default\""},
      {sizeof(sy_option), SY_TEXT, 0, "auth.header", "\"X-Api-Key\"", nullptr, "With api-key: the header that bears it",
       "\"X-Api-Key\""},
      {sizeof(sy_option), SY_TEXT, 0, "auth.parameter", nullptr, nullptr,
       "With api-key: the query parameter that bears it, instead of a header", "\"api_key\""},
      {sizeof(sy_option), SY_INT, 0, "max_concurrent", "8", "1..50", "Requests under way at once, over all pairs", "8"},
      {sizeof(sy_option), SY_DURATION, 0, "connect_timeout", "\"15s\"", "1ms..10m",
       "How long a connection may take to stand, TLS included", "\"5s\""},
      {sizeof(sy_option), SY_DURATION, 0, "read_timeout", "\"120s\"", "1ms..10m",
       "Longest silence of the server within an answer", "\"60s\""},
      {sizeof(sy_option), SY_BYTES, 0, "attachment_limit", nullptr, "0..134217728",
       "Largest attachment that is stored; default: the organization's own limit", "\"5MiB\""},
      {sizeof(sy_option), SY_INT, 0, "addresses", "3", "1..3",
       "Dataverse: how many of a contact's addresses are carried: business, home, other", "1"},
      {sizeof(sy_option), SY_INT, 0, "page_size", "2000", "1..5000", "Rows a page of a feed", "2000"},
  });

  CrmRest(Host host, std::string_view config);
  std::unique_ptr<Endpoint> open(Host host, std::string_view settings) override;
  std::string probe(const Call& call) override;
  Feeds* feeds() override;
  Discovery* discovery() override { return mapped_.get(); }

 private:
  struct Dataverse {
    Dataverse(const Settings& settings, const Host& host);
    Client client;
    Organization organization;
    OrganizationFeeds feeds;
  };
  Host host_;
  std::unique_ptr<Dataverse> dataverse_;  ///< one of the two
  std::unique_ptr<MappedSystem> mapped_;
};

}  // namespace syncline::crm
