#include "plugins.hpp"

#include <algorithm>
#define BOOST_DLL_USE_STD_FS
#include <elf.h>
#include <boost/dll/library_info.hpp>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <set>
#include <span>

#include "faults.hpp"
#include "schema.hpp"

namespace syncline {
namespace {

namespace fs = std::filesystem;

constexpr const char* symbol = "sy_plugin_v1";
constexpr std::string_view symbol_stem = "sy_plugin_v";
constexpr std::string_view rebuild = "; install a build of this plugin for Syncline's ABI 1, or remove the file";

bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t whole) {
  return offset <= whole && size <= whole - offset;
}

template <class T>
bool read_at(std::ifstream& in, std::uint64_t offset, T& out) {
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(reinterpret_cast<char*>(&out), sizeof out);
  return static_cast<bool>(in);
}

// Whatever the headers promise must lie within the file: a shorter one would fault when mapped, a lying one make the
// symbol reader ask for absurd amounts of memory.
std::string judge_elf(std::ifstream& in, std::uint64_t whole) {
  Elf64_Ehdr head{};
  if (!read_at(in, 0, head) || !std::equal(head.e_ident, head.e_ident + SELFMAG, ELFMAG))
    return "it is not a shared library";
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB || head.e_type != ET_DYN)
    return "it is not a shared library for this machine";
  if (head.e_shentsize != sizeof(Elf64_Shdr) || head.e_phentsize != sizeof(Elf64_Phdr) ||
      head.e_shstrndx >= head.e_shnum || !fits(head.e_shoff, std::uint64_t{head.e_shnum} * sizeof(Elf64_Shdr), whole) ||
      !fits(head.e_phoff, std::uint64_t{head.e_phnum} * sizeof(Elf64_Phdr), whole))
    return "it is cut off or damaged";
  for (std::uint64_t i = 0; i < head.e_shnum; ++i) {
    Elf64_Shdr s{};
    if (!read_at(in, head.e_shoff + i * sizeof s, s) ||
        (s.sh_type != SHT_NOBITS && !fits(s.sh_offset, s.sh_size, whole)))
      return "it is cut off or damaged";
  }
  for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr p{};
    if (!read_at(in, head.e_phoff + i * sizeof p, p) || !fits(p.p_offset, p.p_filesz, whole))
      return "it is cut off or damaged";
  }
  return {};
}

std::string other_abi(const std::vector<std::string>& symbols) {
  for (const std::string& s : symbols)
    if (s.starts_with(symbol_stem) && s != symbol)
      return "it speaks ABI " + s.substr(symbol_stem.size()) + ", this program speaks ABI " +
             std::to_string(SY_ABI_MAJOR);
  return "it does not export " + std::string(symbol) + ", so it is no Syncline plugin";
}

bool name_fits(const char* name) {
  if (name == nullptr || *name == '\0') return false;
  return std::all_of(name, name + std::char_traits<char>::length(name),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

/// Keys that the kernel itself reads beside a class's options.
std::set<std::string> reserved(std::string_view role, bool per_endpoint) {
  if (per_endpoint) return {"connection"};
  if (role == "filter" || role == "rule") return {"name", "plugin", "class", "entity", "before", "users", "enabled"};
  return {"plugin", "class"};
}

std::string judge_class(const sy_class& c) {
  if (!SY_HAS(&c, extension)) return "a class description is too short";
  constexpr std::array<std::string_view, 4> roles{"connection", "store", "filter", "rule"};
  if (c.role == nullptr || std::find(roles.begin(), roles.end(), c.role) == roles.end())
    return "a class has an unknown role";
  if (!name_fits(c.name)) return "a class has no usable name";
  const std::string what = "class \"" + std::string(c.name) + "\": ";
  if (c.create == nullptr || c.destroy == nullptr || c.extension == nullptr) return what + "a function is missing";
  if (c.n_options != 0 && c.options == nullptr) return what + "its options are missing";
  std::set<std::string> names;
  for (std::size_t i = 0; i < c.n_options; ++i) {
    if (c.options[i] == nullptr) return what + "an option is missing";
    const sy_option& o = *c.options[i];
    if (std::string wrong = judge_option(o); !wrong.empty()) return what + wrong;
    if (!names.insert(o.name).second) return what + "option \"" + o.name + "\" is declared twice";
    const std::string first = std::string(o.name).substr(0, std::string(o.name).find('.'));
    if (reserved(c.role, (o.flags & SY_PER_ENDPOINT) != 0).contains(first))
      return what + "option \"" + o.name + "\" bears a name of the kernel's";
  }
  return {};
}

/// Libraries stay for the life of the process, beyond every static destructor.
std::map<std::string, boost::dll::shared_library>& libraries() {
  static auto& all = *std::make_unique<std::map<std::string, boost::dll::shared_library>>().release();
  return all;
}
std::mutex& libraries_mutex() {
  static std::mutex m;
  return m;
}

const sy_plugin& open_library(const fs::path& file, std::string_view name) {
  const std::lock_guard lock(libraries_mutex());
  boost::dll::shared_library library;
  try {
    if (const auto known = libraries().find(file.string()); known != libraries().end())
      library = known->second;
    else {
      library.load(file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
      libraries().emplace(file.string(), library);
    }
  } catch (const std::exception& e) {
    throw Error(SY_CONFIG, file.string() + ": the plugin cannot be loaded: " + e.what() +
                               "; install what it needs, or another build of it");
  }
  // A stranger's symbol may be anything, even code: no reference is bound to it before it lies where one of ours can.
  const auto address = reinterpret_cast<std::uintptr_t>(&library.get<const unsigned char>(symbol));
  if (address % alignof(sy_plugin) != 0)
    throw Error(SY_CONFIG, file.string() + ": the plugin is refused: " + std::string(symbol) +
                               " is not a plugin's description" + std::string(rebuild));
  const sy_plugin& plugin = *reinterpret_cast<const sy_plugin*>(address);
  if (std::string wrong = judge_plugin(plugin, name); !wrong.empty())
    throw Error(SY_CONFIG, file.string() + ": the plugin is refused: " + wrong + std::string(rebuild));
  return plugin;
}

std::string folder_list(const std::vector<fs::path>& folders) {
  std::string out;
  for (const fs::path& f : folders) out += (out.empty() ? "" : ", ") + f.string();
  return out.empty() ? "no folder" : out;
}

std::vector<std::string> split_path(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find(':');
    if (end != 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

}  // namespace

std::vector<PluginFile> PluginRegistry::present() const {
  std::map<std::string, fs::path> found;
  for (const fs::path& folder : folders_) {
    std::error_code ec;
    for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec))
      if (it->path().extension() == ".so") found.emplace(it->path().stem().string(), fs::absolute(it->path()));
  }
  std::vector<PluginFile> out;
  for (auto& [name, path] : found) out.push_back({name, path});
  return out;
}

const sy_plugin& PluginRegistry::load(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto known = loaded_.find(name); known != loaded_.end()) return *known->second;
  const std::string wanted(name);
  fs::path file;
  if (name_fits(wanted.c_str()))
    for (const fs::path& folder : folders_) {
      std::error_code ec;
      if (file.empty() && fs::exists(folder / (wanted + ".so"), ec)) file = fs::absolute(folder / (wanted + ".so"));
    }
  if (file.empty()) {
    std::vector<std::string> names;
    for (const PluginFile& f : present()) names.push_back(f.name);
    const std::string near = nearest(name, names);
    throw Error(SY_CONFIG, "there is no plugin \"" + wanted + "\" (" + wanted + ".so) in " + folder_list(folders_) +
                               (near.empty() ? "; install it, or name its folder with plugin_dirs"
                                             : "; did you mean \"" + near + "\"?"));
  }
  if (std::string wrong = judge_plugin_file(file); !wrong.empty())
    throw Error(SY_CONFIG, file.string() + ": the plugin is refused: " + wrong + std::string(rebuild));
  const sy_plugin& plugin = open_library(file, name);
  loaded_.emplace(wanted, &plugin);
  return plugin;
}

const sy_class& PluginRegistry::find(std::string_view plugin, std::string_view role, std::string_view class_name) {
  const sy_plugin& p = load(plugin);
  std::vector<std::string> names;
  const sy_class* found = nullptr;
  for (std::size_t i = 0; i < p.n_classes; ++i) {
    const sy_class& c = *p.classes[i];
    if (role != c.role) continue;
    names.emplace_back(c.name);
    if (class_name.empty() || class_name == c.name) found = &c;
  }
  const std::string of = "the plugin \"" + std::string(plugin) + "\" offers ";
  if (names.empty()) throw Error(SY_CONFIG, of + "no " + std::string(role) + "; name a plugin that does");
  std::string list;
  for (const std::string& n : names) list += (list.empty() ? "" : ", ") + n;
  if (class_name.empty() && names.size() > 1)
    throw Error(SY_CONFIG,
                of + "several classes for a " + std::string(role) + "; choose one with class = (" + list + ")");
  if (found != nullptr) return *found;
  const std::string near = nearest(class_name, names);
  throw Error(SY_CONFIG, of + "no " + std::string(role) + " \"" + std::string(class_name) + "\"; " +
                             (near.empty() ? "it has: " + list : "did you mean \"" + near + "\"?"));
}

std::string judge_plugin_file(const fs::path& file) {
  try {
    std::error_code ec;
    if (!fs::exists(file, ec)) return "there is no such file";
    if (!fs::is_regular_file(file, ec)) return "it is not a regular file";
    const std::uintmax_t whole = fs::file_size(file);
    std::ifstream in(file, std::ios::binary);
    if (!in) return "it cannot be read";
    if (std::string wrong = judge_elf(in, whole); !wrong.empty()) return wrong;
    const std::vector<std::string> symbols = boost::dll::library_info(file).symbols();
    return std::find(symbols.begin(), symbols.end(), symbol) != symbols.end() ? std::string() : other_abi(symbols);
  } catch (const std::exception& e) {
    return "it cannot be examined (" + std::string(e.what()) + ")";
  }
}

std::string judge_plugin(const sy_plugin& p, std::string_view name) {
  if (p.magic != SY_MAGIC) return std::string(symbol) + " is not a plugin's description";
  if (!SY_HAS(&p, classes)) return "its description is too short";
  if (p.abi_major != SY_ABI_MAJOR)
    return "it speaks ABI " + std::to_string(p.abi_major) + ", this program speaks ABI " + std::to_string(SY_ABI_MAJOR);
  if (!name_fits(p.name) || p.name != name)
    return "it calls itself \"" + std::string(p.name == nullptr ? "" : p.name) + "\", other than its file";
  if (p.version == nullptr || p.licence == nullptr) return "it does not tell its version and licence";
  if (p.n_classes == 0 || p.classes == nullptr) return "it offers nothing";
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t i = 0; i < p.n_classes; ++i) {
    if (p.classes[i] == nullptr) return "a class is missing";
    const sy_class& c = *p.classes[i];
    if (std::string wrong = judge_class(c); !wrong.empty()) return wrong;
    if (!seen.emplace(c.role, c.name).second) return "class \"" + std::string(c.name) + "\" is declared twice";
  }
  return {};
}

std::vector<fs::path> plugin_folders(const std::vector<std::string>& command_line,
                                     const std::vector<std::string>& configured) {
  std::vector<std::string> named = command_line;
  if (const char* path = std::getenv("SYNCLINE_PLUGIN_PATH"); named.empty() && path != nullptr)
    named = split_path(path);
  if (named.empty()) named = configured;
  if (!named.empty()) return {named.begin(), named.end()};
  const fs::path program = boost::dll::program_location();
  const fs::path beside = program.parent_path();
  for (const fs::path& folder :
       {beside.parent_path() / "lib" / "syncline" / "plugins", beside.parent_path() / "plugins", beside / "plugins"}) {
    std::error_code ec;
    if (fs::is_directory(folder, ec)) return {folder};
  }
  return {beside.parent_path() / "lib" / "syncline" / "plugins"};
}

}  // namespace syncline
