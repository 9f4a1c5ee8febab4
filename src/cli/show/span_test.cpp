#include "cli/show/span.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::cli {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

TEST(Span, is_a_whole_number_and_its_unit) {
  struct Case {
    std::string_view text;
    seconds length;
  };
  for (const auto& [text, length] :
       std::initializer_list<Case>{{"90s", seconds(90)},
                                   {"45m", seconds(2'700)},
                                   {"12h", seconds(43'200)},
                                   {"30d", seconds(2'592'000)},
                                   {"2w", seconds(1'209'600)},
                                   {"36600d", seconds(36'600LL * 86'400)}}) {
    const auto span = read_span(text);
    ASSERT_TRUE(span) << text;
    EXPECT_EQ(*span, length) << text;
  }
}

TEST(Span, says_how_it_is_written_when_it_is_not) {
  for (const std::string_view text : {"", "d", "30", "30 d", "-1d", "0d", "1.5h", "30days", "d30",
                                      "+3d", "99999999999999999999d"})
    EXPECT_THAT(read_span(text).error().detail, HasSubstr("write it as 12h, 30d or 2w")) << text;
}

TEST(Span, ends_at_a_hundred_years) {
  EXPECT_EQ(read_span("36601d").error().detail, "'36601d' is more than a hundred years");
  EXPECT_EQ(read_span("9223372036854775807w").error().kind, FaultKind::InvalidRequest);
}

}  // namespace
}  // namespace naru::cli
