// mapped_probe.hpp: looks at a mapped CRM with read-only requests: whether each collection can be read as the mapping
// says, whether the capabilities that it declares are there, and what follows from those that are not.
#pragma once

#include "mapped/findings.hpp"
#include "mapped/records.hpp"

namespace syncline::crm {

class MappedProbe {
 public:
  MappedProbe(Records& records, const Host& host, const Call& call) : records_(&records), host_(host), call_(&call) {}
  boost::json::object run();

 private:
  void server();
  void collection(const RecordMap& record);
  void sample(const RecordMap& record, const Page& page);
  void one(const RecordMap& record, const boost::json::value& row);
  void queries(const RecordMap& record, const Page& page);
  void delta(const RecordMap& record, const Page& page);
  void people(const PeopleMap& people);
  void consequences();
  bool filtered(const std::string& path, const std::string& set);
  boost::json::object capabilities() const;

  Records* records_;
  Host host_;
  const Call* call_;
  Findings findings_;
};

}  // namespace syncline::crm
