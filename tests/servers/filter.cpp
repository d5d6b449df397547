#include "filter.hpp"

#include <algorithm>
#include <cctype>

#include "encode.hpp"
#include "odata_error.hpp"

namespace syncline::sandbox {
namespace json = boost::json;

namespace {
constexpr int kDepth = 64;

bool is_text(const json::value& value) { return value.is_string(); }
std::string text_of(const json::value& value) { return lower(std::string_view(value.as_string())); }
}  // namespace

int compare(const json::value& left, const json::value& right) {
  if (left.is_null() || right.is_null()) return static_cast<int>(right.is_null()) - static_cast<int>(left.is_null());
  if (left.is_bool() && right.is_bool()) return static_cast<int>(left.as_bool()) - static_cast<int>(right.as_bool());
  if (left.is_number() && right.is_number()) {
    const auto a = left.to_number<double>();
    const auto b = right.to_number<double>();
    return a < b ? -1 : static_cast<int>(a > b);
  }
  const std::string a = is_text(left) ? text_of(left) : json::serialize(left);
  const std::string b = is_text(right) ? text_of(right) : json::serialize(right);
  return a < b ? -1 : static_cast<int>(a > b);
}

class Filter::Parser {
 public:
  Parser(std::string_view text, const TypeOf& type_of, const Parameters& parameters)
      : text_(text), type_of_(type_of), parameters_(parameters) {}

  Node parse() {
    Node node = any_of(0);
    skip();
    if (at_ < text_.size()) fail("unexpected text");
    return node;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw ODataError(400, kBadQuery, "Syntax error in $filter at position " + std::to_string(at_) + ": " + what + ".");
  }
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool symbol(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void need(char c) {
    if (!symbol(c)) fail(std::string("'") + c + "' expected");
  }
  static bool name_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '/' || c == '@';
  }
  std::string peek_word() {
    skip();
    std::size_t end = at_;
    while (end < text_.size() && name_char(text_[end])) ++end;
    return std::string(text_.substr(at_, end - at_));
  }
  bool word(std::string_view wanted) {
    if (peek_word() != wanted) return false;
    at_ += wanted.size();
    return true;
  }

  Node any_of(int depth) {
    Node node = all_of(depth);
    while (word("or")) node = Node{Op::OR, {std::move(node), all_of(depth)}, {}, {}};
    return node;
  }
  Node all_of(int depth) {
    Node node = term(depth);
    while (word("and")) node = Node{Op::AND, {std::move(node), term(depth)}, {}, {}};
    return node;
  }
  Node term(int depth) {
    if (depth > kDepth) fail("too many nested conditions");
    if (word("not")) return Node{Op::NOT, {term(depth + 1)}, {}, {}};
    if (symbol('(')) {
      Node node = any_of(depth + 1);
      need(')');
      return node;
    }
    const std::string first = peek_word();
    if (first.empty()) fail("a condition expected");
    at_ += first.size();
    if (first == "Microsoft.Dynamics.CRM.In") return in();
    static const std::map<std::string, Op> functions{
        {"contains", Op::CONTAINS}, {"startswith", Op::STARTSWITH}, {"endswith", Op::ENDSWITH}};
    if (const auto known = functions.find(first); known != functions.end()) return function(known->second);
    return comparison(first);
  }
  Node function(Op op) {
    need('(');
    Node node{op, {}, peek_word(), {}};
    at_ += node.property.size();
    const Type type = type_of_(node.property);
    if (type != Type::STRING && type != Type::MEMO) fail("'" + node.property + "' is no text");
    need(',');
    node.literals.push_back(literal(type));
    need(')');
    return node;
  }
  Node in() {
    need('(');
    if (!word("PropertyName")) fail("PropertyName expected");
    need('=');
    Node node{Op::IN, {}, std::string(quoted_or_parameter().as_string()), {}};
    type_of_(node.property);
    need(',');
    if (!word("PropertyValues")) fail("PropertyValues expected");
    need('=');
    std::string list;
    if (const std::string name = peek_word(); name.starts_with("@")) {
      at_ += name.size();
      list = parameter(name);
      const json::value parsed = json::parse(list);
      for (const auto& value : parsed.as_array()) node.literals.push_back(value);
    } else {
      need('[');
      do node.literals.push_back(quoted());
      while (symbol(','));
      need(']');
    }
    need(')');
    return node;
  }
  Node comparison(const std::string& property) {
    static const std::map<std::string, Op> operators{{"eq", Op::EQ}, {"ne", Op::NE}, {"gt", Op::GT},
                                                     {"ge", Op::GE}, {"lt", Op::LT}, {"le", Op::LE}};
    const Type type = type_of_(property);
    const std::string name = peek_word();
    const auto known = operators.find(name);
    if (known == operators.end()) fail("an operator expected behind '" + property + "'");
    at_ += name.size();
    return Node{known->second, {}, property, {literal(type)}};
  }

  const std::string& parameter(const std::string& name) const {
    const auto found = parameters_.find(name);
    if (found == parameters_.end()) fail("the parameter " + name + " is not given");
    return found->second;
  }
  json::value quoted_or_parameter() {
    const std::string name = peek_word();
    if (!name.starts_with("@")) return quoted();
    at_ += name.size();
    return Parser(parameter(name), type_of_, parameters_).quoted();
  }
  json::value quoted() {
    skip();
    const char mark = at_ < text_.size() ? text_[at_] : ' ';
    if (mark != '\'' && mark != '"') fail("a quoted text expected");
    std::string out;
    for (++at_;; ++at_) {
      if (at_ >= text_.size()) fail("a quote is not closed");
      if (text_[at_] == mark) {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != mark) break;
        ++at_;
      }
      out += text_[at_];
    }
    ++at_;
    return json::value(out);
  }
  json::value literal(Type type) {
    skip();
    if (at_ < text_.size() && text_[at_] == '\'') {
      if (type != Type::STRING && type != Type::MEMO)
        fail("A binary operator with incompatible types was detected: the column takes no quoted text");
      return quoted();
    }
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != ' ' && text_[end] != ')' && text_[end] != ',') ++end;
    const std::string raw(text_.substr(at_, end - at_));
    if (raw.starts_with("@")) {
      json::value value = Parser(parameter(raw), type_of_, parameters_).literal(type);
      at_ = end;
      return value;
    }
    json::value value = unquoted(raw, type);
    at_ = end;
    return value;
  }
  json::value unquoted(const std::string& raw, Type type) const {
    if (raw == "null") return nullptr;
    switch (type) {
      case Type::BOOLEAN:
        if (raw == "true" || raw == "false") return raw == "true";
        break;
      case Type::INTEGER:
      case Type::DOUBLE:
        if (!raw.empty() && raw.find_first_not_of("-0123456789.") == std::string::npos) {
          boost::system::error_code error;
          json::value number = json::parse(raw, error);
          if (!error) return number;
        }
        break;
      case Type::DATE_TIME:
        if (const auto instant = date_time(raw)) return json::value(*instant);
        break;
      case Type::DATE:
        if (date_time(raw)) return json::value(raw.substr(0, 10));
        break;
      case Type::GUID:
      case Type::LOOKUP:
        if (const auto id = guid(raw)) return json::value(*id);
        break;
      case Type::STRING:
      case Type::MEMO: break;
    }
    fail("'" + raw + "' does not fit the column's type");
  }

  std::string_view text_;
  const TypeOf& type_of_;
  const Parameters& parameters_;
  std::size_t at_ = 0;
};

Filter::Filter(std::string_view text, const TypeOf& type_of, const Parameters& parameters)
    : root_(Parser(text, type_of, parameters).parse()) {}

bool Filter::matches(const ValueOf& value_of) const { return holds(root_, value_of); }

bool Filter::holds(const Node& node, const ValueOf& value_of) {
  const auto one = [&](const Node& inner) { return holds(inner, value_of); };
  switch (node.op) {
    case Op::AND: return std::all_of(node.nodes.begin(), node.nodes.end(), one);
    case Op::OR: return std::any_of(node.nodes.begin(), node.nodes.end(), one);
    case Op::NOT: return !one(node.nodes.front());
    default: break;
  }
  const json::value value = value_of(node.property);
  if (node.op == Op::IN)
    return std::any_of(node.literals.begin(), node.literals.end(), [&](const json::value& literal) {
      if (value.is_string() || value.is_null()) return compare(value, literal) == 0;
      return literal.is_string() ? json::serialize(value) == std::string(literal.as_string())
                                 : compare(value, literal) == 0;
    });
  const json::value& literal = node.literals.front();
  if (node.op == Op::CONTAINS || node.op == Op::STARTSWITH || node.op == Op::ENDSWITH) {
    if (!value.is_string() || !literal.is_string()) return false;
    const std::string whole = text_of(value);
    const std::string part = text_of(literal);
    if (node.op == Op::STARTSWITH) return whole.starts_with(part);
    if (node.op == Op::ENDSWITH) return whole.ends_with(part);
    return whole.find(part) != std::string::npos;
  }
  // As in SQL: null is equal to null only, unequal to all else, and neither greater nor less.
  const bool null = value.is_null() || literal.is_null();
  const int order = compare(value, literal);
  switch (node.op) {
    case Op::EQ: return order == 0;
    case Op::NE: return order != 0;
    case Op::GT: return !null && order > 0;
    case Op::GE: return !null && order >= 0;
    case Op::LT: return !null && order < 0;
    default: return !null && order <= 0;
  }
}

}  // namespace syncline::sandbox
