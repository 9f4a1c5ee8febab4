#include "store/key_cache.h"

#include <gtest/gtest.h>

#include <thread>

#include "store/store_for_test.h"

namespace naru::store {
namespace {

using testing::hash_of;

std::shared_ptr<const KeyRow> named(std::string name) {
  return std::make_shared<const KeyRow>(KeyRow{.name = std::move(name)});
}

/// What the cache says: a name, `nobody`, or `not cached`.
std::string told(KeyCache& cache, unsigned number) {
  const auto known = cache.find(hash_of(number));
  if (!known) return "not cached";
  return known->row == nullptr ? "nobody" : known->row->name;
}

TEST(KeyCache, tells_a_key_a_stranger_and_what_it_does_not_know_apart) {
  KeyCache cache;
  cache.put(hash_of(1), named("one"), cache.turn());
  cache.put(hash_of(2), nullptr, cache.turn());
  EXPECT_EQ(told(cache, 1), "one");
  EXPECT_EQ(told(cache, 2), "nobody");
  EXPECT_EQ(told(cache, 3), "not cached");
}

TEST(KeyCache, forgets_one_hash_or_all) {
  KeyCache cache;
  for (unsigned number : {1U, 2U, 3U}) cache.put(hash_of(number), named("some"), cache.turn());
  cache.forget(hash_of(1));
  EXPECT_EQ(told(cache, 1), "not cached");
  EXPECT_EQ(told(cache, 2), "some");
  cache.forget_all();
  EXPECT_EQ(cache.size(), 0U);
}

TEST(KeyCache, does_not_keep_a_reading_that_may_be_older_than_a_change) {
  KeyCache cache;
  const KeyCache::Turn before = cache.turn();
  cache.forget(hash_of(1));
  cache.put(hash_of(1), named("revoked since"), before);
  EXPECT_EQ(told(cache, 1), "not cached");
}

TEST(KeyCache, keeps_at_most_so_many_of_each_kind) {
  KeyCache cache(160, 32);
  for (unsigned number = 0; number < 10'000; ++number) {
    cache.put(hash_of(number), named("key"), cache.turn());
    cache.put(hash_of(number + 10'000), nullptr, cache.turn());
  }
  EXPECT_LE(cache.size(), 192U);
  EXPECT_GT(cache.size(), 96U);
}

TEST(KeyCache, loses_no_key_to_made_up_ones) {
  KeyCache cache(160, 32);
  cache.put(hash_of(1), named("good"), cache.turn());
  for (unsigned number = 100; number < 10'000; ++number)
    cache.put(hash_of(number), nullptr, cache.turn());
  EXPECT_EQ(told(cache, 1), "good");
}

TEST(Lru, gives_up_the_value_that_was_used_longest_ago) {
  Lru<int, int, std::hash<int>, std::equal_to<>> lru(2);
  lru.put(1, 10);
  lru.put(2, 20);
  ASSERT_NE(lru.find(1), nullptr);
  lru.put(3, 30);
  EXPECT_EQ(lru.find(2), nullptr);
  ASSERT_NE(lru.find(1), nullptr);
  EXPECT_EQ(*lru.find(3), 30);
}

TEST(Lru, replaces_a_value_without_giving_up_another) {
  Lru<int, int, std::hash<int>, std::equal_to<>> lru(2);
  lru.put(1, 10);
  lru.put(2, 20);
  lru.put(2, 21);
  EXPECT_EQ(lru.size(), 2U);
  EXPECT_EQ(*lru.find(1), 10);
  EXPECT_EQ(*lru.find(2), 21);
}

TEST(KeyCache, never_gives_a_forgotten_key_while_others_read_and_put) {
  KeyCache cache;
  std::atomic<bool> revoked = false;
  std::atomic<bool> stop = false;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!stop) {
        const KeyCache::Turn turn = cache.turn();
        const bool dead = revoked;
        cache.put(hash_of(1), named(dead ? "dead" : "live"), turn);
        told(cache, 1);
      }
    });
  for (int round = 0; round < 200; ++round) {
    revoked = false;
    cache.forget(hash_of(1));
    revoked = true;
    cache.forget(hash_of(1));
    EXPECT_NE(told(cache, 1), "live");
  }
  stop = true;
}

}  // namespace
}  // namespace naru::store
