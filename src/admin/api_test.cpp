#include "admin/api.h"

#include <gtest/gtest.h>

#include <set>

namespace naru::admin {
namespace {

TEST(CallTable, has_a_handler_and_a_purpose_in_each_row) {
  for (const Call& call : calls()) {
    EXPECT_NE(call.run, nullptr) << call.path;
    EXPECT_FALSE(call.purpose.empty()) << call.path;
  }
}

TEST(CallTable, knows_only_methods_the_handler_can_be_asked_by) {
  const std::set<std::string_view> known = {"GET", "POST", "PATCH", "DELETE"};
  for (const Call& call : calls()) EXPECT_TRUE(known.contains(call.method)) << call.path;
}

TEST(CallTable, keeps_all_but_metrics_below_its_version) {
  for (const Call& call : calls())
    EXPECT_TRUE(call.path == "/metrics" || call.path.starts_with("/admin/v1/")) << call.path;
}

TEST(CallTable, has_each_method_and_path_once) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Call& call : calls()) EXPECT_TRUE(seen.emplace(call.method, call.path).second);
}

TEST(CallTable, has_a_wild_part_at_the_end_of_a_path_only) {
  for (const Call& call : calls()) {
    const std::size_t star = call.path.find('*');
    EXPECT_TRUE(star == call.path.npos || call.path.ends_with("/*")) << call.path;
    EXPECT_EQ(call.path.find('*', star == call.path.npos ? 0 : star + 1), call.path.npos);
  }
}

TEST(CallTable, names_the_arguments_of_every_call_that_takes_a_body) {
  for (const Call& call : calls())
    if ((call.method == "POST" || call.method == "PATCH") && call.path != "/admin/v1/reload")
      EXPECT_FALSE(call.arguments.empty()) << call.path;
}

TEST(CallTable, explains_every_query_argument_it_takes) {
  for (const Call& call : calls())
    for (const std::string_view name : call.query)
      EXPECT_NE(call.arguments.find(name), call.arguments.npos) << call.path << " " << name;
}

TEST(Request, gives_nothing_for_an_argument_that_was_not_given) {
  const Request request{
      .path = "/x", .tail = {}, .query = {{"by", "day"}, {"from", ""}}, .body = {}};
  EXPECT_EQ(request.argument("by"), "day");
  EXPECT_EQ(request.argument("from"), "");
  EXPECT_EQ(request.argument("until"), "");
}

}  // namespace
}  // namespace naru::admin
