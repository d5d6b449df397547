#include "trial.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "report.hpp"

namespace syncline {
namespace {

namespace fs = std::filesystem;

class TrialTest : public ::testing::Test {
 protected:
  TrialTest() {
    std::string pattern = (fs::temp_directory_path() / "syncline-trial-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    set_up_log({"error", "plain", {}});
  }
  ~TrialTest() override {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }
  TrialTest(const TrialTest&) = delete;
  TrialTest& operator=(const TrialTest&) = delete;

  /// What is wrong with a file of a user and a queue with these tests.
  std::vector<Fault> faults(const std::string& rest, const std::string& email = "method = 2") {
    const fs::path file = folder_ / "syncline.toml";
    std::ofstream(file)
        << "[store]\nplugin = \"storage-sqlite\"\npath = \"state.db\"\n"
        << "[connection.mail]\nplugin = \"memory\"\nclass = \"memory-mailbox\"\nworld = \"w\"\n"
        << "[connection.crm]\nplugin = \"memory\"\nclass = \"memory-crm\"\nworld = \"w\"\n"
        << "[defaults.email]\n"
        << email << "\n[user.\"alice@contoso.test\"]\norganization = \"crm\"\nmailbox = { connection = "
        << "\"mail\" }\n[queue.\"support@contoso.test\"]\norganization = \"crm\"\nmailbox = { connection "
        << "= \"mail\" }\nemail = { method = 0 }\n"
        << rest;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    LoadedConfig loaded = read_config(file.string(), {{SYNCLINE_BUILD_DIR "/plugins"}, {}});
    if (loaded.faults.empty()) try_tests(loaded);
    return loaded.faults.sorted();
  }
  static std::string block(const std::string& lines, const std::string& whose = "alice") {
    return "[[test]]\nname = \"t\"\nfor = \"" + whose + "@contoso.test\"\n" + lines + "\n";
  }
  static std::string words(const std::vector<Fault>& all) {
    std::string out;
    for (const Fault& f : all) out += f.code + " " + std::to_string(f.at.line) + " " + f.text + "\n";
    return out;
  }
  fs::path folder_;
};

TEST_F(TrialTest, EachVerdictIsFoundByTheRealRules) {
  const std::string carol = "from = \"Carol <carol@fabrikam.test>\"\n";
  EXPECT_EQ(
      words(faults(
          block(carol + "known = [\"contact carol@fabrikam.test\"]\nexpect = \"accepted\"\nreason = \"sender_match\"") +
          block(carol + "expect = \"refused\"\nreason = \"no_sender_match\"") +
          block(carol + "expect = \"accepted\"\nreason = \"accept_all\"", "support") +
          block(carol + "in_reply_to = \"p@x\"\nin_crm = [\"p@x\"]\nexpect = \"accepted\"\nreason = "
                        "\"correlation_match\"") +
          block(carol + "message_id = \"m@x\"\nin_crm = [\"m@x\"]\nexpect = \"linked\"\nreason = \"duplicate\"") +
          block(carol + "to = [\"nobody@else.test\"]\nexpect = \"refused\"\nreason = \"no_recipient_match\"") +
          block(carol + "size = \"60MiB\"\nexpect = \"refused\"\nreason = \"too_large\""))),
      "");
}

TEST_F(TrialTest, TheWatermarkIsTheConfigurationsOwn) {
  const std::string old = "from = \"carol@fabrikam.test\"\nreceived = 2025-12-31T23:59:59Z\n";
  EXPECT_EQ(words(faults(block(old + "expect = \"refused\"\nreason = \"received_before\"", "support"),
                         "received_after = 2026-01-01T00:00:00Z")),
            "");
  EXPECT_EQ(words(faults(block(old + "expect = \"accepted\"", "support"))), "") << "without one, age does not matter";
}

TEST_F(TrialTest, AFailureIsAFaultWithItsPlaceAndWhatWasFound) {
  const auto all = faults(block("from = \"carol@fabrikam.test\"\nexpect = \"accepted\"") +
                          block("from = \"carol@fabrikam.test\"\nexpect = \"refused\"\nreason = \"too_large\""));
  ASSERT_EQ(all.size(), 2U) << words(all);
  EXPECT_EQ(all[0].code, "CFG050");
  EXPECT_EQ(all[0].at.column, 10U);
  EXPECT_NE(all[0].text.find("expected accepted, found refused (acceptance: no_sender_match)"), std::string::npos)
      << all[0].text;
  EXPECT_EQ(all[1].at.line, all[0].at.line + 5);
  EXPECT_NE(all[1].text.find("nobody says too_large"), std::string::npos) << all[1].text;
}

TEST_F(TrialTest, AMailMayBeAFileBesideTheConfiguration) {
  std::ofstream(folder_ / "offer.eml") << "From: Carol <carol@fabrikam.test>\r\nTo: support@contoso.test\r\nSubject: "
                                          "Offer\r\nMessage-ID: <m@x>\r\n\r\nGood morning\r\n";
  EXPECT_EQ(words(faults(block("mail = \"offer.eml\"\nexpect = \"accepted\"", "support") +
                         block("mail = \"offer.eml\"\nin_crm = [\"m@x\"]\nexpect = \"linked\"", "support"))),
            "");
  const auto missing = faults(block("mail = \"nowhere.eml\"\nexpect = \"accepted\"", "support"));
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_NE(missing[0].text.find("cannot be run"), std::string::npos) << missing[0].text;
}

TEST_F(TrialTest, ABlockThatCannotBeRunIsAFaultOfItsOwn) {
  EXPECT_EQ(faults(block("expect = \"accepted\"")).at(0).code, "CFG011");
  EXPECT_EQ(faults(block("from = \"a@b.test\"\nexpect = \"maybe\"")).at(0).code, "CFG015");
  EXPECT_EQ(faults(block("from = \"a@b.test\"\nknown = [\"carol@fabrikam.test\"]\nexpect = \"refused\"")).at(0).code,
            "CFG013");
  EXPECT_EQ(faults(block("from = \"a@b.test\"\nexpect = \"refused\"", "alicia")).at(0).code, "CFG020");
}

}  // namespace
}  // namespace syncline
