// connection.hpp: the class exchange: the mailboxes of one Exchange organization, spoken to over EWS.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "settings.hpp"
#include "syncline/connection.hpp"

namespace syncline::exchange {

class Organization;

class Exchange final : public Connection {
 public:
  static constexpr const char* name = "exchange";
  static constexpr const char* summary =
      "Mailboxes of Exchange Server (2013 SP1 to SE) and grommunio over EWS: contacts, tasks, mail";
  static constexpr std::uint32_t kOption = sizeof(sy_option);
  static constexpr auto options = std::to_array<sy_option>({
      {kOption, SY_URL, SY_IN_EXAMPLE, "url", nullptr, nullptr,
       "Address of EWS; default: autodiscover asks for it by each mailbox's address",
       "\"https://mail.contoso.test/EWS/Exchange.asmx\""},
      {kOption, SY_LIST, 0, "trusted_hosts", "[]", "*",
       "Further hosts to which autodiscover may lead with the credentials; those of the mailbox's own domain always "
       "may",
       "[\"mail.hoster.test\"]"},
      {kOption, SY_PATH, 0, "ca_file", nullptr, nullptr,
       "PEM file with the certificate authorities to trust instead of the system's", "\"/etc/ssl/contoso-ca.pem\""},
      {kOption, SY_BOOL, 0, "verify", "true", nullptr, "Check the server's certificate; false only for tests", "true"},
      {kOption, SY_CHOICE, 0, "auth.method", "\"basic\"", "basic|oauth2-client-credentials|ntlm|negotiate",
       "How to sign in; ntlm and negotiate are not offered yet and refused", "\"basic\""},
      {kOption, SY_TEXT, SY_IN_EXAMPLE, "auth.user", nullptr, nullptr,
       "With basic: the account that opens all mailboxes, as DOMAIN\\user or user@domain; a mailbox can have its own",
       "\"syncline@contoso.test\""},
      {kOption, SY_SECRET, SY_IN_EXAMPLE, "auth.secret", nullptr, nullptr,
       "With basic that account's password, else the application's client secret", "{ env = \"EXCHANGE_SECRET\" }"},
      {kOption, SY_TEXT, 0, "auth.tenant", nullptr, nullptr,
       "Directory (tenant) id or domain; not needed with token_url", "\"contoso.onmicrosoft.com\""},
      {kOption, SY_TEXT, 0, "auth.client_id", nullptr, nullptr, "Application (client) id",
       "\"5a1c0e9e-0c05-4ad1-9d2f-2f6f43c1a001\""},
      {kOption, SY_URL, 0, "auth.token_url", nullptr, nullptr, "Token endpoint; default: Microsoft's for the tenant",
       "\"https://login.microsoftonline.com/TENANT/oauth2/v2.0/token\""},
      {kOption, SY_TEXT, 0, "auth.scope", "\"https://outlook.office365.com/.default\"", nullptr, "Scope of the token",
       "\"https://outlook.office365.com/.default\""},
      {kOption, SY_BOOL, 0, "interop.ms_properties", "false", nullptr,
       "Read and write the properties by which Microsoft's own CRM clients show and ask for the state of a link",
       "true"},
      {kOption, SY_BOOL, 0, "impersonate", "false", nullptr,
       "Act as each mailbox's owner (role ApplicationImpersonation); with oauth2-client-credentials always", "true"},
      {kOption, SY_TEXT, 0, "anchor_mailbox", nullptr, nullptr,
       "Address by which front-end servers route (X-AnchorMailbox), instead of each mailbox's own",
       "\"syncline@contoso.test\""},
      {kOption, SY_CHOICE, 0, "version", "\"auto\"",
       "auto|Exchange2016|Exchange2015|Exchange2013_SP1|Exchange2013|Exchange2010_SP2",
       "Schema version to ask for; auto: the highest that the mailbox's server takes", "\"Exchange2013_SP1\""},
      {kOption, SY_TEXT, 0, "probe_mailbox", nullptr, nullptr,
       "A mailbox with which `doctor` tries sign-in, impersonation and folders", "\"test@contoso.test\""},
      {kOption, SY_INT, 0, "max_concurrent", "20", "1..100", "Requests under way at once, over all mailboxes", "20"},
      {kOption, SY_INT, 0, "mailbox_concurrent", "2", "1..10", "Requests under way at once for one mailbox", "2"},
      {kOption, SY_INT, 0, "max_batch", "100", "1..500",
       "Items asked for in one request at most; it begins with 25, and halves when the server is slow", "50"},
      {kOption, SY_INT, 0, "sync_page", "100", "1..512", "Changes asked for in one page of a folder", "100"},
      {kOption, SY_BYTES, 0, "max_message_size", "\"100MB\"", "1kB..1GB",
       "A larger message is not read: only its head is, marked as oversize", "\"100MB\""},
      {kOption, SY_DURATION, 0, "connect_timeout", "\"15s\"", "1ms..10m",
       "How long a connection may take to stand, TLS included", "\"5s\""},
      {kOption, SY_DURATION, 0, "read_timeout", "\"120s\"", "1s..10m",
       "How long the server may be silent before a request is given up", "\"120s\""},
      {kOption, SY_TEXT, SY_PER_ENDPOINT | SY_ADDRESS, "address", nullptr, nullptr,
       "The mailbox's primary SMTP address; default: the address of the user or queue", "\"alice@contoso.test\""},
      {kOption, SY_TEXT, SY_PER_ENDPOINT, "username", nullptr, nullptr,
       "Sign in to this mailbox with this name (basic) instead of the connection's account", "\"CONTOSO\\\\alice\""},
      {kOption, SY_SECRET, SY_PER_ENDPOINT, "password", nullptr, nullptr, "The password of username",
       "{ env = \"ALICE_PASSWORD\" }"},
      {kOption, SY_LIST, SY_PER_ENDPOINT, "folders", "[\"contacts\", \"tasks\", \"inbox\", \"sentitems\"]", "*",
       "Folders that are synchronized: EWS's name of a default folder, and below it the names of sub-folders",
       "[\"contacts\", \"contacts/Customers\", \"inbox\", \"sentitems\"]"},
  });

  Exchange(Host host, std::string_view config);
  ~Exchange() override;
  std::unique_ptr<Endpoint> open(Host host, std::string_view settings) override;
  std::string probe(const Call& call) override;

 private:
  Host host_;
  std::shared_ptr<Organization> organization_;
};

}  // namespace syncline::exchange
