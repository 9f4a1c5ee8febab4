// Keys, the ledger and its sums.
#include "store/store_contract.h"

#include <thread>

namespace naru::store {
namespace {

using namespace std::chrono_literals;
using testing::append;
using testing::append_all;
using ::testing::ElementsAre;
using testing::find_key;
using testing::hash_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::key;
using testing::row;
using testing::value;

using Strings = std::vector<std::string>;

// Keys.

TEST_P(StoreContract, keeps_every_field_of_a_key) {
  KeyRow made = key("team-a", 1);
  made.expires = clock_.wall_now() + 24h;
  made.models = {"gpt-5", "claude-*", "quo\"te,구"};
  made.limits = {.requests_per_minute = 60, .tokens_per_minute = {}, .concurrency = 4};
  const KeyRow added = add(made);
  EXPECT_GT(added.id, 0);
  EXPECT_EQ(added.created, clock_.wall_now());
  for (const bool again : {false, true}) {
    if (again) reopen();
    const auto found = value(find_key(*store_, made.hash));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, added.id);
    EXPECT_EQ(found->name, "team-a");
    EXPECT_EQ(found->hint, "abcd");
    EXPECT_EQ(found->hash, made.hash);
    EXPECT_EQ(found->created, clock_.wall_now());
    EXPECT_EQ(found->expires, made.expires);
    EXPECT_EQ(found->revoked, std::nullopt);
    EXPECT_EQ(found->models, made.models);
    EXPECT_EQ(found->limits, made.limits);
  }
}

TEST_P(StoreContract, changes_named_limits_of_a_live_key_and_leaves_the_others) {
  KeyRow made = key("team-a", 1);
  made.limits = {.requests_per_minute = 60, .tokens_per_minute = 1'000, .concurrency = {}};
  const KeyRow added = add(made);
  ASSERT_TRUE(value(find_key(*store_, made.hash)));  // the cache knows it now
  const auto [requests, tokens, concurrency] = kKeyLimits;
  const KeyLimits after = {.requests_per_minute = 90, .tokens_per_minute = 1'000, .concurrency = 2};
  EXPECT_EQ(
      value(store_->change_key("team-a", {.limits = {{requests, 90}, {concurrency, 2}}})).limits,
      after);
  EXPECT_EQ(value(find_key(*store_, made.hash))->limits, after);
  value(store_->change_key(fmt::format("{}", added.id), {.limits = {{tokens, std::nullopt}}}));
  reopen();
  const KeyLimits last = {.requests_per_minute = 90, .tokens_per_minute = {}, .concurrency = 2};
  EXPECT_EQ(value(store_->list_keys()).front().limits, last);
}

TEST_P(StoreContract, changes_the_class_of_a_live_key_alone) {
  KeyRow made = key("team-a", 1);
  made.limits.concurrency = 2;
  made.priority = Priority::Batch;
  add(made);
  EXPECT_EQ(value(find_key(*store_, made.hash))->priority, Priority::Batch);
  value(store_->change_key("team-a", {.priority = Priority::Critical}));
  EXPECT_EQ(value(find_key(*store_, made.hash))->priority, Priority::Critical);
  reopen();
  const KeyRow after = value(store_->list_keys()).front();
  EXPECT_EQ(after.priority, Priority::Critical);
  EXPECT_EQ(after.limits, made.limits);
}

TEST_P(StoreContract, changes_no_key_that_is_revoked_or_unknown) {
  add(key("gone", 1));
  value(store_->revoke_key("gone"));
  for (const char* name : {"gone", "nobody"})
    EXPECT_EQ(store_->change_key(name, {.limits = {{kKeyLimits[0], 1}}}).error().kind,
              FaultKind::InvalidRequest);
}

TEST_P(StoreContract, lists_keys_in_the_order_they_were_made) {
  add(key("b", 1));
  add(key("a", 2));
  EXPECT_THAT(key_names(), ElementsAre("b", "a"));
}

TEST_P(StoreContract, refuses_a_second_live_key_of_one_name) {
  add(key("team-a", 1));
  const auto second = store_->add_key(key("team-a", 2));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, FaultKind::Conflict);
  EXPECT_THAT(second.error().detail, HasSubstr("named 'team-a'"));
  EXPECT_EQ(met(2), "nobody");
}

TEST_P(StoreContract, refuses_a_second_key_of_one_hash) {
  add(key("a", 1));
  const auto second = store_->add_key(key("b", 1));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, FaultKind::Conflict);
}

TEST_P(StoreContract, refuses_a_key_without_a_name_or_with_an_endless_one) {
  for (const std::string& name : {std::string(), std::string(500, 'x')}) {
    const auto refused = store_->add_key(key(name, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FaultKind::InvalidRequest);
  }
}

TEST_P(StoreContract, gives_a_name_free_when_its_key_is_revoked) {
  add(key("team-a", 1));
  value(store_->revoke_key("team-a"));
  add(key("team-a", 2));
  EXPECT_EQ(met(1), "team-a revoked");
  EXPECT_EQ(met(2), "team-a");
}

TEST_P(StoreContract, revokes_by_id_too_but_a_name_goes_before_it) {
  const KeyRow first = add(key("first", 1));
  const KeyRow second = add(key(std::to_string(first.id), 2));
  EXPECT_EQ(value(store_->revoke_key(std::to_string(first.id))).id, second.id);
  EXPECT_EQ(value(store_->revoke_key(std::to_string(first.id))).id, first.id);
}

TEST_P(StoreContract, revokes_no_key_twice) {
  add(key("team-a", 1));
  clock_.advance(1h);
  EXPECT_EQ(value(store_->revoke_key("team-a")).revoked, clock_.wall_now());
  const auto again = store_->revoke_key("team-a");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, FaultKind::InvalidRequest);
  EXPECT_THAT(again.error().detail, HasSubstr("no live key has the name or id 'team-a'"));
}

TEST_P(StoreContract, sees_each_change_of_a_key_that_was_looked_up_before) {
  EXPECT_EQ(met(1), "nobody");
  add(key("team-a", 1));
  EXPECT_EQ(met(1), "team-a");
  value(store_->revoke_key("team-a"));
  EXPECT_EQ(met(1), "team-a revoked");
}

TEST_P(StoreContract, treats_quotes_and_sql_in_names_as_text) {
  const std::string name = "x'; DROP TABLE keys; --";
  add(key(name, 1));
  EXPECT_EQ(value(store_->revoke_key(name)).name, name);
  EXPECT_FALSE(store_->revoke_key("' OR 1=1 --"));
  EXPECT_THAT(key_names(), ElementsAre(name));
}

TEST_P(StoreContract, holds_to_the_pepper_its_keys_were_hashed_under) {
  EXPECT_TRUE(store_->check_pepper(hash_of(1)));
  EXPECT_TRUE(store_->check_pepper(hash_of(2))) << "no key is lost yet";
  add(key("team-a", 1));
  EXPECT_TRUE(store_->check_pepper(hash_of(2)));
  reopen();
  const auto other = store_->check_pepper(hash_of(1));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, FaultKind::Unavailable);
  EXPECT_THAT(other.error().detail, HasSubstr("hashed under another pepper"));
}

// Ledger.

void expect_same(const LedgerRow& a, const LedgerRow& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.key_id, b.key_id);
  EXPECT_EQ(a.model, b.model);
  EXPECT_EQ(a.upstream, b.upstream);
  EXPECT_EQ(a.upstream_model, b.upstream_model);
  EXPECT_EQ(a.dialect, b.dialect);
  EXPECT_EQ(a.operation, b.operation);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.attempts, b.attempts);
  EXPECT_EQ(a.stream, b.stream);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.method, b.method);
  EXPECT_EQ(a.first_token_us, b.first_token_us);
  EXPECT_EQ(a.total_us, b.total_us);
  EXPECT_EQ(a.revision, b.revision);
  EXPECT_EQ(a.rule, b.rule);
  EXPECT_EQ(a.client_request_id, b.client_request_id);
  EXPECT_EQ(a.losses, b.losses);
}

TEST_P(StoreContract, keeps_every_field_of_a_ledger_row) {
  const LedgerRow full = row(id_on(23, 1));
  LedgerRow bare{.id = id_on(23, 2)};
  for (const LedgerRow& each : {full, bare}) {
    write(each);
    const auto found = value(store_->find_exchange(each.id));
    ASSERT_TRUE(found);
    expect_same(*found, each);
  }
}

TEST_P(StoreContract, keeps_every_word_for_how_tokens_were_found) {
  ExchangeId id = id_on(23);
  for (const auto method :
       {TokenMethod::Reported, TokenMethod::Engine, TokenMethod::Bytes, TokenMethod::None}) {
    LedgerRow made = row(++id);
    made.method = method;
    write(made);
    EXPECT_EQ(value(store_->find_exchange(id))->method, method) << word_of(method);
  }
}

TEST_P(StoreContract, gives_the_latest_exchanges_first) {
  EXPECT_THAT(value(store_->recent(5)), IsEmpty());
  for (const unsigned day : {21U, 23U, 22U}) write(row(id_on(day)));
  std::vector<ExchangeId> ids;
  for (const LedgerRow& each : value(store_->recent(2))) ids.push_back(each.id);
  EXPECT_THAT(ids, ElementsAre(id_on(23), id_on(22)));
}

TEST_P(StoreContract, knows_the_last_exchange_after_a_restart) {
  EXPECT_EQ(value(store_->last_exchange()), 0);
  write(row(id_on(23)));
  write(row(id_on(22)));
  reopen();
  EXPECT_EQ(value(store_->last_exchange()), id_on(23));
}

TEST_P(StoreContract, knows_no_exchange_it_was_not_given) {
  EXPECT_EQ(value(store_->find_exchange(12345)), std::nullopt);
}

TEST_P(StoreContract, refuses_an_id_it_has_but_writes_the_rows_beside_it) {
  write(row(id_on(23, 5)));
  const auto faults = append_all(*store_, testing::rows(id_on(23), 10));
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].kind, FaultKind::Conflict);
  EXPECT_EQ(value(store_->recent(100)).size(), 10U);
  EXPECT_TRUE(store_->ready()) << "the store is well";
}

TEST_P(StoreContract, takes_rows_from_several_loops_at_once) {
  constexpr int kLoops = 4;
  constexpr std::size_t kRows = 300;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kLoops; ++i)
      threads.emplace_back([this, i] {
        EXPECT_THAT(append_all(*store_, testing::rows(id_on(23, i * 1000), kRows)), IsEmpty());
      });
  }
  EXPECT_EQ(value(store_->recent(10'000)).size(), kLoops * kRows);
  EXPECT_EQ(store_->ledger_waiting(), 0U);
}

TEST_P(StoreContract, serves_keys_from_several_loops_while_they_change) {
  add(key("stays", 1));
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([this] {
      for (int round = 0; round < 100; ++round) EXPECT_EQ(met(1), "stays");
    });
  for (unsigned number = 100; number < 120; ++number) {
    add(key("goes", number));
    value(store_->revoke_key("goes"));
    EXPECT_EQ(met(number), "goes revoked");
  }
}

// Usage.

class StoreUsage : public StoreContract {
 protected:
  StoreUsage() {
    alpha_ = add(key("alpha", 1)).id;
    beta_ = add(key("beta", 2)).id;
    entry(id_on(22), alpha_, "small", 100);
    entry(id_on(22, 1), alpha_, "large", 200);
    entry(id_on(23), alpha_, "small", 400);
    entry(id_on(23, 1), beta_, "small", 800);
  }
  void entry(ExchangeId id, std::int64_t key_id, std::string model, std::int64_t input) {
    write({.id = id,
           .key_id = key_id,
           .model = std::move(model),
           .outcome = "ok",
           .tokens = {.input = input},
           .method = TokenMethod::Reported,
           .first_token_us = 10 * input,
           .total_us = 100 * input});
  }
  /// Each row as `key model day exchanges input`, without what is empty.
  std::vector<std::string> told(const UsageQuery& query) {
    std::vector<std::string> lines;
    for (const UsageRow& each : value(store_->usage(query))) {
      std::string line;
      for (const std::string& word : {each.key, each.model, each.day})
        if (!word.empty()) line += word + " ";
      lines.push_back(fmt::format("{}{} {}", line, each.exchanges, each.tokens.input));
    }
    return lines;
  }

  std::int64_t alpha_ = 0;
  std::int64_t beta_ = 0;
};

TEST_P(StoreUsage, sums_everything_when_nothing_is_asked) {
  EXPECT_THAT(told({}), ElementsAre("4 1500"));
}

TEST_P(StoreUsage, groups_by_each_heading_and_by_all) {
  EXPECT_THAT(told({.by_key = true}), ElementsAre("alpha 3 700", "beta 1 800"));
  EXPECT_THAT(told({.by_model = true}), ElementsAre("large 1 200", "small 3 1300"));
  EXPECT_THAT(told({.by_day = true}), ElementsAre("2026-11-22 2 300", "2026-11-23 2 1200"));
  EXPECT_THAT(told({.by_key = true, .by_model = true, .by_day = true}),
              ElementsAre("alpha large 2026-11-22 1 200", "alpha small 2026-11-22 1 100",
                          "alpha small 2026-11-23 1 400", "beta small 2026-11-23 1 800"));
}

TEST_P(StoreUsage, starts_a_day_at_midnight_utc) {
  entry(id_on(24) - 1, beta_, "late", 1);
  entry(id_on(24), beta_, "late", 2);
  EXPECT_THAT(told({.by_day = true, .model = "late"}),
              ElementsAre("2026-11-23 1 1", "2026-11-24 1 2"));
}

TEST_P(StoreUsage, counts_from_the_first_time_to_before_the_last) {
  EXPECT_THAT(told({.from = wall_time_of(id_on(23))}), ElementsAre("2 1200"));
  EXPECT_THAT(told({.until = wall_time_of(id_on(23))}), ElementsAre("2 300"));
  EXPECT_THAT(told({.from = wall_time_of(id_on(24))}), IsEmpty());
}

TEST_P(StoreUsage, counts_one_key_or_one_model_alone) {
  EXPECT_THAT(told({.key = "alpha"}), ElementsAre("3 700"));
  EXPECT_THAT(told({.model = "large"}), ElementsAre("1 200"));
  EXPECT_THAT(told({.key = "beta", .model = "large"}), IsEmpty());
  EXPECT_THAT(told({.key = "' OR 1=1 --"}), IsEmpty());
}

TEST_P(StoreUsage, adds_a_renewed_key_to_the_one_of_its_name) {
  value(store_->revoke_key("alpha"));
  entry(id_on(24), add(key("alpha", 3)).id, "small", 1000);
  EXPECT_THAT(told({.by_key = true, .key = "alpha"}), ElementsAre("alpha 4 1700"));
}

TEST_P(StoreUsage, gives_sums_means_and_counts) {
  LedgerRow failed = row(id_on(24));
  failed.outcome = "upstream_timeout";
  failed.first_token_us = std::nullopt;
  failed.total_us = 50;
  LedgerRow guessed = row(id_on(24, 1));
  guessed.method = TokenMethod::Bytes;
  guessed.first_token_us = 40;
  guessed.total_us = 150;
  for (const LedgerRow& each : {failed, guessed}) write(each);
  const auto day = value(store_->usage({.from = wall_time_of(id_on(24))}));
  ASSERT_EQ(day.size(), 1U);
  EXPECT_EQ(day[0].exchanges, 2);
  EXPECT_EQ(day[0].failed, 1);
  EXPECT_EQ(day[0].estimated, 1);
  EXPECT_EQ(day[0].mean_first_token_us, 40) << "only exchanges that had one";
  EXPECT_EQ(day[0].mean_total_us, 100);
  EXPECT_EQ(day[0].tokens, (chat::Usage{.input = 22,
                                        .cache_read = 24,
                                        .cache_write_5m = 26,
                                        .cache_write_1h = 28,
                                        .output = 30,
                                        .reasoning = 12}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, StoreContract, ::testing::ValuesIn(kKinds), kName);
INSTANTIATE_TEST_SUITE_P(Kinds, StoreUsage, ::testing::ValuesIn(kKinds), kName);

}  // namespace
}  // namespace naru::store
