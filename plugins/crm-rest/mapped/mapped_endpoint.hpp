// mapped_endpoint.hpp: a mapped CRM as one user's or queue's pair sees it, and its directory.
#pragma once

#include "mapped/records.hpp"

namespace syncline::crm {

/// Who is behind an address, and which record bears a Message-ID, as far as the mapping tells.
class MappedDirectory final : public Directory {
 public:
  MappedDirectory(Records& records, const Host& host, Principal principal)
      : records_(&records), host_(host), principal_(std::move(principal)) {}

  /// SY_UNSUPPORTED where the mapping names no principals: the configuration's `id` then says who it is.
  std::string identity(const Call& call, std::string_view address) override;
  std::vector<std::string> parties(const Call& call, std::span<const std::string_view> addresses) override;
  std::vector<std::string> records(const Call& call, std::string_view kind,
                                   std::span<const std::string_view> keys) override;
  /// The principal's id, for the owner of what is made; empty: not known.
  const std::string& owner(const Call& call);

 private:
  void candidates(const Call& call, const PeopleMap& people, const std::string& address, boost::json::array& out);
  Records* records_;
  Host host_;
  Principal principal_;
  std::optional<std::string> owner_;
};

class MappedEndpoint final : public Endpoint {
 public:
  MappedEndpoint(Records& records, const Host& host, Principal principal)
      : records_(&records), host_(host), directory_(records, host, std::move(principal)) {}

  Caps caps(std::string_view kind) override { return records_->caps(kind); }
  void fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink& sink) override;
  std::optional<Item> find(const Call& call, const Operation& op) override;
  void apply(const Call& call, std::span<const Operation> ops, const DoneSink& done) override;
  Directory* directory() override;

 private:
  const RecordMap& record(std::string_view kind) const;
  Done one(const Call& call, const Operation& op);
  Done create(const Call& call, const RecordMap& record, const Operation& op);
  boost::json::object mail_row(const Call& call, const RecordMap& record, const boost::json::object& doc,
                               std::vector<std::string>& never);

  Records* records_;
  Host host_;
  MappedDirectory directory_;
};

}  // namespace syncline::crm
