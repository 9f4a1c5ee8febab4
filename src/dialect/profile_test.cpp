#include <gtest/gtest.h>

#include <set>

#include "dialect/testing.h"

/// What every dialect's profile must hold to, and what it says in words of its own.
namespace naru::dialect {
namespace {

std::string_view own_paths(const Dialect& dialect) { return dialect.profile().own_paths; }

TEST(Profiles, have_names_and_paths_of_their_own) {
  std::set<std::string_view> names;
  std::set<std::string_view> paths;
  for (const Dialect* one : all_dialects()) {
    EXPECT_TRUE(names.insert(one->name()).second) << one->name();
    EXPECT_FALSE(one->family().empty()) << one->name();
    for (const CallRow& call : one->profile().calls)
      EXPECT_TRUE(paths.insert(call.served_at).second) << call.served_at << " is served twice";
  }
  for (const Dialect* one : all_dialects())
    EXPECT_FALSE(paths.contains(one->profile().models_at)) << one->name();
}

TEST(Profiles, have_paths_that_begin_at_the_root) {
  for (const Dialect* one : all_dialects()) {
    EXPECT_TRUE(one->profile().models_at.starts_with('/')) << one->name();
    for (const CallRow& call : one->profile().calls) {
      EXPECT_TRUE(call.served_at.starts_with('/')) << call.served_at;
      EXPECT_TRUE(call.path.starts_with('/')) << call.path;
    }
  }
}

TEST(Profiles, serve_each_operation_at_one_path) {
  for (const Dialect* one : all_dialects()) {
    std::set<Operation> operations;
    for (const CallRow& call : one->profile().calls) {
      EXPECT_TRUE(operations.insert(call.operation).second) << call.served_at;
      EXPECT_EQ(one->path(call.operation), call.path);
    }
    EXPECT_TRUE(one->serves(Operation::Chat)) << one->name();
  }
}

/// Else a fault on a path of one dialect would be told in another's words.
TEST(Profiles, claim_their_own_paths_and_no_others) {
  for (const Dialect* one : all_dialects()) {
    if (own_paths(*one).empty()) continue;
    for (const Dialect* other : all_dialects())
      for (const CallRow& call : other->profile().calls)
        EXPECT_EQ(call.served_at.starts_with(own_paths(*one)), one == other) << call.served_at;
    if (const Keeping* keeping = one->profile().keeping; keeping != nullptr)
      EXPECT_TRUE(keeping->served_at.starts_with(own_paths(*one))) << keeping->served_at;
  }
}

TEST(Profiles, give_every_dialect_but_the_first_a_sign_by_which_it_is_known) {
  for (const Dialect* one : all_dialects().subspan(1))
    EXPECT_FALSE(own_paths(*one).empty()) << one->name();
}

TEST(FaultWords, are_there_for_every_kind_in_every_dialect) {
  for (const Dialect* one : all_dialects())
    for (const FaultRow& row : kFaultRows) {
      const std::string body = one->write_error({.kind = row.kind, .detail = "why"}, "");
      EXPECT_TRUE(testing::Parsed(body).ok()) << body;
      EXPECT_NE(body.find("why"), body.npos) << body;
      EXPECT_EQ(body.find(R"(:"")"), body.npos) << one->name() << " has no word: " << body;
    }
}

}  // namespace
}  // namespace naru::dialect
