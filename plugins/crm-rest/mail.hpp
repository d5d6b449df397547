// mail.hpp: an operation's document as the request bodies that make a mail in the CRM. Pure but for reading the body.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <optional>

#include "organization.hpp"
#include "profile.hpp"
#include "syncline/blobs.hpp"

namespace syncline::crm {

struct Part {
  std::string key, id, name, type, content_id,
      blob;  ///< id: derived from token and key; blob empty: the source is gone
  std::uint64_t size = 0;
};

/// What a mail's create says, read once. Throws SY_INVALID where the document is not one.
struct Mail {
  boost::json::object doc;
  std::string token, direction;
  std::vector<Part> parts;
  bool left_out = false;    ///< a rule left attachments out
  bool parts_lost = false;  ///< the source is gone: what was begun is made final without the rest

  static Mail read(std::string_view token, std::string_view document);
};

/// What could not be stored as asked.
struct Losses {
  std::vector<std::string> never;  ///< names for sy_done.never
  std::string note;                ///< for a person
  bool attachment = false, body = false;
  void add(std::string field, std::string_view why);
};

/// The text of a blob as valid UTF-8 without characters that XML forbids, cut at `max` UTF-16 units.
std::string body_text(const Host& host, std::string_view blob, std::size_t max, bool& cut);
/// The same cleaning for short texts; `max` 0: no limit.
std::string clean(std::string_view text, std::size_t max, bool* cut = nullptr);

/// Table → entity set, for the records that parties and regarding point to.
using SetOf = std::function<std::optional<std::string>(const std::string& table)>;

/// "nav@odata.bind": "/set(id)" for a record by its type's or table's name; false: the organization has no such table.
bool bind_record(boost::json::object& out, const Profile& profile, std::string_view pattern, const std::string& type,
                 const std::string& id, const SetOf& set_of);

/// The body of the POST that makes the draft. `table`: what more than the usual columns may be written; `mailbox`: the
/// row of the mailbox in which the mail lay, empty: not known.
boost::json::object draft(const Profile& profile, const Mail& mail, const std::string& body, const SetOf& set_of,
                          const TableFacts& table, const std::string& mailbox, Losses& losses);
/// The queues that get an item for it.
std::vector<std::string> queues_of(const boost::json::object& doc);
/// The body of the request that makes it final.
boost::json::object final_state(const EmailMap& email, const Mail& mail, const Losses& losses);
/// An attachment's JSON around its base64: what stands before and after.
std::pair<std::string, std::string> attachment_frame(const Profile& profile, const Mail& mail, const Part& part);
/// How many parties of each role were asked for.
std::map<std::string, std::size_t> party_counts(const Mail& mail);

}  // namespace syncline::crm
