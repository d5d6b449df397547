// What people ask of single items, through the program: tracked, given a regarding, let go; and the same with the
// command killed at every step, and with a mailbox that lets go of what was carried.
#include "process.hpp"
#include "tests/laws/house.hpp"

namespace syncline::test {
namespace {

constexpr const char* opportunity = "opportunity:6f0c7a5e-0000-4000-8000-00000000a001";

json::object mail(std::string_view id) {
  return {{"direction", "incoming"},
          {"message_id", id},
          {"subject", "About " + std::string(id)},
          {"from", json::object{{"address", "carol@customer.test"}}},
          {"to", json::array{json::object{{"address", alice}}}},
          {"body", json::object{{"text", "Good morning"}}}};
}

/// A house whose rules take no mail by themselves.
class MailRoom : public House {
 public:
  explicit MailRoom(const std::string& lines = "email.method = 4", const std::string& mailbox = {})
      : House(mailbox, {}, "autocreate.create = \"none\"\n" + lines, R"(["email"])", "d365") {}

  Ended run(const std::vector<std::string>& command, long die = 0) {
    return command_dying_at(command, config(), (folder() / "log").string(), die);
  }
  Ended sync() { return run({"sync"}); }

  std::vector<memory::Record> mails() {
    std::vector<memory::Record> out;
    for (memory::Record& r : world().records(SY_CRM, "email"))
      if (!r.gone) out.push_back(std::move(r));
    return out;
  }
  /// Its regarding as "type:id"; empty: none.
  static std::string regarding(const memory::Record& r) {
    const auto* v = r.doc.if_contains("regarding");
    if (v == nullptr || !v->is_object()) return {};
    return std::string(v->at("type").as_string()) + ":" + std::string(v->at("id").as_string());
  }
  std::string reason(const std::string& item) {
    const Ended e = run({"explain", item, "--json"});
    return std::string(json::parse(e.output).at("items").at(0).at("reason").as_string());
  }
  bool tracked(const std::string& item) {
    return json::parse(run({"tracking", item, "--json"}).output).at("tracked").as_bool();
  }
};

TEST(Request, track_carries_what_the_method_leaves_alone) {
  MailRoom h;
  const std::string id = h.world().add(SY_MAILBOX, alice, "email", mail("a@x"));
  ASSERT_EQ(h.sync().code, 0);
  EXPECT_TRUE(h.mails().empty());
  EXPECT_FALSE(h.tracked(id));
  const Ended e = h.run({"track", id});
  EXPECT_EQ(e.code, 0) << e.output;
  ASSERT_EQ(h.mails().size(), 1u);
  EXPECT_TRUE(h.tracked(id));
  EXPECT_EQ(h.run({"track", "a@x"}).code, 0);  // once more: nothing happens, and it says so
  ASSERT_EQ(h.sync().code, 0);
  EXPECT_EQ(h.mails().size(), 1u);
}

TEST(Request, track_takes_mail_from_before_the_watermark) {
  MailRoom h("email.method = 0\nemail.received_after = 2026-06-01T00:00:00Z");
  json::object old = mail("a@x");
  old["received"] = "2026-01-01T00:00:00.000Z";
  const std::string id = h.world().add(SY_MAILBOX, alice, "email", old);
  ASSERT_EQ(h.sync().code, 0);
  EXPECT_EQ(h.reason(id), "received_before");
  EXPECT_EQ(h.run({"track", id}).code, 0);
  EXPECT_EQ(h.mails().size(), 1u);
}

TEST(Request, regarding_tracks_first_and_changes_what_is_tracked) {
  MailRoom h;
  const std::string id = h.world().add(SY_MAILBOX, alice, "email", mail("a@x"));
  ASSERT_EQ(h.sync().code, 0);
  const Ended first = h.run({"regarding", id, opportunity});
  EXPECT_EQ(first.code, 0) << first.output;
  ASSERT_EQ(h.mails().size(), 1u);
  EXPECT_EQ(MailRoom::regarding(h.mails().front()), opportunity);
  EXPECT_EQ(h.run({"regarding", id, "account:acme"}).code, 0);
  ASSERT_EQ(h.mails().size(), 1u);
  EXPECT_EQ(MailRoom::regarding(h.mails().front()), "account:acme");
  EXPECT_EQ(h.mails().front().doc.at("subject").as_string(), "About a@x");
}

TEST(Request, untrack_keeps_or_deletes_the_record_and_is_not_undone) {
  for (const bool remove : {false, true}) {
    SCOPED_TRACE(remove);
    MailRoom h("email.method = 0");
    const std::string id = h.world().add(SY_MAILBOX, alice, "email", mail("a@x"));
    ASSERT_EQ(h.sync().code, 0);
    ASSERT_EQ(h.mails().size(), 1u);
    const Ended e = remove ? h.run({"untrack", id, "--delete"}) : h.run({"untrack", id});
    EXPECT_EQ(e.code, 0) << e.output;
    EXPECT_EQ(h.mails().size(), remove ? 0u : 1u);
    EXPECT_FALSE(h.tracked(id));
    ASSERT_EQ(h.sync().code, 0);
    EXPECT_EQ(h.mails().size(), remove ? 0u : 1u);
    EXPECT_FALSE(h.tracked(id));
    EXPECT_EQ(h.run({"track", id}).code, 0);  // and may be taken up again, without a second record
    EXPECT_EQ(h.mails().size(), 1u);
    EXPECT_TRUE(h.tracked(id));
  }
}

TEST(Request, what_cannot_be_done_says_why) {
  MailRoom h;
  const std::string id = h.world().add(SY_MAILBOX, alice, "email", mail("a@x"));
  EXPECT_NE(h.run({"track", id}).code, 0);  // nobody has seen it yet
  ASSERT_EQ(h.sync().code, 0);
  EXPECT_EQ(h.run({"regarding", id, "no-record"}).code, 78);
  const Ended untracked = h.run({"untrack", id});
  EXPECT_NE(untracked.output.find("not tracked"), std::string::npos) << untracked.output;
  const Ended stranger = h.run({"track", id, "--as", "nobody@contoso.test"});
  EXPECT_NE(stranger.code, 0);
  h.world().remove(SY_MAILBOX, id);
  const Ended gone = h.run({"track", id});
  EXPECT_EQ(gone.code, 1) << gone.output;
  EXPECT_TRUE(h.mails().empty());
}

TEST(Request, killed_at_every_step_does_what_was_asked_once) {
  long n = 1;
  for (;; ++n) {
    ASSERT_LT(n, 500);
    SCOPED_TRACE("killed at step " + std::to_string(n));
    MailRoom h;
    const std::string id = h.world().add(SY_MAILBOX, alice, "email", mail("a@x"));
    ASSERT_EQ(h.sync().code, 0);
    const Ended first = h.run({"regarding", id, opportunity}, n);
    ASSERT_TRUE(first.code == 99 || first.code == 0) << first.code << "\n" << first.output;
    ASSERT_EQ(h.sync().code, 0);
    // Asked for or not: what the row said when the command died. If it was there, it has been done.
    if (h.mails().empty()) {
      ASSERT_FALSE(h.tracked(id));
      ASSERT_EQ(h.run({"regarding", id, opportunity}).code, 0);
    }
    ASSERT_EQ(h.mails().size(), 1u);
    ASSERT_EQ(MailRoom::regarding(h.mails().front()), opportunity);
    ASSERT_TRUE(h.tracked(id));
    if (first.code == 0) break;
  }
  EXPECT_GT(n, 10);
}

TEST(Request, untrack_with_deletion_killed_at_every_step_deletes_once) {
  long n = 1;
  for (;; ++n) {
    ASSERT_LT(n, 500);
    SCOPED_TRACE("killed at step " + std::to_string(n));
    MailRoom h("email.method = 0");
    const std::string id = h.world().add(SY_MAILBOX, alice, "email", mail("a@x"));
    ASSERT_EQ(h.sync().code, 0);
    const Ended first = h.run({"untrack", id, "--delete"}, n);
    ASSERT_TRUE(first.code == 99 || first.code == 0) << first.code << "\n" << first.output;
    ASSERT_EQ(h.sync().code, 0);
    if (h.tracked(id)) {
      ASSERT_EQ(h.run({"untrack", id, "--delete"}).code, 0);
    }
    ASSERT_TRUE(h.mails().empty());
    ASSERT_EQ(h.sync().code, 0);
    ASSERT_TRUE(h.mails().empty()) << "it came back";
    if (first.code == 0) break;
  }
  EXPECT_GT(n, 10);
}

/// Mail left in the mailbox.
std::size_t left(MailRoom& h) {
  std::size_t n = 0;
  for (const memory::Record& r : h.world().records(SY_MAILBOX, "email")) n += r.gone ? 0 : 1;
  return n;
}

TEST(Consumed, mail_leaves_the_mailbox_when_the_crm_has_it_and_refused_mail_stays) {
  MailRoom h("email.method = 0\nemail.max_size = \"1KiB\"", "consumes = true");
  h.world().add(SY_MAILBOX, alice, "email", mail("a@x"));
  json::object large = mail("b@x");
  large["size"] = 5000;
  h.world().add(SY_MAILBOX, alice, "email", large);
  ASSERT_EQ(h.sync().code, 0);
  EXPECT_EQ(h.mails().size(), 1u);
  EXPECT_EQ(left(h), 1u);
  ASSERT_EQ(h.sync().code, 0);
  EXPECT_EQ(h.mails().size(), 1u) << "its absence from the mailbox is no deletion";
}

TEST(Consumed, killed_at_every_step_loses_and_doubles_nothing) {
  long n = 1;
  for (;; ++n) {
    ASSERT_LT(n, 500);
    SCOPED_TRACE("killed at step " + std::to_string(n));
    MailRoom h("email.method = 0", "consumes = true");
    h.world().add(SY_MAILBOX, alice, "email", mail("a@x"));
    h.world().add(SY_MAILBOX, alice, "email", mail("b@x"));
    const Ended first = h.run({"sync", "--yes", "--workers", "1"}, n);
    ASSERT_TRUE(first.code == 99 || first.code == 0) << first.code << "\n" << first.output;
    // What is not in the mailbox any more is in the CRM.
    ASSERT_GE(h.mails().size() + left(h), 2u);
    ASSERT_EQ(h.sync().code, 0);
    ASSERT_EQ(h.mails().size(), 2u);
    ASSERT_EQ(left(h), 0u);
    if (first.code == 0) break;
  }
  EXPECT_GT(n, 10);
}

}  // namespace
}  // namespace syncline::test
