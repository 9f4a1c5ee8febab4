#include "gateway/wishes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

using std::chrono::milliseconds;

Result<Wishes> read(std::string_view name, std::string_view value) {
  net::HeadersView headers;
  headers.add(name, value);
  return read_wishes(headers);
}

TEST(Wishes, are_none_without_headers) {
  const auto wishes = read_wishes({});
  ASSERT_TRUE(wishes);
  EXPECT_FALSE(wishes->timeout || wishes->priority);
}

TEST(Wishes, have_a_time_in_seconds) {
  EXPECT_EQ(read("X-Request-Timeout", "30")->timeout, milliseconds(30'000));
  EXPECT_EQ(read("x-request-timeout", " 2.5 ")->timeout, milliseconds(2'500));
  EXPECT_EQ(read("x-request-timeout", "0.001")->timeout, milliseconds(1));
}

TEST(Wishes, say_what_is_wrong_with_a_time) {
  for (const std::string_view value :
       {"", "0", "-1", "30s", "1e3", "nan", "inf", "0x10", "86401", "1,5", "+5", "1 2"}) {
    const auto wishes = read("x-request-timeout", value);
    ASSERT_FALSE(wishes) << value;
    EXPECT_EQ(wishes.error().kind, FaultKind::InvalidRequest);
    EXPECT_THAT(wishes.error().detail,
                testing::AllOf(testing::HasSubstr("x-request-timeout"),
                               testing::HasSubstr(fmt::format("'{}'", value)),
                               testing::HasSubstr("as 30 or 2.5")));
  }
}

TEST(Wishes, have_a_class) {
  EXPECT_EQ(read("x-naru-priority", "batch")->priority, Priority::Batch);
  EXPECT_THAT(read("x-naru-priority", "urgent").error().detail,
              testing::HasSubstr("critical, interactive or batch"));
}

TEST(Wishes, stand_once) {
  net::HeadersView headers;
  headers.add("x-request-timeout", "1");
  headers.add("X-Request-Timeout", "2");
  EXPECT_THAT(read_wishes(headers).error().detail, testing::HasSubstr("more than once"));
}

TEST(Wishes, go_on_as_they_came) {
  EXPECT_EQ(timeout_value(milliseconds(2'500)), "2.500");
  EXPECT_EQ(timeout_value(milliseconds(0)), "0.001") << "what another naru takes";
}

}  // namespace
}  // namespace naru::gateway
