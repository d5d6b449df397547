#include <algorithm>

#include "stages.hpp"

namespace syncline {

namespace {

std::vector<std::string> text_list(std::string_view json_text) {
  std::vector<std::string> out;
  if (json_text.empty()) return out;
  json::error_code ec;
  const json::value v = json::parse(json_text, ec);
  if (!ec && v.is_array())
    for (const auto& t : v.get_array())
      if (t.is_string()) out.emplace_back(t.get_string());
  return out;
}

json::object object_or_empty(std::string_view text) {
  if (text.empty()) return {};
  json::error_code ec;
  json::value v = json::parse(text, ec);
  return !ec && v.is_object() ? std::move(v.get_object()) : json::object();
}

}  // namespace

bool Stage::wants_kind(std::string_view kind) const {
  if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) return false;
  const auto own = text_list(view(filter != nullptr ? filter->kinds : rule->kinds));
  return own.empty() || std::find(own.begin(), own.end(), kind) != own.end();
}

std::vector<std::string> Stage::facts() const {
  return rule == nullptr ? std::vector<std::string>() : text_list(view(rule->wants));
}

std::string fill_sentence(std::string_view sentence, const json::object& args) {
  std::string out;
  for (std::size_t i = 0; i < sentence.size(); ++i) {
    const auto end = sentence[i] == '{' ? sentence.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out.push_back(sentence[i]);
      continue;
    }
    const std::string_view name = sentence.substr(i + 1, end - i - 1);
    if (const auto* v = args.if_contains(name))
      out += v->is_string() ? std::string(v->get_string()) : json::serialize(*v);
    else
      out += "?";
    i = end;
  }
  return out;
}

std::string Stage::words(std::string_view reason, const json::object& args) const {
  const json::object sentences = object_or_empty(view(filter != nullptr ? filter->reasons : rule->reasons));
  if (const auto* s = sentences.if_contains(reason); s != nullptr && s->is_string())
    return fill_sentence(std::string_view(s->get_string()), args);
  return std::string(reason);
}

FilterResult run_filters(const std::vector<Stage>& stages, std::string_view kind, Side side, json::object doc,
                         std::uint32_t flags, const json::object& facts) {
  FilterResult out;
  out.doc = std::move(doc);
  std::string facts_text;
  for (const Stage& s : stages) {
    if (s.filter == nullptr || !s.wants_kind(kind)) continue;
    if (facts_text.empty()) facts_text = json::serialize(facts);
    const std::string doc_text = json::serialize(out.doc);
    const sy_change change{sizeof(sy_change), flags, number_of(side), borrow(kind), borrow(doc_text),
                           borrow(facts_text)};
    int answers = 0;
    const auto take = [&](const sy_verdict& v) {
      ++answers;
      if (v.decision == SY_PASS) return;
      out.stage = s.name;
      out.reason = text(v.reason);
      out.args = object_or_empty(view(v.args));
      if (v.decision == SY_REWRITE)
        out.doc = parse_object(view(v.doc), "the document that filter " + s.name + " rewrote");
      else
        out.pass = false;
    };
    const SinkOf<sy_verdict_sink, sy_verdict, std::function<void(const sy_verdict&)>> sink(take);
    sy_error e = no_error();
    const sy_code code = s.filter->run(s.instance->self(), &change, sink, &e);
    sink.rethrow();
    check(code, e);
    if (answers != 1)
      throw Error(SY_BROKEN, "filter " + s.name + " gave " + std::to_string(answers) + " verdicts instead of one");
    if (!out.pass) break;
  }
  return out;
}

namespace {

void add_needs(std::vector<Need>& to, std::string_view text, const std::string& stage) {
  if (text.empty()) return;
  json::error_code ec;
  const json::value all = json::parse(text, ec);
  const auto member = [](const json::object& o, const char* name) {
    const auto* v = o.if_contains(name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  if (ec || !all.is_array()) throw Error(SY_BROKEN, "what rule " + stage + " needs is no JSON array");
  for (const auto& v : all.get_array()) {
    const auto* o = v.if_object();
    const auto* doc = o != nullptr ? o->if_contains("doc") : nullptr;
    if (doc == nullptr || !doc->is_object() || member(*o, "name").empty() || member(*o, "kind").empty() ||
        member(*o, "key").empty())
      throw Error(SY_BROKEN, "a need of rule " + stage + " lacks its name, kind, key or doc");
    to.push_back({member(*o, "name"), member(*o, "kind"), member(*o, "key"), doc->get_object()});
  }
}

}  // namespace

std::vector<std::string> wanted_keys(const std::vector<Stage>& stages, std::string_view kind, const Proposed& p,
                                     const json::object& facts) {
  std::vector<std::string> out;
  std::string doc_text, facts_text;
  for (const Stage& s : stages) {
    if (s.rule == nullptr || !SY_HAS(s.rule, keys) || s.rule->keys == nullptr || !s.wants_kind(kind)) continue;
    if (doc_text.empty()) {
      doc_text = json::serialize(p.doc);
      facts_text = json::serialize(facts);
    }
    const sy_proposal proposal{sizeof(sy_proposal), p.verb,           p.flags,           number_of(p.side),
                               borrow(kind),        borrow(doc_text), borrow(facts_text)};
    TextSink sink([&](std::string_view key) { out.emplace_back(key); });
    sy_error e = no_error();
    const sy_code code = s.rule->keys(s.instance->self(), &proposal, sink, &e);
    sink.rethrow();
    check(code, e);
  }
  return out;
}

RulesResult run_rules(const std::vector<Stage>& stages, std::uint32_t verb, std::string_view kind, Side side,
                      json::object doc, std::uint32_t flags, const json::object& facts) {
  using Outcome = RulesResult::Outcome;
  RulesResult out;
  out.doc = std::move(doc);
  const std::string facts_text = json::serialize(facts);
  for (const Stage& s : stages) {
    if (s.rule == nullptr || !s.wants_kind(kind)) continue;
    const std::string doc_text = json::serialize(out.doc);
    const sy_proposal proposal{sizeof(sy_proposal), verb, flags, number_of(side), borrow(kind), borrow(doc_text),
                               borrow(facts_text)};
    int answers = 0;
    const auto take = [&](const sy_ruling& r) {
      ++answers;
      if (r.decision == SY_NO_OPINION) return;
      const Note note{s.name, text(r.reason), object_or_empty(view(r.args))};
      if (!note.reason.empty()) out.notes.push_back(note);
      if (SY_HAS(&r, needs)) add_needs(out.needs, view(r.needs), s.name);
      switch (r.decision) {
        case SY_ALTER: out.doc = parse_object(view(r.doc), "the document that rule " + s.name + " altered"); return;
        case SY_CONFIRM:
          if (r.doc.len != 0) out.doc = parse_object(view(r.doc), "the document that rule " + s.name + " altered");
          break;
        case SY_VETO: out.outcome = Outcome::vetoed; break;
        case SY_WAIT: out.outcome = Outcome::wait; break;
        case SY_NEED_FULL: out.outcome = Outcome::need_full; break;
        case SY_FAIL: out.outcome = Outcome::failed; break;
        case SY_UNLINK:
          if (verb != SY_DELETE) throw Error(SY_BROKEN, "rule " + s.name + " says unlink to what is no deletion");
          out.outcome = Outcome::unlink;
          break;
        case SY_LINK:
          out.outcome = Outcome::link;
          if (r.doc.len != 0) out.added = parse_object(view(r.doc), "what rule " + s.name + " adds to a record");
          break;
        default: throw Error(SY_BROKEN, "rule " + s.name + " gave an unknown decision " + std::to_string(r.decision));
      }
      out.stage = s.name;
      out.reason = note.reason;
      out.args = note.args;
      out.looked_for = text_list(view(r.looked_for));
    };
    const SinkOf<sy_ruling_sink, sy_ruling, std::function<void(const sy_ruling&)>> sink(take);
    sy_error e = no_error();
    const sy_code code = s.rule->judge(s.instance->self(), &proposal, sink, &e);
    sink.rethrow();
    check(code, e);
    if (answers != 1)
      throw Error(SY_BROKEN, "rule " + s.name + " gave " + std::to_string(answers) + " rulings instead of one");
    if (out.outcome != Outcome::confirmed) break;
  }
  return out;
}

}  // namespace syncline
