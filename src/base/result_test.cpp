#include "base/result.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace naru {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(FaultKind::InvalidRequest, "{} is odd", value);
  return value / 2;
}

Result<std::string> quarter(int value) {
  NARU_TRY(const int once, half(value));
  NARU_TRY(const int twice, half(once));
  return fmt::format("{}", twice);
}

Result<void> wants_even(int value) {
  NARU_TRY_VOID(half(value));
  return {};
}

TEST(Result, passes_a_value_or_its_fault_on) {
  EXPECT_EQ(quarter(12), "3");
  EXPECT_EQ(quarter(6).error().detail, "3 is odd");
  EXPECT_EQ(quarter(7).error().kind, FaultKind::InvalidRequest);
  EXPECT_TRUE(wants_even(2).has_value());
  EXPECT_FALSE(wants_even(3).has_value());
}

TEST(Fault, keeps_a_providers_own_status_only_where_the_client_can_mend_it) {
  EXPECT_EQ(status_of({.kind = FaultKind::UpstreamRefused, .detail = "", .upstream_status = 422}),
            422);
  EXPECT_EQ(status_of({.kind = FaultKind::UpstreamRefused, .detail = "", .upstream_status = 500}),
            400);
  EXPECT_EQ(status_of({.kind = FaultKind::UpstreamRefused, .detail = ""}), 400);
  EXPECT_EQ(status_of({.kind = FaultKind::UpstreamAuth, .detail = "", .upstream_status = 401}),
            502);
}

TEST(Fault, has_a_row_with_an_error_status_and_a_word_for_every_kind) {
  for (const FaultRow& one : kFaultRows) {
    EXPECT_GE(one.status, 400) << one.word;
    EXPECT_LT(one.status, 600) << one.word;
    EXPECT_FALSE(one.word.empty());
  }
}

TEST(Check, says_what_broke_where_and_why) {
  EXPECT_NO_THROW(NARU_CHECK(true, "never seen"));
  try {
    NARU_CHECK(1 + 1 == 3, "arithmetic is as we learnt it");
    FAIL() << "the check passed";
  } catch (const BrokenInvariant& broken) {
    const std::string_view text = broken.what();
    EXPECT_NE(text.find("result_test.cpp"), text.npos);
    EXPECT_NE(text.find("1 + 1 == 3 does not hold: arithmetic is as we learnt it"), text.npos);
  }
}

}  // namespace
}  // namespace naru
