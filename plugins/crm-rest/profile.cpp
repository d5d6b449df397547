#include "profile.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "profile_node.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

Flag flag(const Node& node) { return {node.at("column").text(), node.at("is").value()}; }

sy_code code_named(const Node& node) {
  const std::string name = node.text();
  for (sy_code c = SY_OK; c <= SY_CONFIG; ++c)
    if (code_name(c) == name) return c;
  node.fail("is not the name of an error class");
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string replaced(std::string_view pattern, std::string_view what, std::string_view with) {
  std::string out(pattern);
  if (const std::size_t at = out.find(what); at != std::string::npos) out.replace(at, what.size(), with);
  return out;
}

Profile::Profile(std::string_view json_text) {
  boost::system::error_code failed;
  const json::value root = json::parse(json_text, failed);
  if (failed) throw Error(SY_CONFIG, "crm profile: not JSON (" + failed.message() + "); correct the profile file");
  const Node top(&root, "");
  name = top.at("profile").text();
  api = top.at("api").text();
  const Node limits = top.at("limits");
  max_url = limits.at("url").size();
  max_conditions = limits.at("conditions").size();
  max_candidates = limits.at("candidates").size();
  directory_page = limits.at("directory_page").size();
  read_identity(root);
  read_types(root);
  read_email(root);
  read_made(root);
  items = read_items(root);
  if (const Node d = top.at("duplicates"); d.there())
    duplicates = {d.at("header").text(), d.at("value").text(), d.at("code").text()};
  read_errors(root);
}

void Profile::read_identity(const json::value& root) {
  const Node node = Node(&root, "").at("identity");
  const Node org = node.at("organization");
  organization = {node.at("who").text(),
                  org.at("set").text(),
                  org.at("key").text(),
                  org.at("name").text(),
                  org.at("attachment_limit").text_or_none(),
                  org.at("blocked_types").text_or_none()};
  const Node kinds = node.at("principals");
  for (const auto& entry : kinds.object()) {
    const Node p = kinds.at(entry.key());
    PrincipalType out;
    out.kind = entry.key();
    out.address = p.at("address").text();
    out.incoming = p.at("incoming").text();
    out.approved = flag(p.at("approved"));
    if (const Node method = p.at("method"); method.there()) {
      out.method = method.at("column").text();
      out.method_set = method.at("set").text_or_none();
    }
    principals.push_back(std::move(out));
  }
}

void Profile::read_types(const json::value& root) {
  const Node node = Node(&root, "").at("types");
  for (const auto& entry : node.object()) {
    const Node t = node.at(entry.key());
    types.push_back({std::string(entry.key()), t.at("table").text(), t.at("set").text(), t.at("key").text(),
                     t.at("name").text(), t.at("owner").text_or_none(), t.at("addresses").texts(), flag(t.at("active")),
                     t.at("optional").there()});
    sets.emplace(types.back().table, types.back().set);
  }
  for (const PrincipalType& p : principals)
    if (type(p.kind) == nullptr) node.at(p.kind).fail("is missing: it is named in identity.principals");
  const Node tables = Node(&root, "").at("tables");
  if (tables.there())
    for (const auto& entry : tables.object()) sets.emplace(std::string(entry.key()), tables.at(entry.key()).text());
}

namespace {

PartyMap party_map(const Node& node) {
  PartyMap out{
      node.at("navigation").text(), node.at("role").text(), node.at("address").text(), node.at("bind").text(), {}};
  for (const char* role : {"from", "to", "cc", "bcc"}) out.roles.emplace(role, node.at("roles").at(role).number());
  return out;
}

AttachmentMap attachment_map(const Node& node) {
  AttachmentMap out;
  out.set = node.at("set").text();
  out.key = node.at("key").text();
  out.parent_bind = node.at("parent_bind").text();
  out.parent_value = node.at("parent_value").text();
  out.body = node.at("body").text();
  if (const Node constants = node.at("constants"); constants.there()) out.constants = constants.object();
  out.name = column(node.at("name"));
  out.title = column(node.at("title"));
  out.type = column(node.at("type"));
  out.content_id = column(node.at("content_id"));
  out.limit = node.at("limit").size();
  out.refused = node.at("refused").texts();
  return out;
}

void email_columns(const Node& node, EmailMap& email) {
  email.subject = column(node.at("subject"));
  email.body = column(node.at("body"));
  email.body_type = column(node.at("body_type"));
  email.message_id = column(node.at("message_id"));
  email.direction = column(node.at("direction"));
  email.importance = column(node.at("importance"));
  email.sender = column(node.at("sender"));
  email.submitted_by = column(node.at("submitted_by"));
  email.recipients = column(node.at("recipients"));
  if (!email.message_id) node.at("message_id").fail("is missing");
  if (!email.direction) node.at("direction").fail("is missing");
  const Node instants = node.at("instants");
  for (const json::value& v : instants.array()) {
    const Node i(&v, "kinds.email.columns.instants[]");
    email.instants.push_back(
        {i.at("column").text(), {{"incoming", i.at("incoming").texts()}, {"outgoing", i.at("outgoing").texts()}}});
  }
}

}  // namespace

namespace {

/// What only some systems have.
void read_extras(const Node& node, EmailMap& email) {
  if (const Node c = node.at("correlation"); c.there())
    email.correlation = {
        column(c.at("method")),       c.at("record").text_or_none(),       c.at("parent").text_or_none(),
        c.at("token").text_or_none(), c.at("conversation").text_or_none(), c.at("in_reply_to").text_or_none()};
  email.accepting = node.at("accepting").text_or_none();
  if (const Node r = node.at("receiving"); r.there())
    email.receiving = {r.at("column").text(), r.at("table").text(), r.at("set").text(), r.at("key").text(),
                       r.at("owner_value").text()};
  if (const Node q = node.at("queue_items"); q.there())
    email.queue_items = {q.at("set").text(),         q.at("key").text(),         q.at("queue_bind").text(),
                         q.at("queue_set").text(),   q.at("queue_value").text(), q.at("object_bind").text(),
                         q.at("object_value").text()};
}

}  // namespace

void Profile::read_email(const json::value& root) {
  const Node node = Node(&root, "").at("kinds").at("email");
  email.table = node.at("table").text();
  email.set = node.at("set").text();
  email.key = node.at("key").text();
  email.changed = node.at("changed").text_or_none();
  email.created = node.at("created").text_or_none();
  email.feed = node.at("feed").text_or_none();
  email.carried = node.at("carried").texts();
  email_columns(node.at("columns"), email);
  email.regarding_bind = node.at("regarding").at("bind").text();
  email.regarding_value = node.at("regarding").at("value").text();
  const Node states = node.at("states");
  email.state = states.at("state").text();
  email.status = states.at("status").text();
  email.open = states.at("open").number();
  for (const char* direction : {"incoming", "outgoing"}) {
    const Node pair = states.at("final").at(direction);
    if (pair.array().size() != 2) pair.fail("is not [state, status]");
    email.finals[direction] = {Node(&pair.array()[0], "kinds.email.states.final").number(),
                               Node(&pair.array()[1], "kinds.email.states.final").number()};
  }
  const Node names = states.at("names");
  for (const auto& entry : names.object())
    email.status_names.emplace(std::atoll(std::string(entry.key()).c_str()), names.at(entry.key()).text());
  email.parties = party_map(node.at("parties"));
  email.attachments = attachment_map(node.at("attachments"));
  read_extras(node, email);
  if (const Node n = node.at("notifications"); n.there()) {
    email.notifications = n.at("column").text();
    email.attachment_lost = n.at("attachment_lost").number();
    email.body_truncated = n.at("body_truncated").number();
  }
}

void Profile::read_made(const json::value& root) {
  const Node kinds = Node(&root, "").at("kinds");
  for (const auto& entry : kinds.object()) {
    if (entry.key() == "email") continue;
    const Node node = kinds.at(entry.key());
    MadeMap out{std::string(entry.key()), node.at("table").text(), node.at("set").text(), node.at("key").text(), {}};
    const Node columns = node.at("columns");
    for (const auto& c : columns.object()) out.columns.emplace(std::string(c.key()), column(columns.at(c.key())));
    made.push_back(std::move(out));
  }
}

void Profile::read_errors(const json::value& root) {
  const Node node = Node(&root, "").at("errors");
  const Node status = node.at("status");
  for (const auto& entry : status.object())
    by_status_.emplace(std::string(entry.key()), code_named(status.at(entry.key())));
  const Node codes = node.at("codes");
  for (const auto& entry : codes.object()) by_code_.emplace(lower(entry.key()), code_named(codes.at(entry.key())));
  for (const json::value& v : node.at("final").array())
    final_status_.push_back(static_cast<int>(Node(&v, "errors.final[]").number()));
}

sy_code Profile::classify(int status, std::string_view code) const {
  const std::string exact = std::to_string(status);
  auto found = by_status_.find(exact);
  if (found == by_status_.end()) found = by_status_.find(exact.substr(0, 1) + "xx");
  const sy_code from_status = found == by_status_.end() ? SY_BROKEN : found->second;
  if (code.empty() || std::find(final_status_.begin(), final_status_.end(), status) != final_status_.end())
    return from_status;
  std::string key = lower(code);
  if (const auto by = by_code_.find(key); by != by_code_.end()) return by->second;
  while (key.size() > 2) {  // "0x8004e1*" names a block of codes
    key.pop_back();
    if (const auto by = by_code_.find(key + "*"); by != by_code_.end()) return by->second;
  }
  return from_status;
}

const PartyType* Profile::type(std::string_view wanted) const {
  const auto at = std::find_if(types.begin(), types.end(), [&](const PartyType& t) { return t.name == wanted; });
  return at == types.end() ? nullptr : &*at;
}

const PartyType* Profile::type_of_table(std::string_view table) const {
  const auto at = std::find_if(types.begin(), types.end(), [&](const PartyType& t) { return t.table == table; });
  return at == types.end() ? nullptr : &*at;
}

const PrincipalType* Profile::principal(std::string_view kind) const {
  const auto at =
      std::find_if(principals.begin(), principals.end(), [&](const PrincipalType& p) { return p.kind == kind; });
  return at == principals.end() ? nullptr : &*at;
}

std::shared_ptr<const Profile> Profile::load(std::string_view wanted, const std::string& dir) {
  if (wanted.empty() || wanted.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string_view::npos)
    throw Error(SY_CONFIG, "profile: a name is lower-case letters, digits, - and _");
  if (dir.empty()) {
    const std::string_view shipped = shipped_profile(wanted);
    if (shipped.empty())
      throw Error(SY_CONFIG, "profile: no profile \"" + std::string(wanted) +
                                 "\" is built in; set profile_dir to the folder of its file");
    return std::make_shared<const Profile>(shipped);
  }
  const std::string path = dir + "/" + std::string(wanted) + ".json";
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(SY_CONFIG, "profile: cannot read " + path + "; check profile and profile_dir");
  constexpr std::size_t most = std::size_t{1} << 20;
  std::string text(most, '\0');
  file.read(text.data(), static_cast<std::streamsize>(most));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return std::make_shared<const Profile>(text);
}

}  // namespace syncline::crm
