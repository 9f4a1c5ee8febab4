#pragma once
#include <gmock/gmock.h>

#include "store/store_for_test.h"

/// What every store must do, whatever it keeps its rows in. Another database joins by a row in
/// `kKinds`.
namespace naru::store {

struct Kind {
  std::string name;
  std::unique_ptr<Store> (*open)(const std::string& directory, const Clock& clock);
};
inline const Kind kKinds[] = {{"sqlite", testing::open_store}};

inline const auto kName = [](const auto& test) { return test.param.name; };

class StoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  StoreContract() { reopen(); }

  void reopen() {
    store_.reset();
    store_ = GetParam().open(directory_.path(), clock_);
  }
  KeyRow add(KeyRow made) { return testing::value(store_->add_key(std::move(made))); }
  std::vector<std::string> key_names() {
    std::vector<std::string> names;
    for (const KeyRow& each : testing::value(store_->list_keys())) names.push_back(each.name);
    return names;
  }
  /// The key of that hash as a client meets it: its name, `… revoked`, or `nobody`.
  std::string met(unsigned number) {
    const auto found = testing::value(testing::find_key(*store_, testing::hash_of(number)));
    if (!found) return "nobody";
    return found->name + (found->revoked ? " revoked" : "");
  }
  /// An id of that day of November 2026 and its `count`-th exchange.
  static ExchangeId id_on(unsigned day, ExchangeId count = 0) {
    const std::chrono::sys_days midnight(std::chrono::year(2026) / 11 / std::chrono::day(day));
    return first_id_at(WallTime(midnight)) + count;
  }
  void keep(KeptAnswer made) {
    const auto done = testing::keep_answer(*store_, std::move(made));
    ASSERT_TRUE(done) << done.error().detail;
  }
  std::optional<KeptAnswer> met_answer(std::int64_t key_id, std::string id) {
    return testing::value(testing::find_answer(*store_, key_id, std::move(id)));
  }
  void write(LedgerRow made) {
    const auto done = testing::append(*store_, std::move(made));
    ASSERT_TRUE(done) << done.error().detail;
  }

  ManualClock clock_;
  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

}  // namespace naru::store
