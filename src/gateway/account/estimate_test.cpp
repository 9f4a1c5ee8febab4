#include "gateway/account/estimate.h"

#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

chat::Tally text_of(std::string_view text, int times = 1) {
  chat::Tally tally;
  for (int i = 0; i < times; ++i) tally.add(text);
  return tally;
}

TEST(Estimate, counts_scripts_by_their_own_weight) {
  const Estimator estimator;
  EXPECT_EQ(estimator.tokens("m", text_of("")), 0);
  EXPECT_EQ(estimator.tokens("m", text_of("a")), 1);
  EXPECT_EQ(estimator.tokens("m", text_of("four", 100)), 100);
  EXPECT_NEAR(static_cast<double>(estimator.tokens("m", text_of("나루", 100))), 167, 2);
}

TEST(Estimate, learns_a_model_from_what_it_reports) {
  Estimator estimator;
  const chat::Tally text = text_of("word ", 100);
  const auto before = estimator.tokens("m", text);
  for (int i = 0; i < 100; ++i) estimator.learn("m", text, 2 * before);
  EXPECT_NEAR(static_cast<double>(estimator.tokens("m", text)), 2.0 * static_cast<double>(before),
              2);
  EXPECT_EQ(estimator.tokens("another", text), before);
}

TEST(Estimate, is_not_taught_by_scraps_or_nonsense) {
  Estimator estimator;
  const auto before = estimator.tokens("m", text_of("word ", 100));
  for (int i = 0; i < 100; ++i) {
    estimator.learn("m", text_of("hi"), 50);
    estimator.learn("m", text_of("word ", 100), 0);
  }
  EXPECT_EQ(estimator.tokens("m", text_of("word ", 100)), before);
}

TEST(Estimate, bounds_the_models_it_remembers) {
  Estimator estimator;
  const chat::Tally text = text_of("word ", 20);
  const auto before = estimator.tokens("m", text);
  for (std::size_t i = 0; i < 2 * Estimator::kMaxModels; ++i)
    estimator.learn("model-" + std::to_string(i), text, 4 * before);
  EXPECT_LT(estimator.tokens("model-0", text), 2 * before) << "its own one lesson";
  EXPECT_GE(estimator.tokens("one more", text), 3 * before) << "what further ones share";
}

}  // namespace
}  // namespace naru::gateway
