// config_draft.hpp: a configuration that is being written for somebody: which plugins, and what was said of their
// options. Pure; secrets are in it by their source only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema.hpp"

namespace syncline {

struct ConfigDraft {
  using Values = std::map<std::string, std::string>;  ///< option → how its value is written in TOML
  struct Part {
    std::string plugin, class_name;  ///< class_name: empty where the plugin has only one
    Values values;
  };
  struct Person {
    std::string kind;  ///< user, queue
    std::string address;
    Values values;  ///< of the mailbox
  };
  Part store, mailbox, crm;
  std::vector<Person> people;

  [[nodiscard]] std::string text() const;
};

/// What a person typed, as the option's type is written in TOML.
std::string toml_literal(const sy_option& option, std::string_view typed);
/// "env:NAME" or "file:PATH". Throws SY_CONFIG for anything else: a value is never taken for a reference.
std::string secret_literal(std::string_view reference);

/// The options that a person must be asked for: required ones, secrets, and what belongs to the group of a secret
/// ("auth.tenant" beside "auth.secret").
OptionTable asked_options(const OptionTable& all);

}  // namespace syncline
