// exchange_item_check.hpp: what must hold for any bytes that a server sends as an item of Exchange. For the fuzzer, and
// for the short form of it among the tests.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "item.hpp"
#include "syncline/plugin.hpp"
#include "xml.hpp"

namespace syncline::exchange::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// The same item as a server would send it once it was created.
inline std::string stored(std::string xml) {
  const std::size_t content = xml.find('>');
  require(content != std::string::npos);
  return xml.insert(content + 1, "<t:ItemId Id=\"A\"/>");
}

/// Whatever was read can be written, is XML, and is then read as the same for ever.
inline void check_written(const ItemRead& item, std::string_view kind) {
  WriteContext context;
  context.now_ms = 1'772'366'400'000;
  context.derives_task_state = false;
  context.mark = item.mark;
  const auto again = [&](const boost::json::object& document) {
    return read(XmlDocument(stored(create(kind, document, context).xml)).root(), kind, {});
  };
  const ItemRead once = again(item.document);
  require(again(once.document).document == once.document);
  require(once.mark.token == item.mark.token);

  std::vector<std::string> names;
  const auto all = boost::json::parse(fields(kind));
  for (const auto& name : all.as_array()) names.emplace_back(name.as_string());
  for (const Change& change : update(kind, item.document, names, item, context).changes)
    static_cast<void>(XmlDocument(change.xml));
}

inline void check_item(std::string_view bytes) {
  const std::string escaped = "<a b=\"" + escape(bytes) + "\">" + escape(bytes) + "</a>";
  static_cast<void>(XmlDocument(escaped));
  try {
    const XmlDocument xml(bytes);
    for (const std::string_view kind : {"contact", "task", "email"}) {
      try {
        const ItemRead item = read(xml.root(), kind, {});
        require(!item.id.empty());
        boost::json::error_code failed;
        static_cast<void>(boost::json::parse(boost::json::serialize(item.document), failed));
        require(!failed);  // which says that it is UTF-8
        if (kind != std::string_view("email")) check_written(item, kind);
      } catch (const Error& error) {
        require(error.code() == SY_INVALID);
      }
    }
  } catch (const Error& error) {
    require(error.code() == SY_INVALID);
  }
}

}  // namespace syncline::exchange::fuzz
