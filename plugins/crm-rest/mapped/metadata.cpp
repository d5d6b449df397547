// $metadata: entity types with their properties and keys, and the sets that hold them.
#include <Poco/SAX/Attributes.h>
#include <Poco/SAX/DefaultHandler.h>
#include <Poco/SAX/SAXParser.h>

#include "mapped/remote_schema.hpp"

namespace syncline::crm {
namespace {

std::string simple(const std::string& type) {
  static const std::map<std::string, std::string, std::less<>> words{
      {"Edm.String", "text"},  {"Edm.Boolean", "true/false"},  {"Edm.Int16", "number"},  {"Edm.Int32", "number"},
      {"Edm.Int64", "number"}, {"Edm.Decimal", "number"},      {"Edm.Double", "number"}, {"Edm.Single", "number"},
      {"Edm.Byte", "number"},  {"Edm.DateTimeOffset", "date"}, {"Edm.Date", "date"},     {"Edm.Guid", "guid"}};
  const auto at = words.find(type);
  if (at != words.end()) return at->second;
  return type.starts_with("Collection(") ? "list" : type;
}

/// Without the name space or its alias: both stand in references.
std::string last_name(const std::string& qualified) { return qualified.substr(qualified.rfind('.') + 1); }

class Csdl : public Poco::XML::DefaultHandler {
 public:
  struct Type {
    std::string base, key;
    std::vector<RemoteField> fields;
  };
  std::map<std::string, Type> types;
  std::vector<std::pair<std::string, std::string>> sets;  ///< set, type

  void startElement(const Poco::XML::XMLString&, const Poco::XML::XMLString& local, const Poco::XML::XMLString&,
                    const Poco::XML::Attributes& a) override {
    const auto value = [&](const char* name) { return a.getValue("", name); };
    if (local == "EntityType" || local == "ComplexType") {
      here_ = &types[value("Name")];
      here_->base = last_name(value("BaseType"));
    } else if (here_ != nullptr && local == "PropertyRef" && here_->key.empty()) {
      here_->key = value("Name");
    } else if (here_ != nullptr && local == "Property") {
      here_->fields.push_back({value("Name"), simple(value("Type"))});
    } else if (local == "EntitySet") {
      sets.emplace_back(value("Name"), last_name(value("EntityType")));
    }
  }
  void endElement(const Poco::XML::XMLString&, const Poco::XML::XMLString& local,
                  const Poco::XML::XMLString&) override {
    if (local == "EntityType" || local == "ComplexType") here_ = nullptr;
  }

 private:
  Type* here_ = nullptr;
};

void collect(const Csdl& csdl, const std::string& name, RemoteSet& out, const std::string& prefix, int depth) {
  const auto at = csdl.types.find(name);
  if (at == csdl.types.end() || depth > 8) return;
  if (!at->second.base.empty()) collect(csdl, at->second.base, out, prefix, depth + 1);
  if (prefix.empty() && !at->second.key.empty()) out.key = at->second.key;
  for (const RemoteField& f : at->second.fields) {
    if (const std::string inner = last_name(f.type);
        f.type.find('.') != std::string::npos && csdl.types.contains(inner))
      collect(csdl, inner, out, prefix + f.name + ".", depth + 1);
    else
      out.fields.push_back({prefix + f.name, f.type});
  }
}

}  // namespace

std::vector<RemoteSet> read_metadata(std::string_view xml) {
  Csdl csdl;
  Poco::XML::SAXParser parser;
  parser.setFeature(Poco::XML::XMLReader::FEATURE_NAMESPACES, true);
  parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_GENERAL_ENTITIES, false);
  parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_PARAMETER_ENTITIES, false);
  parser.setContentHandler(&csdl);
  try {
    parser.parseMemoryNP(xml.data(), xml.size());
  } catch (const Poco::Exception&) {
    throw Error(SY_BROKEN, "crm: GET $metadata: the answer is not XML; check url and base");
  }
  std::vector<RemoteSet> out;
  for (const auto& [set, type] : csdl.sets) {
    RemoteSet one;
    one.set = set;
    collect(csdl, type, one, {}, 0);
    out.push_back(std::move(one));
  }
  if (out.empty()) throw Error(SY_BROKEN, "crm: GET $metadata names no entity sets; check url and base");
  return out;
}

}  // namespace syncline::crm
