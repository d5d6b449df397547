// cases.hpp: what the cases share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "syncline/conformance/subject.hpp"

namespace syncline::conformance {
namespace json = boost::json;

inline EndpointHandle open(Subject& s) { return s.connection().open(s.host().raw(), s.settings()); }

/// The code with which it ends; the text of an error must be one line and not empty.
template <class F>
sy_code code_of(F&& f) {
  try {
    f();
    return SY_OK;
  } catch (const Error& e) {
    EXPECT_STRNE(e.what(), "") << "an error says what is wrong";
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << "an error is one line";
    return e.code();
  }
}

inline json::object parse(const std::string& doc) {
  boost::system::error_code failed;
  const json::value v = json::parse(doc, failed);
  if (failed || !v.is_object()) {
    ADD_FAILURE() << "not a JSON object: " << doc.substr(0, 200);
    return {};
  }
  return v.get_object();
}

inline std::vector<Item> fetch(const EndpointHandle& e, const sy_call* call, const std::string& kind,
                               const std::vector<std::string>& ids, int depth = SY_WHOLE) {
  std::vector<Item> out;
  e.fetch(call, kind, ids, depth, [&](const Item& i) {
    out.push_back(i);
    return true;
  });
  return out;
}

inline Item fetch_one(Subject& s, const EndpointHandle& e, const std::string& kind, const std::string& id,
                      int depth = SY_WHOLE) {
  const auto items = fetch(e, s.host().call(), kind, {id}, depth);
  EXPECT_EQ(items.size(), 1u) << "one answer for one id";
  return items.empty() ? Item{} : items.front();
}

inline std::vector<Done> apply(const EndpointHandle& e, const sy_call* call, const std::vector<Operation>& ops) {
  std::vector<Done> out(ops.size());
  e.apply(call, ops, [&](std::size_t i, const Done& d) { out[i] = d; });
  return out;
}

inline Done apply_one(Subject& s, const EndpointHandle& e, const Operation& op) {
  const Done d = apply(e, s.host().call(), {op}).front();
  if (d.code != SY_OK) EXPECT_FALSE(d.text.empty()) << "an operation that failed says why";
  EXPECT_EQ(d.text.find('\n'), std::string::npos) << "an error is one line";
  return d;
}

inline std::string token(int n) {
  const std::string digits = std::to_string(n);
  return "5c0ffee0-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

inline Operation create_op(Subject& s, const std::string& kind, int n) {
  Operation op;
  op.verb = SY_CREATE;
  op.kind = kind;
  op.token = token(n);
  op.doc = json::serialize(s.sample(kind, n));
  return op;
}

inline Operation update_op(const Item& item, const json::object& doc, const std::vector<std::string>& fields) {
  Operation op;
  op.verb = SY_UPDATE;
  op.kind = item.kind;
  op.id = item.id;
  op.if_version = item.version;
  op.doc = json::serialize(doc);
  op.fields = json::serialize(json::value_from(fields));
  return op;
}

inline Operation delete_op(const Item& item) {
  Operation op;
  op.verb = SY_DELETE;
  op.kind = item.kind;
  op.id = item.id;
  op.if_version = item.version;
  return op;
}

inline bool can(const EndpointHandle& e, const std::string& kind, std::uint32_t flags) {
  return (e.caps(kind).flags & flags) == flags;
}

#define SYNCLINE_NEEDS(endpoint, kind, flags) \
  if (!can(endpoint, kind, flags)) GTEST_SKIP() << "its capabilities say that it does not offer this"

/// The feed of a kind, wherever it is offered.
struct FeedOf {
  FeedsHandle handle;
  Feed feed;
  explicit operator bool() const { return static_cast<bool>(handle); }
};

inline FeedOf feed_of(Subject& s, const EndpointHandle& e, const std::string& kind) {
  for (const FeedsHandle& h : {s.connection().feeds(), e.feeds()}) {
    if (!h) continue;
    for (const Feed& f : h.list(s.host().call()))
      if (f.kind == kind) return {h, f};
  }
  return {};
}

struct Walk {
  std::map<std::string, Item> last;  ///< by id; the last one put counts
  std::string cursor;
  int end = SY_PAGE_MORE;
  std::size_t pages = 0;
};

/// All pages until one says that it was the last.
inline Walk walk(Subject& s, const FeedOf& f, std::string cursor = {}) {
  Walk out;
  out.cursor = std::move(cursor);
  while (out.end == SY_PAGE_MORE && ++out.pages < 10'000) {
    const PageEnd end = f.handle.page(s.host().call(), f.feed.name, out.cursor, [&](const Item& i) {
      out.last[i.id] = i;
      return true;
    });
    out.end = end.end;
    if (end.next) out.cursor = *end.next;
  }
  return out;
}

}  // namespace syncline::conformance
