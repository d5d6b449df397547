// A mail is created in the CRM by several requests: the draft, each part, and last the one that makes it final. What
// was begun and not ended goes on where it stopped.
#include <algorithm>

#include "endpoint.hpp"
#include "record.hpp"

namespace syncline::memory {
namespace {

std::string read_blob(const Host& host, const std::string& reference, std::size_t limit) {
  BlobReader in(host, reference);
  if (in.length() > limit) throw Error(SY_INVALID, "a part is larger than this system takes");
  std::string out;
  out.reserve(in.length());
  std::array<char, 65536> buf{};
  while (const std::size_t n = in.read(buf.data(), buf.size())) out.append(buf.data(), n);
  return out;
}

struct Part {
  std::string key, blob;
};

/// Takes the references out of the document; attachments over the limit go, and that is reported.
std::vector<Part> parts_of(json::object& doc, std::size_t limit, json::array& never) {
  std::vector<Part> out;
  if (json::value* body = doc.if_contains("body"); body != nullptr && body->is_object()) {
    json::object& o = body->get_object();
    if (const std::string ref = text_at(o, "blob"); !ref.empty()) out.push_back({"body", ref});
    o.erase("blob");
  }
  json::value* list = doc.if_contains("attachments");
  if (list == nullptr || !list->is_array()) return out;
  json::array kept;
  for (json::value& v : list->get_array()) {
    if (!v.is_object()) continue;
    json::object a = v.get_object();
    if (static_cast<std::size_t>(std::max<std::int64_t>(number_at(a, "size"), 0)) > limit) {
      if (never.empty()) never.emplace_back("attachments");
      continue;
    }
    if (const std::string ref = text_at(a, "blob"); !ref.empty()) out.push_back({text_at(a, "key"), ref});
    a.erase("blob");
    kept.push_back(std::move(a));
  }
  list->get_array() = std::move(kept);
  return out;
}

}  // namespace

Record MemoryEndpoint::upload(const Call& call, const Write& draft, const std::string& part,
                              const std::string& reference) {
  Write w = draft;
  w.request.verb = "part";
  w.part = part;
  w.doc = {{"base64", to_base64(read_blob(host_, reference, system_->features.attachment_limit))}};
  return send(call, w, "create email: part " + part);
}

Done MemoryEndpoint::create_email(const Call& call, const Operation& op) {
  const Features& f = system_->features;
  boost::system::error_code failed;
  json::value parsed = json::parse(op.doc, failed);
  if (failed || !parsed.is_object()) throw Error(SY_INVALID, "the document is not a JSON object");
  Features::Stored stored = f.stored(SY_CREATE, "email", parsed.get_object(), {});
  const std::vector<Part> parts = parts_of(stored.doc, f.attachment_limit, stored.never);
  const bool parts_lost = flag_at(stored.doc, "parts_lost");

  Write w;
  w.request = {system_->side, "draft", "email", {}, true};
  w.box = box();
  w.token = op.token;
  w.keyed = f.keyed;
  w.repeatable = !f.repeat_exists;
  w.keep_token = f.keyed || f.find;
  w.doc = stored.doc;
  for (const char* later : {"body", "attachments"}) w.doc.erase(later);

  // Where a known token does not key the create, the draft that was begun is looked for, or there would be a second.
  std::optional<Record> r;
  if (!f.keyed && f.find && !op.token.empty()) r = system_->world->by_token(system_->side, op.token);
  if (!r || !r->partial) r = send(call, w, "create email: draft");
  w.request.id = r->id;
  if (r->partial) {
    for (const Part& p : parts) {
      if (r->parts.contains(p.key)) continue;
      try {
        r = upload(call, w, p.key, p.blob);
      } catch (const Error& e) {
        const bool source = e.code() == SY_GONE && e.server_code().empty();  // the spool's own, not the server's 404
        if (!source) throw;
        if (!parts_lost) throw Error(SY_INVALID, "the mail's part " + p.key + " is not in the spool any more");
      }
    }
    w.request.verb = "final";
    w.doc = stored.doc;
    r = send(call, w, "create email: final");
  }
  Done done;
  done.id = r->id;
  done.version = r->version_text();
  done.changed_ms = r->changed_ms;
  if (!stored.never.empty()) done.never = json::serialize(stored.never);
  return done;
}

}  // namespace syncline::memory
