#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "store/data_directory.h"
#include "store/store_for_test.h"
#include "sys/turn.h"

namespace naru::store {
namespace {

using testing::value;

/// A store, and a second one on the same directory, as while one naru follows another.
class TwoStores : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open_second() {
    return value(Store::open({.lock = ::dup(first_->lock()), .directory = path_}, clock_,
                             telemetry::null_log()));
  }
  std::string held_by() const {
    const auto held = DataDirectory::hold(path_);
    return held ? "" : held.error().detail;
  }

  testing::TemporaryDirectory outer_;
  std::string path_ = outer_.path("data");
  SystemClock clock_;
  std::unique_ptr<Store> first_ = testing::open_store(path_, clock_);
};

TEST_F(TwoStores, write_one_ledger_without_losing_a_row) {
  constexpr std::size_t kRows = 2'000;
  const auto second = open_second();
  std::vector<Fault> of_first;
  {
    const std::jthread other(
        [&] { of_first = testing::append_all(*first_, testing::rows(1, kRows)); });
    for (ExchangeId id = 100'001; id < 100'201; ++id)  // one by one, between the other's commits
      EXPECT_TRUE(testing::append(*second, testing::row(id)));
  }
  EXPECT_TRUE(of_first.empty()) << of_first.front().detail;
  EXPECT_EQ(value(second->recent(10'000)).size(), kRows + 200);
}

TEST_F(TwoStores, know_each_others_keys) {
  const auto second = open_second();
  const KeyRow made = value(first_->add_key(testing::key("laptop", 1)));
  EXPECT_TRUE(value(testing::find_key(*second, made.hash)).has_value());
  (void)value(second->revoke_key("laptop"));
  EXPECT_TRUE(testing::eventually([&] {
    const auto seen = value(testing::find_key(*first_, made.hash));
    return seen && seen->revoked;
  }));
}

TEST_F(TwoStores, hold_the_directory_until_both_are_gone) {
  auto second = open_second();
  EXPECT_TRUE(second->sign_lock());
  first_.reset();
  EXPECT_NE(held_by(), "");
  EXPECT_TRUE(testing::append(*second, testing::row(1)));
  second.reset();
  EXPECT_EQ(held_by(), "");
}

TEST_F(TwoStores, leave_the_directory_to_one_of_them) {
  auto second = open_second();
  first_->leave_lock();
  EXPECT_NE(held_by(), "");
  second.reset();  // it dies, while the first one has calls to end
  EXPECT_EQ(held_by(), "");
  EXPECT_TRUE(testing::append(*first_, testing::row(1)));
}

TEST_F(TwoStores, are_of_one_directory) {
  const auto refused = Store::open({.lock = ::dup(first_->lock()), .directory = outer_.path("x")},
                                   clock_, telemetry::null_log());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::Unavailable);
}

TEST_F(TwoStores, begin_in_turn) {
  const std::string file = path_ + "/naru.lock";
  const sys::Turn mine = value(sys::Turn::open(file));
  const sys::Turn others = value(sys::Turn::open(file));
  std::atomic<bool> given = false;
  std::atomic<bool> began = false;
  std::optional<sys::Turn::Held> held(mine.take());
  std::jthread other([&] {
    began = true;
    const sys::Turn::Held its = others.take();
    EXPECT_TRUE(given);
  });
  EXPECT_TRUE(testing::eventually([&] { return began.load(); }));
  given = true;
  held.reset();
}

TEST_F(TwoStores, go_on_without_a_turn_that_is_not_given) {
  const std::string file = path_ + "/naru.lock";
  const sys::Turn stuck = value(sys::Turn::open(file));
  const sys::Turn::Held held = stuck.take();
  EXPECT_TRUE(testing::append(*first_, testing::row(1)));
}

}  // namespace
}  // namespace naru::store
