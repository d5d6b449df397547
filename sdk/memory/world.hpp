// world.hpp: the remote side of the memory plugin: one mailbox server and one CRM organization with the people who work
// in them. Thread-safe; with a path it is kept in a file that several processes share and that outlives a killed one.
// A program that loads memory.so has two registries of names, its own and the module's: there, share by path.
#pragma once

#include <functional>
#include <memory>

#include "faults.hpp"
#include "rows.hpp"
#include "syncline/connection.h"
#include "syncline/endpoint.hpp"

namespace syncline::memory {

struct Record {
  std::string id, kind, token;
  std::string box;  ///< whose it is: the mailbox's address, or the id of the CRM user or queue
  std::int64_t version = 0, seq = 0, born_seq = 0, born_ms = 0, changed_ms = 0;
  bool gone = false, partial = false;
  bool hidden = false;  ///< it is there, and who asks may not see it
  json::object doc;
  json::object marks;  ///< beside owner and token, which follow from the record
  json::object parts;  ///< email: part key ("body" or an attachment's key) → {"text": …} or {"base64": …}

  [[nodiscard]] std::string version_text() const { return std::to_string(version); }
};

/// One request that changes something. `step`: an email is created in several: draft, part, final.
struct Write {
  Request request;  ///< verb, kind, id, side
  std::string box, if_version, token, part;
  json::object doc;
  std::vector<std::string> fields;
  bool keyed = true;       ///< a known token cannot make a second item
  bool repeatable = true;  ///< … and is answered with the first one; else SY_EXISTS
  bool keep_token = true;
  bool whole = false;  ///< update: `doc` replaces all, not only `fields`
  json::object marks;  ///< create, mark: what shall stand on the item

  [[nodiscard]] json::object to_json() const;
  static Write from(const json::object&);
};

/// What a feed shows. Tombstones: 0 none, 1 of ids it showed, 2 of all.
struct FeedQuery {
  int side = SY_CRM;
  std::string box;  ///< empty: everybody's
  std::string kind;
  bool cursor = true;
  int tombstones = 2;
  std::size_t page = 0;     ///< 0: no limit
  std::int64_t lag_ms = 0;  ///< younger changes, and what came after them, are not shown yet
};

struct FeedPage {
  std::vector<Record> records;
  PageEnd end;
};

/// A request that gets no answer. The caller waits until its call ends.
struct Hang {};

class World {
 public:
  explicit World(std::filesystem::path path = {}) : rows_(std::move(path)) {}
  /// The world of that name in this process, made when it is first asked for. One path per name.
  static std::shared_ptr<World> named(const std::string& name, const std::filesystem::path& path = {});
  static void forget(const std::string& name);

  // What other people do. `at_ms` 0: the time the world last heard of.
  std::string add(int side, std::string_view box, std::string_view kind, json::object doc, std::int64_t at_ms = 0);
  void edit(int side, const std::string& id, const json::object& merge_patch, std::int64_t at_ms = 0);
  void remove(int side, const std::string& id, std::int64_t at_ms = 0);
  /// Puts marks on an item; "owner" on a CRM's gives it to somebody else.
  void mark(int side, const std::string& id, const json::object& merge_patch);
  /// Takes the right to see it, or gives it back.
  void hide(int side, const std::string& id, bool hidden = true);
  /// The same item under another id, which is returned; the old one is gone.
  std::string move(int side, const std::string& id);
  /// What a deleted item was, with the same id.
  void restore(int side, const std::string& id);

  // What there is. Deleted records stay as tombstones: `record` shows them with `gone`.
  std::optional<Record> record(int side, const std::string& id);
  std::vector<Record> records(int side, std::string_view kind);
  /// A part's bytes as they were uploaded.
  std::optional<std::string> content(int side, const std::string& id, const std::string& part);
  std::int64_t effects();   ///< write requests so far, refused ones included
  std::int64_t requests();  ///< all requests so far
  /// All that a person could see, in a stable order, without times: for comparing two worlds.
  json::object state();

  // Who there is. {"id", "kind": "user"|"queue", "address", "name", "approved", "enabled", "incoming", "method"}
  void organization(std::string_view id, std::string_view name);
  void principal(const json::object&);
  /// {"address", "type", "id", "name", "active", "owner"}
  void party(const json::object&);

  void arm(const Fault&);
  /// Faults from a file: armed once, also if the file is read again.
  void arm_from(const std::filesystem::path& file);
  void disarm();
  std::size_t armed();
  void reset_cursors();  ///< every cursor given so far answers SY_RESET
  std::size_t land();    ///< late requests arrive now; how many

  // What the plugin asks. A read that met no fault returns; everything else throws Error or Hang.
  void read(const Request&, std::int64_t now_ms);
  Record write(const Write&, std::int64_t now_ms);
  FeedPage page(const FeedQuery&, std::string_view cursor, std::int64_t now_ms);
  std::optional<Record> by_token(int side, std::string_view token);
  json::value identity(std::string_view address);
  json::array parties(std::string_view address);
  /// The emails of the CRM that bear a key of the directory, the newest first.
  json::array mails(std::string_view key);

 private:
  struct Meta;
  Meta meta(const Rows::Session&) const;
  void save(Rows::Session&, const Meta&) const;
  std::optional<Fault> meet(Rows::Session&, Meta&, const Request&) const;
  void land_due(Rows::Session&, Meta&, bool all, std::size_t& n) const;
  Record perform(Rows::Session&, Meta&, const Write&) const;
  Record perform_create(Rows::Session&, Meta&, const Write&) const;
  Record perform_part(Rows::Session&, Meta&, const Write&) const;
  void store(Rows::Session&, Meta&, int side, Record&) const;
  void change(int side, const std::string& id, std::int64_t at_ms, const std::function<void(Record&)>& how);
  Rows rows_;
};

}  // namespace syncline::memory
