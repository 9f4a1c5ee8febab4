#include "cli/ask/order.h"

#include <gtest/gtest.h>

#include "cli/ask/http.h"

namespace naru::cli {
namespace {

TEST(Order, encodes_what_a_name_may_hold) {
  EXPECT_EQ(target_of({.path = "/admin/v1/keys/*", .tail = "a/b c?나"}),
            "/admin/v1/keys/a%2Fb%20c%3F%EB%82%98");
}

TEST(Order, leaves_out_arguments_that_are_empty) {
  EXPECT_EQ(target_of({.path = "/admin/v1/usage",
                       .query = {{"by", "key,day"}, {"from", ""}, {"model", "x&y"}}}),
            "/admin/v1/usage?by=key%2Cday&model=x%26y");
}

TEST(ErrorAnswer, is_said_in_its_own_words_or_shown) {
  EXPECT_EQ(said_in_error(404, R"({"error":{"message":"no such key"}})"), "no such key");
  EXPECT_EQ(said_in_error(502, "<html>\nBad gateway"),
            "the answer has status 502 and says '<html> Bad gateway'");
}

}  // namespace
}  // namespace naru::cli
