#include "store/store_for_test.h"

#include <thread>

namespace naru::store::testing {
namespace {

constexpr std::chrono::seconds kPatience{10};

net::Task<void> append_one(Store& store, net::Loop& loop, LedgerRow row, Result<void>& given) {
  given = co_await store.append(loop, std::move(row));
}

net::Task<void> find_one(Store& store, net::Loop& loop, security::KeyHash hash,
                         Result<std::optional<KeyRow>>& given) {
  given = co_await store.find_key(loop, hash, {.deadline = loop.clock().now() + kPatience});
}

/// Waits on a loop of its own for the Task that `ask(loop, until)` gives.
template <class Given, class Ask>
net::Task<void> one(Ask ask, net::Loop& loop, Given& given) {
  given = co_await ask(loop, net::Until{.deadline = loop.clock().now() + kPatience});
}
template <class Given, class Ask>
Given wait_for(Ask ask) {
  Given given;
  net::run_task([&](net::Loop& loop) { return one(ask, loop, given); }, SystemClock{},
                telemetry::null_log());
  return given;
}

net::Task<void> append_together(Store& store, net::Loop& loop, std::vector<LedgerRow> rows,
                                std::vector<Result<void>>& given) {
  net::TaskGroup group(loop);
  given.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    group.spawn(append_one(store, loop, std::move(rows[i]), given[i]));
  co_await group.join({});
}

}  // namespace

std::unique_ptr<Store> open_store(const std::string& directory, const Clock& clock) {
  return value(
      Store::open({.directory = directory, .least_free_bytes = 0}, clock, telemetry::null_log()));
}

Result<void> append(Store& store, LedgerRow row) {
  Result<void> given;
  net::run_task([&](net::Loop& loop) { return append_one(store, loop, std::move(row), given); },
                SystemClock{}, telemetry::null_log());
  return given;
}

Result<std::optional<KeyRow>> find_key(Store& store, const security::KeyHash& hash) {
  Result<std::optional<KeyRow>> given;
  net::run_task([&](net::Loop& loop) { return find_one(store, loop, hash, given); }, SystemClock{},
                telemetry::null_log());
  return given;
}

Result<void> keep_answer(Store& store, KeptAnswer answer) {
  return wait_for<Result<void>>([&](net::Loop& loop, net::Until until) {
    return store.keep_answer(loop, std::move(answer), until);
  });
}

Result<std::optional<KeptAnswer>> find_answer(Store& store, std::int64_t key_id, std::string id,
                                              std::uint64_t most_bytes) {
  return wait_for<Result<std::optional<KeptAnswer>>>([&](net::Loop& loop, net::Until until) {
    return store.find_answer(loop, key_id, std::move(id), most_bytes, until);
  });
}

Result<std::vector<KeptItem>> find_items(Store& store, std::int64_t key_id,
                                         std::vector<std::string> ids, std::uint64_t most_bytes) {
  return wait_for<Result<std::vector<KeptItem>>>([&](net::Loop& loop, net::Until until) {
    return store.find_items(loop, key_id, std::move(ids), most_bytes, until);
  });
}

Result<bool> forget_answer(Store& store, std::int64_t key_id, std::string id) {
  return wait_for<Result<bool>>([&](net::Loop& loop, net::Until until) {
    return store.forget_answer(loop, key_id, std::move(id), until);
  });
}

std::vector<Fault> append_all(Store& store, std::vector<LedgerRow> rows) {
  std::vector<Result<void>> given;
  net::run_task(
      [&](net::Loop& loop) { return append_together(store, loop, std::move(rows), given); },
      SystemClock{}, telemetry::null_log());
  std::vector<Fault> faults;
  for (const Result<void>& each : given)
    if (!each) faults.push_back(each.error());
  return faults;
}

security::KeyHash hash_of(unsigned number) {
  const unsigned spread = number * 0x9E3779B1U;  // odd, so that no two numbers meet
  security::KeyHash hash{};
  for (std::size_t i = 0; i < hash.size(); ++i)
    hash[i] = static_cast<std::uint8_t>(spread >> (8 * (i % 4)));
  return hash;
}

KeyRow key(std::string name, unsigned number) {
  return {.name = std::move(name), .hint = "abcd", .hash = hash_of(number)};
}

LedgerRow row(ExchangeId id) {
  return {.id = id,
          .key_id = 7,
          .model = "claude-sonnet",
          .upstream = "anthropic-main",
          .upstream_model = "claude-sonnet-4-5-20250929",
          .dialect = "anthropic",
          .operation = "messages",
          .outcome = "ok",
          .status = 200,
          .attempts = 1,
          .stream = true,
          .tokens = {.input = 11,
                     .cache_read = 12,
                     .cache_write_5m = 13,
                     .cache_write_1h = 14,
                     .output = 15,
                     .reasoning = 6},
          .method = TokenMethod::Reported,
          .first_token_us = 250'000,
          .total_us = 1'000'000,
          .revision = 3,
          .rule = "weight",
          .client_request_id = "3f1c2d6e-5b7a-4e1f-9d2c-0123456789ab",
          .losses = 2};
}

std::vector<LedgerRow> rows(ExchangeId first, std::size_t count) {
  std::vector<LedgerRow> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(row(first + static_cast<ExchangeId>(i)));
  return made;
}

bool eventually(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace naru::store::testing
