// The suites against the profiles odata and rest, over a made-up CRM that can do everything, nothing, and some of it.
#include <gtest/gtest.h>

#include "mapped/mapped_crm.hpp"
#include "syncline/conformance/subject.hpp"

namespace syncline::crm {
namespace {

using conformance::Subject;
using conformance::TestHost;

class MappedSubject final : public Subject {
 public:
  MappedSubject(const RestOptions& options, bool token) : options_(options), crm_(options, token) { crm_.connect(); }

  TestHost& host() override { return crm_.host; }
  ConnectionHandle& connection() override { return crm_.connection; }
  std::string settings() override { return MappedCrm::settings(); }
  std::string add(const std::string& kind, const json::object& doc) override {
    return crm_.server.add(set_of(kind), row_for(kind, doc));
  }
  void edit(const std::string& kind, const std::string& id, const json::object& patch) override {
    crm_.server.edit(set_of(kind), id, row_for(kind, patch));
  }
  void remove(const std::string& kind, const std::string& id) override { crm_.server.remove(set_of(kind), id); }
  std::string unknown_id(const std::string&) override {
    return options_.odata || options_.client_id ? "00000000-0000-4000-8000-00000000dead" : "987654";
  }
  bool throttle_next(std::int64_t retry_after_ms) override {
    sandbox::RestFault fault;
    fault.status = 429;
    fault.retry_after = static_cast<int>(retry_after_ms / 1000);
    crm_.server.fail(fault);
    return true;
  }
  bool refuse_credentials() override {
    crm_.server.refuse_credentials();
    return true;
  }
  bool hang_next() override {
    sandbox::RestFault fault;
    fault.action = sandbox::RestFault::Action::hang;
    crm_.server.fail(fault);
    return true;
  }
  bool forget_cursors() override {
    if (options_.delta != RestOptions::Delta::links) return false;
    crm_.server.forget_links();
    return true;
  }
  std::string known_address() override { return "alice@contoso.test"; }

  [[nodiscard]] std::map<std::string, std::string> exceptions() const override {
    const std::string one_way = "mail goes into the CRM one way: a fetch tells id and version and carries no document";
    return {{"endpoint.version_follows_edits/email", one_way},
            {"endpoint.document_bears_only_carried_fields/email", one_way},
            {"endpoint.head_lacks_bodies_and_whole_has_them/email", one_way},
            {"endpoint.odd_texts_survive/email", one_way},
            {"endpoint.mail_bears_its_parts/email", one_way}};
  }

 private:
  RestOptions options_;
  MappedCrm crm_;
};

bool play(const std::string& name, const RestOptions& options, bool token = true) {
  return conformance::register_suites("mapped_" + name, {"contact", "task", "email"},
                                      [=] { return std::make_unique<MappedSubject>(options, token); });
}

RestOptions odata_full() {
  RestOptions o;
  o.odata = true;
  o.etag = RestOptions::Etag::row;
  o.delta = RestOptions::Delta::links;
  o.paging = RestOptions::Paging::link;
  o.client_id = true;
  return o;
}

RestOptions rest_full() {
  RestOptions o;
  o.etag = RestOptions::Etag::header;
  o.delta = RestOptions::Delta::since;
  o.paging = RestOptions::Paging::link;
  o.wrap = "data.items";
  o.many = o.client_id = true;
  return o;
}

RestOptions nothing() {
  RestOptions o;
  o.filter = o.patch = false;
  o.empty_is_404 = o.text_decimals = true;
  o.answer = RestOptions::Answer::bare_id;
  return o;
}

RestOptions odata_since() {
  RestOptions o;
  o.odata = o.relative_links = true;
  o.delta = RestOptions::Delta::since;
  o.paging = RestOptions::Paging::link;
  o.answer = RestOptions::Answer::location;
  return o;
}

RestOptions rest_pages() {
  RestOptions o;
  o.paging = RestOptions::Paging::page;
  o.error_in_200 = true;
  o.text_decimals = true;
  o.answer = RestOptions::Answer::nothing;
  return o;
}

RestOptions rest_offsets() {
  RestOptions o;
  o.paging = RestOptions::Paging::offset;
  o.empty_is_404 = true;
  o.etag = RestOptions::Etag::header;
  o.patch = false;
  o.wrap = "items";
  return o;
}

RestOptions rest_cursor() {
  RestOptions o;
  o.paging = RestOptions::Paging::cursor;
  o.wrap = "data";
  o.delta = RestOptions::Delta::since;
  o.many = true;
  o.answer = RestOptions::Answer::location;
  return o;
}

const bool registered[] = {play("odata_full", odata_full()),  play("rest_full", rest_full()),
                           play("nothing", nothing(), false), play("odata_since", odata_since()),
                           play("rest_pages", rest_pages()),  play("rest_offsets", rest_offsets()),
                           play("rest_cursor", rest_cursor())};

}  // namespace
}  // namespace syncline::crm
