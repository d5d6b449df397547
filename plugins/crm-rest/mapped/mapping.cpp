#include "mapped/mapping.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

namespace syncline::crm {
namespace json = boost::json;

const FieldMap* RecordMap::field(std::string_view canonical) const {
  const auto at =
      std::find_if(fields.begin(), fields.end(), [&](const FieldMap& f) { return f.field.name == canonical; });
  return at == fields.end() ? nullptr : &*at;
}

const RecordMap* Mapping::record(std::string_view kind) const {
  const auto at = std::find_if(records.begin(), records.end(), [&](const RecordMap& r) { return r.kind == kind; });
  return at == records.end() ? nullptr : &*at;
}

/// The code where it is known, else the status, else its hundred.
sy_code Mapping::classify(int status, std::string_view code) const {
  if (const auto by = by_code.find(code); !code.empty() && by != by_code.end()) return by->second;
  const std::string exact = std::to_string(status);
  if (const auto by = by_status.find(exact); by != by_status.end()) return by->second;
  const auto hundred = by_status.find(exact.substr(0, 1) + "xx");
  return hundred == by_status.end() ? SY_BROKEN : hundred->second;
}

const json::value* at_path(const json::value& root, const Path& path) {
  const json::value* here = &root;
  for (const std::string& step : path) {
    if (const json::object* object = here->if_object()) {
      here = object->if_contains(step);
    } else if (const json::array* list = here->if_array()) {
      std::size_t index = 0;
      const auto read = std::from_chars(step.data(), step.data() + step.size(), index);
      here = read.ec == std::errc() && index < list->size() ? &(*list)[index] : nullptr;
    } else {
      return nullptr;
    }
    if (here == nullptr) return nullptr;
  }
  return here;
}

std::string path_text(const Path& path) {
  std::string out;
  for (const std::string& step : path) out += (out.empty() ? "" : ".") + step;
  return out;
}

std::shared_ptr<const Mapping> load_mapping(const std::string& path, const Host& host) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(SY_CONFIG, "mapping: cannot read " + path + "; correct the path or the file's rights");
  constexpr std::size_t most = std::size_t{1} << 20;
  std::string text(most + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > most) throw Error(SY_CONFIG, "mapping: " + path + " is longer than 1 MiB");
  Mistakes mistakes;
  auto out = read_mapping(path, text, mistakes);
  if (mistakes.empty()) return out;
  for (const Mistake& m : mistakes) host.log(SY_ERROR, "", m.line());
  std::string first = mistakes.front().line();
  if (mistakes.size() > 1) first += " (and " + std::to_string(mistakes.size() - 1) + " more)";
  throw Error(SY_CONFIG, std::move(first));
}

}  // namespace syncline::crm
