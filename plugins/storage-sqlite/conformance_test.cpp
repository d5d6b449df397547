#include <syncline/conformance/store_suite.hpp>

#include "store.hpp"

namespace syncline::conformance {

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite,
                         testing::Values(StoreUnderTest{
                             &class_of<sqlite::SqliteStore>,
                             [](const std::string& folder) { return R"({"path":")" + folder + R"(/state.db"})"; }}),
                         [](const auto&) { return "Store"; });

}  // namespace syncline::conformance
