// trial_sides.hpp: both sides of a pair as a [[test]] describes them: a mailbox with one mail, and a CRM whose
// directory knows what the test says, and that takes every write. In the process; one thread.
#pragma once

#include <syncline/connection.hpp>

#include "config.hpp"
#include "spool.hpp"

namespace syncline {

inline constexpr std::string_view trial_item = "the-mail";

class TrialMailbox final : public Endpoint, private Feeds {
 public:
  TrialMailbox(const ConfigTest& test, const PairConfig& pair, Spool& spool, std::int64_t pair_id)
      : test_(test), pair_(pair), spool_(spool), pair_id_(pair_id) {}
  Caps caps(std::string_view kind) override;
  void fetch(const Call&, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink& put) override;
  Feeds* feeds() override { return this; }

 private:
  std::vector<Feed> list() override;
  PageEnd page(const Call&, std::string_view feed, std::string_view cursor, const ItemSink& put) override;
  [[nodiscard]] std::string built() const;

  const ConfigTest& test_;
  const PairConfig& pair_;
  Spool& spool_;
  std::int64_t pair_id_;
};

class TrialCrm final : public Endpoint, private Directory {
 public:
  TrialCrm(const ConfigTest& test, const Config& config) : test_(test), config_(config) {}
  Caps caps(std::string_view kind) override;
  void fetch(const Call&, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink& put) override;
  std::optional<Item> find(const Call&, const Operation&) override { return std::nullopt; }
  void apply(const Call&, std::span<const Operation> ops, const DoneSink& put) override;
  Directory* directory() override { return this; }

 private:
  std::string identity(const Call&, std::string_view address) override;
  std::vector<std::string> parties(const Call&, std::span<const std::string_view> addresses) override;
  std::vector<std::string> records(const Call&, std::string_view kind, std::span<const std::string_view> keys) override;

  const ConfigTest& test_;
  const Config& config_;
};

}  // namespace syncline
