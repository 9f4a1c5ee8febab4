#include "gateway/route/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

using testing::ElementsAre;

std::shared_ptr<const ModelSpec> model(std::string name, std::vector<std::string> aliases = {}) {
  return std::make_shared<const ModelSpec>(ModelSpec{
      .name = std::move(name), .aliases = std::move(aliases), .targets = {{.upstream = "u"}}});
}

/// Name of the model that is found, or "".
std::string found(const Models& models, std::string_view name) {
  const auto model = models.find(name);
  return model == nullptr ? "" : model->name;
}

TEST(Models, find_a_name_before_an_alias_before_a_pattern) {
  const Models models({model("gpt-*"), model("gpt-4o"), model("best", {"gpt-4o", "gpt-5"})});
  EXPECT_EQ(found(models, "gpt-4o"), "gpt-4o");
  EXPECT_EQ(found(models, "gpt-5"), "best");
  EXPECT_EQ(found(models, "gpt-4"), "gpt-*");
}

TEST(Models, take_the_pattern_with_the_longest_fixed_part) {
  const Models models({model("*"), model("claude-*"), model("claude-opus-*"), model("*-opus-*")});
  EXPECT_EQ(found(models, "claude-opus-4"), "claude-opus-*");
  EXPECT_EQ(found(models, "claude-haiku"), "claude-*");
  EXPECT_EQ(found(models, "my-opus-1"), "*-opus-*");
  EXPECT_EQ(found(models, "llama"), "*");
}

TEST(Models, find_nothing_for_a_name_that_is_not_there) {
  const Models models({model("gpt-*", {"best"})});
  EXPECT_EQ(found(models, "claude"), "");
  EXPECT_EQ(found(models, ""), "");
  EXPECT_EQ(found(models, "GPT-4"), "");
}

TEST(Models, list_names_and_aliases_but_no_patterns) {
  const Models models({model("zeta", {"beta", "gpt-*"}), model("alpha"), model("claude-*")});
  EXPECT_THAT(models.names(), ElementsAre("alpha", "beta", "zeta"));
}

}  // namespace
}  // namespace naru::gateway
