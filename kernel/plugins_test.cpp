#include "plugins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>

namespace syncline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const fs::path good = SYNCLINE_BUILD_DIR "/tests/config/plugins";
const fs::path refused = SYNCLINE_BUILD_DIR "/tests/config/refused";

class PluginsTest : public testing::Test {
 protected:
  PluginsTest() {
    std::string name = (fs::temp_directory_path() / "syncline-plugins-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    mark_ = folder_ / "code-ran";
    ::setenv("SYNCLINE_TEST_MARK", mark_.c_str(), 1);
    ::unsetenv("SYNCLINE_PLUGIN_PATH");
  }
  ~PluginsTest() override {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }
  PluginsTest(const PluginsTest&) = delete;
  PluginsTest& operator=(const PluginsTest&) = delete;

  fs::path write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  static std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string out(fs::file_size(file), '\0');
    in.read(out.data(), static_cast<std::streamsize>(out.size()));
    return out;
  }
  /// The text of the error that loading ends in.
  static std::string failure(PluginRegistry& registry, const std::string& name) {
    try {
      static_cast<void>(registry.load(name));
      return "loaded";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), SY_CONFIG);
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << "one line";
      EXPECT_THAT(e.what(), HasSubstr("; ")) << "reason; remedy";
      return e.what();
    }
  }
  static std::string not_found(PluginRegistry& registry, const char* plugin, const char* role, const char* name) {
    try {
      static_cast<void>(registry.find(plugin, role, name));
      return "found";
    } catch (const Error& e) {
      return e.what();
    }
  }

  fs::path folder_, mark_;
};

TEST_F(PluginsTest, LoadsOnceAndFindsClasses) {
  PluginRegistry registry({good});
  const sy_plugin& p = registry.load("twins");
  EXPECT_EQ(&p, &registry.load("twins"));
  PluginRegistry another({good});
  EXPECT_EQ(&p, &another.load("twins")) << "a library is loaded once in a process";
  EXPECT_STREQ(registry.find("twins", "connection", "right").name, "right");
  EXPECT_STREQ(registry.find("testmail", "connection").name, "testmail");
  EXPECT_STREQ(registry.find("twins", "filter").role, "filter");
}

TEST_F(PluginsTest, ClassesThatAreNotThereAreExplained) {
  PluginRegistry registry({good});
  EXPECT_THAT(not_found(registry, "twins", "connection", ""), HasSubstr("class = (left, right)"));
  EXPECT_THAT(not_found(registry, "twins", "connection", "rigth"), HasSubstr("did you mean \"right\"?"));
  EXPECT_THAT(not_found(registry, "twins", "store", ""), HasSubstr("offers no store"));
}

TEST_F(PluginsTest, MissingAndMisspeltNames) {
  PluginRegistry registry({good});
  EXPECT_THAT(failure(registry, "testmial"),
              AllOf(HasSubstr("testmial.so"), HasSubstr("did you mean \"testmail\"?"), HasSubstr(good.string())));
  EXPECT_THAT(failure(registry, "entirely-different"), AllOf(HasSubstr("plugin_dirs"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(failure(registry, "../plugins/testmail"), HasSubstr("there is no plugin"));
  EXPECT_THAT(failure(registry, ""), HasSubstr("there is no plugin"));
}

TEST_F(PluginsTest, StrangersAreRefusedWithoutRunningTheirCode) {
  PluginRegistry registry({refused});
  EXPECT_THAT(failure(registry, "stranger"), HasSubstr("does not export sy_plugin_v1"));
  EXPECT_THAT(failure(registry, "oldabi"), HasSubstr("speaks ABI 0, this program speaks ABI 1"));
  EXPECT_THAT(failure(registry, "newabi"), HasSubstr("speaks ABI 2, this program speaks ABI 1"));
  EXPECT_FALSE(fs::exists(mark_));
  // The mark does come when such a library is loaded: else this test could not fail.
  EXPECT_THAT(failure(registry, "othername"), HasSubstr("calls itself \"somebody\""));
  EXPECT_TRUE(fs::exists(mark_));
}

TEST_F(PluginsTest, WrongDescriptionsAreRefused) {
  PluginRegistry registry({refused});
  EXPECT_THAT(failure(registry, "function"), HasSubstr("not a plugin's description"));
  EXPECT_THAT(failure(registry, "short"), HasSubstr("too short"));
  EXPECT_THAT(failure(registry, "wrongmajor"), HasSubstr("speaks ABI 2"));
  EXPECT_THAT(failure(registry, "badoption"), AllOf(HasSubstr("class \"refused\""), HasSubstr("choice of nothing")));
}

TEST_F(PluginsTest, FilesThatAreNoLibraries) {
  std::mt19937 random(7);
  std::string noise(4096, '\0');
  for (char& c : noise) c = static_cast<char>(random() & 0xFFU);
  write("noise.so", noise);
  write("empty.so", "");
  write("text.so", "#!/bin/sh\necho hello\n");
  write("elfish.so", std::string("\x7f"
                                 "ELF\2\1\1",
                                 7) +
                         noise);
  fs::create_directory(folder_ / "folder.so");
  PluginRegistry registry({folder_});
  for (const char* name : {"noise", "empty", "text", "elfish", "folder"})
    EXPECT_THAT(failure(registry, name), AllOf(HasSubstr((folder_ / name).string()), HasSubstr("is refused: it is")))
        << name;
}

TEST_F(PluginsTest, TruncatedLibrariesAreRefusedAtEveryLength) {
  const std::string whole = bytes_of(good / "testmail.so");
  for (std::size_t n = 0; n < whole.size(); n += whole.size() / 97 + 1)
    EXPECT_NE(judge_plugin_file(write("cut.so", whole.substr(0, n))), "") << n << " of " << whole.size();
  EXPECT_EQ(judge_plugin_file(write("cut.so", whole)), "");
}

TEST_F(PluginsTest, DamagedHeadersAreJudgedWithoutAFault) {
  const std::string whole = bytes_of(good / "testmail.so");
  std::mt19937 random(11);
  std::size_t refused_count = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = whole;
    for (int k = 0; k < 8; ++k) bytes[random() % 64] = static_cast<char>(random() & 0xFFU);
    bytes[random() % bytes.size()] = static_cast<char>(random() & 0xFFU);
    refused_count += judge_plugin_file(write("hurt.so", bytes)).empty() ? 0U : 1U;
  }
  EXPECT_GT(refused_count, 200U);
}

TEST_F(PluginsTest, FirstFolderWinsAndNothingIsOpenedToList) {
  fs::copy_file(good / "testcrm.so", folder_ / "testcrm.so");
  write("zebra.so", "not a library");
  write("readme.txt", "");
  const PluginRegistry registry({folder_, good, folder_ / "not-there"});
  std::vector<std::string> names;
  for (const PluginFile& f : registry.present()) names.push_back(f.name);
  EXPECT_THAT(names, testing::ElementsAre("rules", "testcrm", "testmail", "teststore", "twins", "zebra"));
  EXPECT_EQ(registry.present()[1].path, folder_ / "testcrm.so");
}

TEST_F(PluginsTest, FoldersComeFromTheCommandLineTheEnvironmentOrTheConfiguration) {
  EXPECT_THAT(plugin_folders({"/a"}, {"/c"}), testing::ElementsAre("/a"));
  ::setenv("SYNCLINE_PLUGIN_PATH", "/b::/bb", 1);
  EXPECT_THAT(plugin_folders({"/a"}, {"/c"}), testing::ElementsAre("/a"));
  EXPECT_THAT(plugin_folders({}, {"/c"}), testing::ElementsAre("/b", "/bb"));
  ::unsetenv("SYNCLINE_PLUGIN_PATH");
  EXPECT_THAT(plugin_folders({}, {"/c"}), testing::ElementsAre("/c"));
  EXPECT_EQ(plugin_folders({}, {}).size(), 1U);
}

TEST_F(PluginsTest, ALibraryThatLacksSomethingSaysWhat) {
  write("broken.so", bytes_of(refused / "othername.so"));
  PluginRegistry registry({folder_});
  EXPECT_THAT(failure(registry, "broken"),
              AllOf(HasSubstr((folder_ / "broken.so").string()), HasSubstr("other than its file")));
}

}  // namespace
}  // namespace syncline
