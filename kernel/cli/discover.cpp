// discover: what a system holds, and a mapping to start from.
#include <fstream>
#include <iostream>

#include "connected.hpp"
#include "exit_code.hpp"

namespace syncline {
namespace {

struct Wanted {
  std::string connection, draft;
  std::vector<std::string> sets;
  bool json = false;
};

void print_collection(const json::object& o) {
  const auto text = [](const json::object& from, std::string_view name) {
    const json::value* v = from.if_contains(name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  std::cout << text(o, "set");
  if (const std::string key = text(o, "key"); !key.empty()) std::cout << " (key " << key << ")";
  std::cout << "\n";
  if (const std::string note = text(o, "note"); !note.empty()) std::cout << "    " << note << "\n";
  if (const json::value* fields = o.if_contains("fields"); fields != nullptr && fields->is_array())
    for (const json::value& f : fields->get_array())
      if (f.is_object())
        std::cout << "    " << text(f.get_object(), "name") << "  " << text(f.get_object(), "type") << "\n";
}

void discover(Context& context, const Wanted& wanted) {
  const Connected connected(context.config(), wanted.connection);
  const DiscoveryHandle discovery = connected.handle().discovery();
  if (!discovery)
    throw Error(SY_UNSUPPORTED, "connection " + wanted.connection +
                                    " cannot tell what its system holds; crm-rest can, with "
                                    "profile odata or rest");
  const CallBudget budget(std::chrono::minutes(5));
  json::array all;
  for (const std::string& one : discovery.discover(budget, wanted.sets)) {
    const json::value v = json::parse(one);
    if (!wanted.json && v.is_object()) print_collection(v.get_object());
    all.push_back(v);
  }
  if (wanted.json) std::cout << json::serialize(all) << "\n";
  if (wanted.draft.empty()) return;
  if (std::filesystem::exists(wanted.draft))
    throw Error(SY_CONFIG, wanted.draft + " is there already; name another file, nothing is overwritten");
  std::ofstream file(wanted.draft, std::ios::binary);
  file << discovery.draft(budget, wanted.sets);
  file.close();
  if (!file)
    throw Error(SY_FULL, "cannot write " + wanted.draft + "; check the folder, its rights and the space on it");
  std::cerr << "drafted " << wanted.draft << ": read every line, then name it as mapping of connection "
            << wanted.connection << "\n";
}

}  // namespace

void add_discover(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("discover", "Print what a CRM holds, by names and types, and draft a mapping; reads only");
  auto wanted = std::make_shared<Wanted>();
  command->add_option("CONNECTION", wanted->connection, "the connection, as the configuration names it")->required();
  command->add_option("--set", wanted->sets, "only this collection; may be given several times");
  command->add_option("--draft", wanted->draft, "write a mapping to start from to this new file");
  command->add_flag("--json", wanted->json, "print it as JSON");
  command->callback([&context, wanted] { discover(context, *wanted); });
}

}  // namespace syncline
