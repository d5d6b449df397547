// The $filter language that the sandbox understands: eq ne gt ge lt le, and or not, contains startswith endswith, null,
// parentheses, Microsoft.Dynamics.CRM.In and @parameters.
#pragma once
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema.hpp"

namespace syncline::sandbox {

class Filter {
 public:
  using TypeOf = std::function<Type(const std::string& property)>;  // throws ODataError for what cannot be filtered
  using ValueOf = std::function<boost::json::value(const std::string& property)>;
  using Parameters = std::map<std::string, std::string>;  // "@p1" -> literal

  // Throws ODataError (400) with the place of the mistake.
  Filter(std::string_view text, const TypeOf& type_of, const Parameters& parameters = {});
  bool matches(const ValueOf& value_of) const;

 private:
  enum class Op { AND, OR, NOT, EQ, NE, GT, GE, LT, LE, CONTAINS, STARTSWITH, ENDSWITH, IN };
  struct Node {
    Op op = Op::AND;
    std::vector<Node> nodes;
    std::string property;
    std::vector<boost::json::value> literals;
  };
  class Parser;
  static bool holds(const Node& node, const ValueOf& value_of);
  Node root_;
};

// -1, 0, 1; text without regard to case, null before everything.
int compare(const boost::json::value& left, const boost::json::value& right);

}  // namespace syncline::sandbox
