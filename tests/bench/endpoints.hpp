// endpoints.hpp: the bench's two connection classes.
#pragma once

#include <mutex>
#include <set>
#include <syncline/connection.hpp>

namespace syncline::bench {

/// Ids of the mails that the CRM took and threw away. Any thread.
class Mails {
 public:
  void add(const std::string& id);
  [[nodiscard]] bool contains(std::string_view id);
  [[nodiscard]] std::vector<std::string> after(std::size_t n, std::size_t most);

 private:
  std::mutex mutex_;
  std::set<std::string> known_;
  std::vector<std::string> ids_;
};

class BenchMailbox final : public Connection {
 public:
  static constexpr const char* name = "bench-mailbox";
  static constexpr const char* summary = "A mailbox server with generated contacts, for the bench";
  static constexpr std::array<sy_option, 1> options{
      {{sizeof(sy_option), SY_INT, 0, "items", "0", "0..10000000", "Contacts in each mailbox.", "1000"}}};
  BenchMailbox(Host host, std::string_view config);
  std::unique_ptr<Endpoint> open(Host host, std::string_view settings) override;
  std::string probe(const Call&) override { return "{}"; }

 private:
  std::size_t items_ = 0;
};

class BenchCrm final : public Connection, public Feeds {
 public:
  static constexpr const char* name = "bench-crm";
  static constexpr const char* summary = "A CRM that keeps contacts in memory and discards mail, for the bench";
  static constexpr std::array<sy_option, 0> options{};
  BenchCrm(Host host, std::string_view) : Connection(SY_CRM), host_(host) {}
  std::unique_ptr<Endpoint> open(Host host, std::string_view settings) override;
  std::string probe(const Call&) override { return "{}"; }
  Feeds* feeds() override { return this; }
  std::vector<Feed> list() override;
  PageEnd page(const Call&, std::string_view feed, std::string_view cursor, const ItemSink& put) override;

 private:
  Host host_;
  Mails mails_;
};

}  // namespace syncline::bench
