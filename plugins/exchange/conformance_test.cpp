// The suites against the plugin, over a mailbox that checks no version by itself.
#include <atomic>

#include "syncline/conformance/subject.hpp"
#include "test_mailbox.hpp"

namespace syncline::exchange::test {
namespace {

class ExchangeSubject final : public conformance::Subject {
 public:
  explicit ExchangeSubject(int page) : mailbox_(ews_) {
    host_.secret("auth.secret", "secret");
    connection_ = ConnectionHandle(Instance(
        class_of<Exchange>, host_.raw(),
        json::serialize(json::object{{"url", ews_.url()}, {"auth", {{"user", "service"}}}, {"sync_page", page}})));
    ews_.intercept([this](const std::string&, const net::test::Received&) -> std::optional<Reply> {
      if (refuses_) return Reply{401, "", "WWW-Authenticate: Basic realm=\"x\"\r\n"};
      if (hangs_.exchange(false)) return Reply{silence, ""};
      if (const auto ms = pause_.exchange(0); ms != 0) return fault("ErrorServerBusy", back_off(std::to_string(ms)));
      return std::nullopt;
    });
  }
  TestHost& host() override { return host_; }
  ConnectionHandle& connection() override { return connection_; }
  std::string settings() override { return R"({"principal": {"kind": "user", "address": "ann@contoso.test"}})"; }

  std::string add(const std::string& kind, const json::object& doc) override { return mailbox_.add(kind, doc); }
  void edit(const std::string& kind, const std::string& id, const json::object& patch) override {
    mailbox_.edit(kind, id, patch);
  }
  void remove(const std::string&, const std::string& id) override { mailbox_.remove(id); }
  std::string unknown_id(const std::string&) override { return "AAAnobody"; }

  bool throttle_next(std::int64_t ms) override {
    pause_ = ms;
    return true;
  }
  bool refuse_credentials() override { return refuses_ = true; }
  bool hang_next() override { return hangs_ = true; }
  bool forget_cursors() override {
    mailbox_.forget_states();
    return true;
  }

 private:
  std::atomic<bool> refuses_{false}, hangs_{false};
  std::atomic<std::int64_t> pause_{0};
  Ews ews_;
  TestMailbox mailbox_;
  TestHost host_;
  ConnectionHandle connection_;
};

bool play(const std::string& name, int page) {
  return conformance::register_suites(name, {"contact", "task", "email"},
                                      [=] { return std::make_unique<ExchangeSubject>(page); });
}

const bool registered[] = {play("exchange", 100), play("exchange_small_pages", 2)};

}  // namespace
}  // namespace syncline::exchange::test
