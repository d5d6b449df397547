// test_mailbox.hpp: one mailbox behind a scripted EWS: it keeps what is created, changed and deleted, as the elements
// that were sent, and tells what changed since. No more than the conformance suites need.
#pragma once

#include "items/item.hpp"
#include "items/xml.hpp"
#include "test_ews.hpp"

namespace syncline::exchange::test {

class TestMailbox {
 public:
  explicit TestMailbox(Ews& ews);

  std::string add(const std::string& kind, const json::object& document);
  void edit(const std::string& kind, const std::string& id, const json::object& patch);
  void remove(const std::string& id);
  /// States given so far are not taken any more.
  void forget_states();

 private:
  struct Stored {
    std::string folder, element, mime;
    pugi::xml_document item;
    int key = 1;
    std::size_t created = 0, changed = 0;  ///< as counted by changes_
    bool gone = false;
  };
  Reply get(const net::test::Received& r);
  Reply sync(const net::test::Received& r);
  Reply find(const net::test::Received& r);
  Reply create(const net::test::Received& r);
  Reply update(const net::test::Received& r);
  Reply erase(const net::test::Received& r);

  std::string put(const std::string& folder, const pugi::xml_node& item);
  static void change(Stored& stored, const pugi::xml_node& field);
  void touched(Stored& stored);
  [[nodiscard]] std::string id_of(const std::string& id, const Stored& s) const;
  [[nodiscard]] std::string xml(const std::string& id, const Stored& s, bool mime) const;
  Stored* known(const std::string& id);

  std::mutex mutex_;
  std::map<std::string, Stored> items_;
  std::size_t changes_ = 0, oldest_state_ = 0;
};

}  // namespace syncline::exchange::test
