#include "store/answer_shelf.h"

#include <gtest/gtest.h>

#include <future>

#include "store/store_for_test.h"

namespace naru::store {
namespace {

using testing::value;

constexpr std::uint64_t kAll = AnswerShelf::kMostWaitingBytes;

/// A shelf of its own, whose work says nothing; `bytes` are what it holds.
class ShelfOfAnswers : public ::testing::Test {
 protected:
  Result<void> change(std::uint64_t bytes, std::function<void()> work = [] {}) {
    Result<void> given;
    net::run_task([&](net::Loop& loop) { return change_once(shelf_, loop, bytes, work, given); },
                  SystemClock{}, telemetry::null_log());
    return given;
  }
  static net::Task<void> change_once(AnswerShelf& shelf, net::Loop& loop, std::uint64_t bytes,
                                     std::function<void()> work, Result<void>& given) {
    const auto change = [work](Connection&) -> Result<void> {
      work();
      return {};
    };
    given = co_await shelf.change(loop, change, bytes, {});
  }
  Connection open() {
    return value(Connection::open(directory_.path("shelf.db"), Durability::ProcessDeath));
  }

  testing::TemporaryDirectory directory_;
  SharedConnection writing_{open()};
  AnswerShelf shelf_{writing_, open()};
};

TEST_F(ShelfOfAnswers, takes_no_more_bytes_than_it_may_hold) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::jthread first([&] {
    const auto wait = [&] {
      begun.set_value();
      go_on.get_future().wait();
    };
    EXPECT_TRUE(change(kAll + 1, wait)) << "alone it may be of any size";
  });
  begun.get_future().wait();
  EXPECT_EQ(change(1).error().kind, FaultKind::Overloaded);
  go_on.set_value();
  first.join();
  EXPECT_TRUE(testing::eventually([&] { return change(kAll).has_value(); }));
}

}  // namespace
}  // namespace naru::store
