// A whole plugin in one file: a mailbox that is a folder of contacts, one JSON document per file, and a rule. Copy it,
// rename what is here called folder, and replace the bodies one by one; README.md says what matters.
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "syncline/connection.hpp"
#include "syncline/rule.hpp"

namespace {
namespace fs = std::filesystem;
namespace json = boost::json;
using namespace syncline;

// What a person may write in the configuration. The kernel validates it, shows it in the docs and hands it over as
// JSON.
std::string folder_of(std::string_view config) {
  const json::value v = json::parse(std::string(config));
  const json::value* folder = v.as_object().if_contains("folder");
  if (folder == nullptr || !folder->is_string())
    throw Error(SY_CONFIG, "folder is missing: name a folder of JSON files");
  return std::string(folder->get_string());
}

// Identity and version are all that a kernel needs to see changes. Here: the file's name, and its time and size.
std::string version_of(const fs::path& file) {
  return std::to_string(fs::last_write_time(file).time_since_epoch().count()) + "." +
         std::to_string(fs::file_size(file));
}

// An id comes back from outside: it must not lead out of the folder.
bool plain_name(std::string_view id) { return id.ends_with(".json") && id.find('/') == std::string_view::npos; }

class FolderEndpoint final : public Endpoint, public Feeds {
 public:
  FolderEndpoint(Host host, fs::path folder) : host_(host), folder_(std::move(folder)) {}

  // Flags 0 would mean that a kind is not carried at all. This mailbox is only read: no SY_CAN_… here.
  Caps caps(std::string_view kind) override {
    Caps out;
    if (kind == "contact") out.flags = SY_MARKS;
    return out;
  }

  // One answer for every id, found or not. Error codes say what the caller has to do next.
  void fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int,
             const ItemSink& put) override {
    if (kind != "contact") throw Error(SY_UNSUPPORTED, "folder carries contacts only");
    for (const std::string_view id : ids) {
      call.check();  // between requests: the deadline, and whether the caller gave up
      if (!put(plain_name(id) && fs::exists(folder_ / id) ? read(folder_ / id) : gone(id))) return;
    }
  }

  // A mail folder's feed belongs to the endpoint. Without SY_FEED_CURSOR each walk is a full listing.
  Feeds* feeds() override { return this; }
  std::vector<Feed> list() override { return {{"contacts", "contact", 0}}; }
  PageEnd page(const Call& call, std::string_view feed, std::string_view, const ItemSink& put) override {
    if (feed != "contacts") throw Error(SY_UNSUPPORTED, "folder has one feed, contacts");
    if (!fs::is_directory(folder_)) throw Error(SY_CONFIG, "folder " + folder_.string() + " does not exist: create it");
    for (const auto& entry : fs::directory_iterator(folder_)) {
      call.check();
      if (!plain_name(entry.path().filename().string())) continue;
      if (!put(read(entry.path()))) throw Error(SY_CANCELED, "the receiver wanted no more");
    }
    return {SY_PAGE_LISTING_COMPLETE, std::nullopt};
  }

 private:
  static Item gone(std::string_view id) {
    Item out;
    out.kind = "contact";
    out.id = id;
    out.flags = SY_ITEM_GONE;
    return out;
  }
  Item read(const fs::path& file) const {
    host_.count("requests");
    Item out;
    out.kind = "contact";
    out.id = file.filename().string();
    out.version = version_of(file);
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    out.doc = text.str();
    return out;
  }
  Host host_;
  fs::path folder_;
};

class Folder final : public Connection {
 public:
  static constexpr const char* name = "folder";
  static constexpr const char* summary = "Contacts from a folder of JSON files, read-only";
  static constexpr std::array<sy_option, 1> options{
      {{sizeof(sy_option), SY_PATH, SY_REQUIRED, "folder", nullptr, nullptr,
        "Folder with one JSON document per contact.", "\"contacts\""}}};

  // No network and no waiting in a constructor or in open(): the kernel makes instances when it needs them.
  Folder(Host, std::string_view config) : Connection(SY_MAILBOX), folder_(folder_of(config)) {}
  std::unique_ptr<Endpoint> open(Host host, std::string_view) override {
    return std::make_unique<FolderEndpoint>(host, folder_);
  }
  std::string probe(const Call&) override {
    return json::serialize(json::object{{"folder", folder_.string()}, {"exists", fs::is_directory(folder_)}});
  }

 private:
  fs::path folder_;
};

// A rule sees an operation before it is carried out. It is pure: no I/O, no clock, no state.
class NeedsLastname final : public Rule<NeedsLastname> {
 public:
  static constexpr const char* name = "needs_lastname";
  static constexpr const char* summary = "Creates no contact in the CRM that has no last name";
  static constexpr std::uint32_t revision = 1;  // raise it when verdicts may change: what was judged is judged again
  static constexpr const char* kinds = R"(["contact"])";
  static constexpr const char* wants = "";
  static constexpr const char* reasons = R"({"no_lastname": "the contact has no last name"})";
  static constexpr std::array<sy_option, 0> options{};

  NeedsLastname(Host, std::string_view) {}
  Ruling judge(const Proposal& p) const {
    if (p.verb != SY_CREATE || p.side != SY_CRM) return {};
    boost::system::error_code failed;
    const json::value doc = json::parse(std::string(p.doc), failed);
    const json::value* last = failed || !doc.is_object() ? nullptr : doc.get_object().if_contains("lastname");
    if (last != nullptr && last->is_string() && !last->get_string().empty()) return {};
    return {SY_VETO, "no_lastname", "{}", "", "", ""};
  }
};

}  // namespace

SYNCLINE_PLUGIN("folder", "0.1.0", "Apache-2.0", Folder, NeedsLastname);
