#include "registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "registry/temporary_folder_for_test.h"
#include "registry/toy_kinds_for_test.h"

namespace naru::registry {
namespace {

using testing::ElementsAre;

constexpr std::string_view kGood = "kind: Harbour\nname: busan\nberths: 1\n";
constexpr std::string_view kBetter = "kind: Harbour\nname: busan\nberths: 20\n";
constexpr std::string_view kBad = "kind: Harbour\nname: busan\nberths: 0\n";

/// A registry over one file that tests write.
class OneFile : public testing::Test {
 protected:
  OneFile()
      : registry_({.kinds = toy::kinds(),
                   .paths = {folder_.at("naru.yaml")},
                   .loops = 1,
                   .first_revision = 100},
                  clock_, telemetry::null_log()) {}

  Registry::Outcome reload(std::string_view text) {
    folder_.replace("naru.yaml", text);
    return registry_.reload();
  }
  std::uint32_t berths() {
    return registry_.snapshots().pin(0)->get<toy::Harbours>().by_name.at("busan").berths;
  }

  const TemporaryFolder folder_;
  ManualClock clock_;
  Registry registry_;
};

TEST_F(OneFile, is_in_force_once_read) {
  EXPECT_EQ(registry_.snapshots().pin(0), nullptr);
  EXPECT_EQ(reload(kGood), 100);
  EXPECT_EQ(berths(), 1U);
  EXPECT_EQ(registry_.snapshots().pin(0)->revision(), 100);
  EXPECT_EQ(registry_.snapshots().pin(0)->published_s(), 1'800'000'000);
}

TEST_F(OneFile, counts_revisions_up_by_what_was_published_alone) {
  EXPECT_EQ(reload(kGood), 100);
  EXPECT_FALSE(reload(kBad));
  EXPECT_EQ(reload(kBetter), 101);
  EXPECT_EQ(berths(), 20U);
}

TEST_F(OneFile, leaves_the_running_snapshot_in_place_when_it_is_bad) {
  EXPECT_TRUE(reload(kGood));
  const auto refused = reload(kBad);
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().size(), 1U);
  EXPECT_EQ(settings::write_problem(refused.error()[0]),
            folder_.at("naru.yaml") + ":3:9: Harbour busan: berths is '0'; the least is 1");
  EXPECT_EQ(registry_.problems().size(), 1U);
  EXPECT_EQ(berths(), 1U);
  EXPECT_TRUE(reload(kBetter));
  EXPECT_THAT(registry_.problems(), testing::IsEmpty());
}

TEST_F(OneFile, tells_of_each_snapshot_after_it_was_published) {
  std::vector<std::int64_t> told;
  registry_.on_change([&](const std::shared_ptr<const Snapshot>& snapshot) {
    EXPECT_EQ(registry_.snapshots().latest(), snapshot);
    told.push_back(snapshot->revision());
  });
  EXPECT_TRUE(reload(kGood));
  EXPECT_FALSE(reload(kBad));
  EXPECT_TRUE(reload(kGood));
  EXPECT_THAT(told, ElementsAre(100, 101));
}

TEST_F(OneFile, names_what_is_to_be_watched) {
  EXPECT_THAT(registry_.watched(), ElementsAre(folder_.at("naru.yaml")));
  EXPECT_TRUE(reload("kind: Harbour\nname: busan\nmap_file: busan.map\n"));
  EXPECT_THAT(registry_.watched(), ElementsAre(folder_.at("busan.map"), folder_.at("naru.yaml")));
}

TEST_F(OneFile, can_be_read_anew_from_many_threads_while_a_loop_pins) {
  EXPECT_TRUE(reload(kGood));
  constexpr int kThreads = 3;
  constexpr int kTimes = 20;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([this] {
        for (int n = 0; n < kTimes; ++n) EXPECT_TRUE(registry_.reload());
      });
    std::int64_t last = 0;
    while (last < 100 + kThreads * kTimes) {
      const std::int64_t now = registry_.snapshots().pin(0)->revision();
      EXPECT_GE(now, last);
      last = now;
    }
  }
}

TEST(Registry, is_empty_handed_when_its_first_documents_are_bad) {
  ManualClock clock;
  Registry registry({.kinds = toy::kinds(), .paths = {"/nowhere.yaml"}}, clock,
                    telemetry::null_log());
  EXPECT_FALSE(registry.reload());
  EXPECT_EQ(registry.snapshots().latest(), nullptr);
}

}  // namespace
}  // namespace naru::registry
