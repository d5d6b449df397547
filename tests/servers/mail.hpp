// Realistic mail, the same for the same seed: conversations between customers and the users alice@contoso.test,
// bob@contoso.test and the queue support@contoso.test in the year 2026.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace syncline::sandbox {

struct Person {
  std::string first, last, address, company, phone, city;
  bool in_crm = false;  // exists as a contact (and the company as an account) in the CRM
};

struct Mail {
  std::string mailbox;     // whose copy this is: alice@contoso.test, bob@contoso.test or support@contoso.test
  std::string message_id;  // without brackets; empty: the mail has none
  std::string subject;     // decoded
  std::string from;        // address
  std::string date;        // of the Date header, "2026-01-01T00:00:00.000Z"
  std::string bytes;       // the message, CRLF line ends
  std::size_t attachments = 0;
  std::string in_reply_to;  // without brackets; empty: starts a conversation
};

struct MailPlan {
  std::uint64_t seed = 1;
  std::size_t count = 60;  // messages over all mailboxes; a mail to two mailboxes counts once
  std::vector<std::string> mailboxes{"alice@contoso.test", "bob@contoso.test", "support@contoso.test"};
};

// The customers who write; the same for the same seed.
std::vector<Person> customers(std::uint64_t seed);

// In order of arrival. From 12 mails on, there is at least one of each: a reply, an HTML alternative, an attachment, an
// encoded subject, an 8-bit body, a mail without Message-ID, and a mail to two of the mailboxes (one Mail for each of
// the two, with the same Message-ID).
std::vector<Mail> generate(const MailPlan& plan);

class Dataverse;
// Puts the customers with in_crm into the organization: accounts first, then contacts.
void add_customers(Dataverse& organization, const std::vector<Person>& people);

}  // namespace syncline::sandbox
