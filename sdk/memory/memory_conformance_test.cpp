// The suites against memory, as the systems that it can play.
#include "memory.hpp"
#include "syncline/conformance/subject.hpp"

namespace syncline::memory {
namespace {

using conformance::Subject;
using conformance::TestHost;

class MemorySubject final : public Subject {
 public:
  MemorySubject(int side, json::object config, std::map<std::string, std::string> exceptions)
      : side_(side), world_name_("conformance-" + std::to_string(++made)), exceptions_(std::move(exceptions)) {
    config["world"] = world_name_;
    if (config.contains("path")) config["path"] = (folder_.path() / "world.log").string();
    const sy_class& cls = side == SY_MAILBOX ? class_of<MemoryMailbox> : class_of<MemoryCrm>;
    connection_ = ConnectionHandle(Instance(cls, host_.raw(), json::serialize(config)));
    world_ =
        World::named(world_name_, config.contains("path") ? folder_.path() / "world.log" : std::filesystem::path());
    world_->organization("org-1", "Contoso");
    world_->principal({{"id", "user-1"}, {"kind", "user"}, {"address", "ada@contoso.test"}, {"name", "Ada"}});
  }
  MemorySubject(const MemorySubject&) = delete;
  MemorySubject& operator=(const MemorySubject&) = delete;
  ~MemorySubject() override { World::forget(world_name_); }

  TestHost& host() override { return host_; }
  ConnectionHandle& connection() override { return connection_; }
  std::string settings() override { return R"({"principal":{"kind":"user","address":"Ada@contoso.test"}})"; }
  std::string add(const std::string& kind, const json::object& doc) override {
    return world_->add(side_, side_ == SY_MAILBOX ? "ada@contoso.test" : "user-1", kind, doc);
  }
  void edit(const std::string&, const std::string& id, const json::object& patch) override {
    world_->edit(side_, id, patch);
  }
  void remove(const std::string&, const std::string& id) override { world_->remove(side_, id); }
  std::string unknown_id(const std::string&) override { return "no/such+id="; }
  bool throttle_next(std::int64_t ms) override { return arm(Mishap::throttle, ms); }
  bool refuse_credentials() override { return arm(Mishap::auth, 0); }
  bool hang_next() override { return arm(Mishap::hang, 0); }
  bool forget_cursors() override {
    world_->reset_cursors();
    return true;
  }
  std::string known_address() override { return "ada@contoso.test"; }
  [[nodiscard]] std::map<std::string, std::string> exceptions() const override { return exceptions_; }

 private:
  bool arm(Mishap m, std::int64_t ms) {
    Fault f;
    f.mishap = m;
    f.retry_after_ms = ms;
    world_->arm(f);
    return true;
  }
  static inline std::atomic<int> made{0};
  int side_;
  std::string world_name_;
  std::map<std::string, std::string> exceptions_;
  conformance::TemporaryFolder folder_;
  TestHost host_;
  ConnectionHandle connection_;
  std::shared_ptr<World> world_;
};

bool play(const std::string& name, int side, const json::object& config,
          const std::map<std::string, std::string>& exceptions = {}) {
  return conformance::register_suites(name, {"contact", "task", "email"},
                                      [=] { return std::make_unique<MemorySubject>(side, config, exceptions); });
}

const std::map<std::string, std::string> lossy{
    {"endpoint.odd_texts_survive/contact", "this system cuts notes"},
    {"endpoint.created_item_is_there/contact", "this system rewrites fields"}};
const std::map<std::string, std::string> forgetful{
    {"endpoint.update_writes_only_what_it_names/contact", "this system never stores notes"},
    {"endpoint.answer_is_a_base/contact", "this system never stores notes"},
    {"endpoint.update_clears_what_is_absent/contact", "this system never stores notes"},
    {"endpoint.odd_texts_survive/contact", "this system never stores notes"}};
const std::map<std::string, std::string> poor{
    {"endpoint.version_follows_edits/contact", "this system does not carry notes"},
    {"endpoint.update_writes_only_what_it_names/contact", "this system does not carry notes"},
    {"endpoint.odd_texts_survive/contact", "this system does not carry notes"}};

const bool registered[] = {
    play("memory_mailbox", SY_MAILBOX, {}),
    play("memory_crm", SY_CRM, {}),
    play("memory_crm_in_a_file", SY_CRM, {{"path", "set by the subject"}}),
    play("memory_mailbox_with_states", SY_MAILBOX, {{"states", true}}),
    play("memory_mailbox_listing_only", SY_MAILBOX, {{"cursor", false}, {"page", 3}}),
    play("memory_mailbox_without_tokens", SY_MAILBOX,
         {{"tokens", "none"}, {"tombstones", "own"}, {"if_version", false}}),
    play("memory_mailbox_find_only", SY_MAILBOX, {{"tokens", "find"}, {"settle", 2000}, {"tombstones", "none"}}),
    play("memory_crm_keyed_only", SY_CRM, {{"tokens", "keyed"}, {"repeat", "exists"}, {"answer", "version"}}),
    play("memory_crm_find_only", SY_CRM,
         {{"tokens", "find"}, {"missing", "invisible"}, {"feed_docs", false}, {"page", 0}}),
    play("memory_crm_lossy", SY_CRM,
         {{"truncate", json::array{"contact.notes:40"}}, {"normalise", json::array{"contact.lastname:lower"}}}, lossy),
    play("memory_crm_forgetful", SY_CRM,
         {{"never", json::array{"contact.notes"}}, {"later", json::array{"task.notes"}}},
         [] {
           auto e = forgetful;
           e["endpoint.odd_texts_survive/task"] = "this system stores notes later";
           return e;
         }()),
    play("memory_crm_poor", SY_CRM,
         {{"fields", json::array{"contact.firstname", "contact.lastname", "contact.email1"}}}, poor)};

}  // namespace
}  // namespace syncline::memory
