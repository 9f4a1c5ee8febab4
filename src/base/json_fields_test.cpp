#include "base/json_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace naru::json {
namespace {

using testing::ElementsAre;

/// A text and a reader of it, kept together.
class Fields {
 public:
  explicit Fields(std::string text, std::string path = "$")
      : text_(std::move(text)), tree_(*Tree::parse(text_)), in(tree_.root(), std::move(path)) {}
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  std::string detail() const { return in.ok() ? "fine" : in.fault().detail; }

 private:
  std::string text_;
  Tree tree_;

 public:
  FieldReader in;
};

TEST(FieldReader, takes_typed_fields_and_keeps_the_rest_untouched) {
  Fields fields(R"({"model":"m","n":2,"t":0.5,"s":true,"x":{"a": 1.0e1},"\u0079":[ ]})");
  EXPECT_EQ(fields.in.text("model"), "m");
  EXPECT_EQ(fields.in.find_integer("n", 1, 9), 2);
  EXPECT_EQ(fields.in.find_number("t", 0, 2), 0.5);
  EXPECT_EQ(fields.in.find_boolean("s"), true);
  EXPECT_THAT(fields.in.rest(),
              ElementsAre(RawField{"x", R"({"a": 1.0e1})"}, RawField{"y", "[ ]"}));
  EXPECT_EQ(fields.in.finish(7), 7);
}

TEST(FieldReader, lets_optional_fields_be_missing_or_null) {
  Fields fields(R"({"a":null,"b":null})");
  EXPECT_EQ(fields.in.find_text("a"), std::nullopt);
  EXPECT_EQ(fields.in.find_any("b"), std::nullopt);
  EXPECT_EQ(fields.in.find_integer("c", 0, 1), std::nullopt);
  EXPECT_TRUE(fields.in.ok());
  EXPECT_TRUE(fields.in.rest().empty());
}

TEST(FieldReader, collects_every_problem_with_its_path) {
  Fields fields(R"({"n":0,"s":"yes","t":3,"big":1e99,"w":"x"})");
  (void)fields.in.text("model");
  (void)fields.in.find_integer("n", 1, 4096);
  (void)fields.in.find_boolean("s");
  (void)fields.in.find_number("t", 0, 2);
  (void)fields.in.find_integer("w", 0, std::numeric_limits<std::int64_t>::max());
  (void)fields.in.need("list", Type::Array);
  EXPECT_EQ(fields.detail(),
            "$.model must be a string; $.n must be a whole number from 1 to 4096, not 0; "
            "$.s must be true or false; $.t must be a number from 0 to 2, not 3; "
            "$.w must be a whole number of at least 0; $.list must be an array");
  const Result<int> result = fields.in.finish(1);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, FaultKind::InvalidRequest);
  EXPECT_EQ(result.error().param, "model");
}

TEST(FieldReader, refuses_null_where_a_value_is_required) {
  Fields fields(R"({"model":null})");
  (void)fields.in.text("model");
  EXPECT_EQ(fields.detail(), "$.model must be a string");
}

TEST(FieldReader, says_once_that_its_value_is_no_object) {
  Fields fields("[1]", "$.messages[0]");
  (void)fields.in.text("role");
  (void)fields.in.need("content", Type::String);
  EXPECT_EQ(fields.detail(), "$.messages[0] must be an object");
  EXPECT_EQ(fields.in.fault().param, "messages[0]");
}

TEST(FieldReader, absorbs_the_problems_of_an_inner_object) {
  Fields outer("{}");
  Fields inner("{}", "$.messages[1]");
  outer.in.problem("stop", "must be a string or a list of strings");
  (void)inner.in.text("role");
  outer.in.absorb(inner.in);
  EXPECT_TRUE(inner.in.ok());
  EXPECT_EQ(outer.detail(),
            "$.stop must be a string or a list of strings; $.messages[1].role must be a string");
}

TEST(FieldReader, takes_either_boolean_for_one) {
  Fields fields(R"({"a":true,"b":false,"c":1})");
  EXPECT_TRUE(fields.in.need("a", Type::False).has_value());
  EXPECT_TRUE(fields.in.need("b", Type::True).has_value());
  EXPECT_FALSE(fields.in.need("c", Type::True).has_value());
  EXPECT_EQ(fields.detail(), "$.c must be true or false");
}

TEST(FieldReader, bounds_the_problems_it_names) {
  Fields fields("{}");
  for (int i = 0; i < 40; ++i) (void)fields.in.text(fmt::format("f{}", i));
  EXPECT_THAT(fields.detail(), testing::EndsWith("$.f15 must be a string; and 24 more"));
}

TEST(FieldReader, shows_no_text_of_a_wrong_value) {
  Fields fields(R"({"n":"private words"})");
  (void)fields.in.find_integer("n", 1, 2);
  EXPECT_EQ(fields.detail(), "$.n must be a whole number from 1 to 2");
}

}  // namespace
}  // namespace naru::json
