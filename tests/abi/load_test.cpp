// Plugins that were not built with this tree: one in C, and the template, built by clang outside of it.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "syncline/conformance/test_host.hpp"

namespace syncline {
namespace {

const sy_plugin& load(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Error(SY_CONFIG, ::dlerror());  // the loader's text is one line
  const auto* plugin = static_cast<const sy_plugin*>(::dlsym(library, "sy_plugin_v1"));
  if (plugin == nullptr || plugin->magic != SY_MAGIC) throw Error(SY_CONFIG, path + " is no plugin");
  return *plugin;
}

const sy_class& class_called(const sy_plugin& plugin, std::string_view name) {
  for (std::size_t i = 0; i < plugin.n_classes; ++i)
    if (plugin.classes[i]->name == name) return *plugin.classes[i];
  throw Error(SY_CONFIG, "the plugin has no such class");
}

struct Heard {
  int rulings = 0, decision = -1;
  std::string reason;
};

Heard judge(const Instance& rule, std::uint32_t verb, std::string_view doc) {
  const auto* table = rule.table<sy_rule>("sy.rule/1");
  if (table == nullptr) throw Error(SY_BROKEN, "the rule offers no sy.rule/1");
  Heard heard;
  const sy_ruling_sink sink{&heard, [](const sy_ruling_sink* s, const sy_ruling* r) {
                              auto& h = *static_cast<Heard*>(s->ctx);
                              ++h.rulings;
                              h.decision = r->decision;
                              h.reason = text(r->reason);
                            }};
  const sy_proposal p{sizeof(sy_proposal), verb, 0, SY_CRM, borrow("contact"), borrow(doc), borrow("{}")};
  sy_error e = no_error();
  check(table->judge(rule.self(), &p, &sink, &e), e);
  return heard;
}

TEST(Load, PluginInC) {
  const sy_plugin& plugin = load(SYNCLINE_PLAIN_C);
  EXPECT_STREQ(plugin.name, "plain");
  const conformance::TestHost host;
  const Instance rule(class_called(plugin, "never_deletes"), host.raw(), "{}");
  EXPECT_EQ(judge(rule, SY_DELETE, "{}").decision, SY_VETO);
  EXPECT_EQ(judge(rule, SY_CREATE, "{}").decision, SY_NO_OPINION);
  EXPECT_EQ(rule.table<void>("sy.rule/2"), nullptr);
}

TEST(Load, TemplatesRule) {
  const sy_plugin& plugin = load(SYNCLINE_TEMPLATE);
  const conformance::TestHost host;
  const Instance rule(class_called(plugin, "needs_lastname"), host.raw(), "{}");
  const Heard refused = judge(rule, SY_CREATE, R"({"firstname":"Ada"})");
  EXPECT_EQ(refused.decision, SY_VETO);
  EXPECT_EQ(refused.reason, "no_lastname");
  EXPECT_EQ(refused.rulings, 1);
  EXPECT_EQ(judge(rule, SY_CREATE, R"({"lastname":"Byron"})").decision, SY_NO_OPINION);
}

TEST(Load, TemplatesConnectionReadsAFolder) {
  const conformance::TemporaryFolder folder;
  const std::string doc = R"({"lastname":"Byron"})";
  std::ofstream(folder.path() / "ada.json") << doc;
  std::ofstream(folder.path() / "readme.txt") << "not a contact";
  const conformance::TestHost host;
  const std::string config = boost::json::serialize(boost::json::object{{"folder", folder.path().string()}});
  const ConnectionHandle connection(Instance(class_called(load(SYNCLINE_TEMPLATE), "folder"), host.raw(), config));
  EXPECT_EQ(connection.side(), SY_MAILBOX);
  const EndpointHandle e = connection.open(host.raw(), "{}");
  std::vector<Item> items;
  const PageEnd end = e.feeds().page(host.call(), "contacts", {}, [&](const Item& i) {
    items.push_back(i);
    return true;
  });
  EXPECT_EQ(end.end, SY_PAGE_LISTING_COMPLETE);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].doc, doc);
  const std::vector<std::string> ids{"ada.json", "../secret.json", "nobody.json"};
  std::map<std::string, bool> gone;
  e.fetch(host.call(), "contact", ids, SY_WHOLE, [&](const Item& i) {
    gone[i.id] = i.gone();
    return true;
  });
  EXPECT_EQ(gone, (std::map<std::string, bool>{{"ada.json", false}, {"../secret.json", true}, {"nobody.json", true}}));
  try {
    e.fetch(host.call(), "task", ids, SY_WHOLE, [](const Item&) { return true; });
    ADD_FAILURE() << "a kind that is not carried must be refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), SY_UNSUPPORTED) << "an exception inside another compiler's library arrives as a code";
  }
}

TEST(Load, TemplateRefusesAConfigurationWithoutAFolder) {
  const conformance::TestHost host;
  try {
    const Instance made(class_called(load(SYNCLINE_TEMPLATE), "folder"), host.raw(), "{}");
    ADD_FAILURE() << "made without a folder";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), SY_CONFIG);
    EXPECT_NE(std::string(error.what()).find("folder"), std::string::npos);
  }
}

}  // namespace
}  // namespace syncline
