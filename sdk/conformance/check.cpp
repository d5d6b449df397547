#include "check.hpp"

#include <dlfcn.h>

#define BOOST_DLL_USE_STD_FS
#include <algorithm>
#include <boost/dll/library_info.hpp>
#include <set>

#include "option_check.hpp"
#include "syncline/plugin.hpp"

namespace syncline::conformance {
namespace {

bool given(const char* s) { return s != nullptr && *s != '\0'; }

}  // namespace

const sy_plugin& load_plugin(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file)) throw Error(SY_CONFIG, file.string() + " is not a file");
  constexpr const char* symbol = "sy_plugin_v1";
  try {
    boost::dll::library_info info(file, true);
    const auto symbols = info.symbols();
    if (std::find(symbols.begin(), symbols.end(), symbol) == symbols.end())
      throw Error(SY_CONFIG, file.string() + " exports no " + symbol + ": it is no plugin, or one of another ABI");
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error(SY_CONFIG, file.string() + " is not a shared library of this machine");
  }
  void* library = ::dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Error(SY_CONFIG, file.string() + " cannot be loaded: " + ::dlerror());
  const auto* plugin = static_cast<const sy_plugin*>(::dlsym(library, symbol));
  if (plugin == nullptr) throw Error(SY_CONFIG, file.string() + " does not give its " + symbol);
  return *plugin;
}

std::vector<std::string> problems_of(const sy_plugin& p) {
  std::vector<std::string> out;
  if (p.magic != SY_MAGIC) return {"the first word is not SY_MAGIC: sy_plugin_v1 is not a sy_plugin"};
  if (!SY_HAS(&p, classes)) return {"size is smaller than the first release's sy_plugin"};
  if (p.abi_major != SY_ABI_MAJOR) return {"abi_major is not " + std::to_string(SY_ABI_MAJOR)};
  if (!given(p.name) || !plain_word(p.name)) out.emplace_back("name must be of small letters, digits and hyphens");
  if (!given(p.version)) out.emplace_back("version is empty");
  if (!given(p.licence)) out.emplace_back("licence is empty: give an SPDX name");
  if (p.n_classes == 0 || p.classes == nullptr) {
    out.emplace_back("there are no classes");
    return out;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < p.n_classes; ++i) {
    if (p.classes[i] == nullptr) {
      out.push_back("class " + std::to_string(i) + " is null");
      continue;
    }
    const std::vector<std::string> found = problems_of(*p.classes[i]);
    out.insert(out.end(), found.begin(), found.end());
    if (!found.empty()) continue;
    const std::string full = std::string(p.classes[i]->role) + " " + p.classes[i]->name;
    if (!names.insert(full).second) out.push_back(full + " is there twice");
  }
  return out;
}

std::vector<std::string> problems_of(const sy_class& c) {
  if (!SY_HAS(&c, extension)) return {"a class's size is smaller than the first release's sy_class"};
  std::vector<std::string> out;
  const std::string who =
      given(c.name) ? std::string("class ") + c.name + ": " : std::string("a class without a name: ");
  const auto bad = [&](const std::string& what) { out.push_back(who + what); };
  const std::set<std::string> roles{"connection", "store", "filter", "rule"};
  if (!given(c.role) || !roles.contains(c.role)) bad("role must be connection, store, filter or rule");
  if (!given(c.name) || !plain_word(c.name)) bad("name must be of small letters, digits, hyphens and underscores");
  if (!given(c.summary)) bad("summary is empty");
  if (c.create == nullptr || c.destroy == nullptr || c.extension == nullptr)
    bad("create, destroy and extension must all be there");
  if (c.n_options != 0 && c.options == nullptr) {
    bad("the table of options is null");
    return out;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < c.n_options; ++i) {
    if (c.options[i] == nullptr) {
      bad("option " + std::to_string(i) + " is null");
      continue;
    }
    for (const std::string& p : problems_of(*c.options[i])) bad(p);
    if (SY_HAS(c.options[i], example) && given(c.options[i]->name) && !names.insert(c.options[i]->name).second)
      bad(std::string("option ") + c.options[i]->name + " is there twice");
  }
  for (const std::string& name : names)
    for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
      if (names.contains(name.substr(0, dot)))
        bad("option " + name + " is within " + name.substr(0, dot) + ", which is a value");
  return out;
}

}  // namespace syncline::conformance
