#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/priority.h"
#include "chat/response.h"
#include "security/api_key.h"

/// Plain rows of the store's subjects.
namespace naru::store {

/// What a key may use; nullopt: as much as there is.
struct KeyLimits {
  std::optional<std::int64_t> requests_per_minute = {};
  std::optional<std::int64_t> tokens_per_minute = {};
  std::optional<std::int64_t> concurrency = {};  ///< calls at once
  bool operator==(const KeyLimits&) const = default;
};

/// One of them: its name as column, field and option, and its bounds, which are 1 and `most`.
struct KeyLimit {
  std::string_view name;
  std::optional<std::int64_t> KeyLimits::* place;
  std::int64_t most;
};
inline constexpr auto kKeyLimits = std::to_array<KeyLimit>({
    {"requests_per_minute", &KeyLimits::requests_per_minute, 100'000'000},
    {"tokens_per_minute", &KeyLimits::tokens_per_minute, 100'000'000},
    {"concurrency", &KeyLimits::concurrency, 100'000},
});

/// One limit of a key set anew, or taken away.
struct KeyLimitChange {
  KeyLimit limit;
  std::optional<std::int64_t> to = {};
};

/// What changes of a live key; the rest stays.
struct KeyChange {
  std::vector<KeyLimitChange> limits = {};
  std::optional<Priority> priority = {};
};

/// An API key as the store knows it.
struct KeyRow {
  std::int64_t id = 0;
  std::string name = {};  ///< unique among keys that are not revoked
  std::string hint = {};  ///< last four characters, to tell keys apart
  security::KeyHash hash{};
  WallTime created{};
  std::optional<WallTime> expires = {};
  std::optional<WallTime> revoked = {};
  std::vector<std::string> models = {};  ///< names or patterns it may use; empty: all
  KeyLimits limits = {};
  Priority priority = Priority::Interactive;  ///< of its calls, where not all can go at once
};

/// How the tokens of a row were found.
enum class TokenMethod : std::uint8_t { Reported, Engine, Bytes, None };
std::string_view word_of(TokenMethod method);     ///< `reported`, `engine`, `bytes`, `none`
TokenMethod token_method(std::string_view word);  ///< `None` for any other word

/// One exchange in the ledger. Its time is in its id.
struct LedgerRow {
  ExchangeId id = 0;
  std::int64_t key_id = 0;
  std::string model = {};           ///< public name asked for
  std::string upstream = {};        ///< of the last attempt; empty if there was none
  std::string upstream_model = {};  ///< the upstream's own name for it
  std::string dialect = {};
  std::string operation = {};
  std::string outcome = {};  ///< `ok` or the word of a fault
  int status = 0;            ///< HTTP status the client was given
  int attempts = 0;
  bool stream = false;
  chat::Usage tokens = {};
  TokenMethod method = TokenMethod::None;
  std::optional<std::int64_t> first_token_us = {};
  std::int64_t total_us = 0;
  std::int64_t revision = 0;           ///< of the snapshot that was in force
  std::string rule = {};               ///< what chose the target: `weight`, `fallback`, …
  std::string client_request_id = {};  ///< the client's own id, if it gave a sane one
  int losses = 0;                      ///< fields the target could not carry
};

/// One item of a conversation: something said, a tool's call or its result.
struct KeptItem {
  std::string id = {};
  std::string body = {};  ///< its JSON
};

/// An answer that a later request of the same key may read or stand on.
struct KeptAnswer {
  std::string id = {};
  std::int64_t key_id = 0;
  WallTime expires{};
  std::string body = {};             ///< the answer's JSON as the client got it
  std::vector<KeptItem> items = {};  ///< the conversation up to and with it, in order
};

/// Sums of ledger rows under one heading.
struct UsageRow {
  std::string key = {};  ///< name of the key, or empty when not grouped by it
  std::string model = {};
  std::string day = {};  ///< `2026-11-23` (UTC)
  std::int64_t exchanges = 0;
  std::int64_t failed = 0;
  chat::Usage tokens = {};
  std::int64_t estimated = 0;  ///< exchanges whose tokens nobody reported
  std::int64_t mean_first_token_us = 0;
  std::int64_t mean_total_us = 0;
};

struct UsageQuery {
  bool by_key = false;
  bool by_model = false;
  bool by_day = false;
  std::optional<WallTime> from = {};   ///< inclusive
  std::optional<WallTime> until = {};  ///< exclusive
  std::string key = {};                ///< only that key's, by name
  std::string model = {};
};

}  // namespace naru::store
