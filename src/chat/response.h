#pragma once
#include "chat/loss.h"
#include "chat/message.h"

namespace naru::chat {

enum class StopReason : std::uint8_t { EndTurn, MaxTokens, StopSequence, ToolUse, Refusal, Pause };

/// Tokens of one exchange. No token stands in two of the first five, so their sum is the total;
/// `reasoning` is a part of `output`.
struct Usage {
  std::int64_t input = 0;  ///< neither read from nor written to a cache
  std::int64_t cache_read = 0;
  std::int64_t cache_write_5m = 0;  ///< also when the provider does not say how long it keeps them
  std::int64_t cache_write_1h = 0;
  std::int64_t output = 0;
  std::int64_t reasoning = 0;
  std::int64_t prompt() const { return input + cache_read + cache_write_5m + cache_write_1h; }
  Usage& operator+=(const Usage& other) {
    input += other.input;
    cache_read += other.cache_read;
    cache_write_5m += other.cache_write_5m;
    cache_write_1h += other.cache_write_1h;
    output += other.output;
    reasoning += other.reasoning;
    return *this;
  }
  bool operator==(const Usage&) const = default;
};

/// One of the answers a client asked for.
struct Choice {
  std::vector<Part> parts;
  StopReason stop = StopReason::EndTurn;
  std::string stop_sequence = {};  ///< the one that was met, if the provider says
  bool operator==(const Choice&) const = default;
};

struct Response {
  std::string id;
  std::string model;
  std::int64_t created_s = 0;  ///< seconds since 1970
  std::vector<Choice> choices;
  std::optional<Usage> usage = {};
  std::string service_tier = {};  ///< in OpenAI's words: `default|flex|priority`, or empty
  std::vector<Loss> losses = {};  ///< what of it has no place in this model
  bool operator==(const Response&) const = default;
};

}  // namespace naru::chat
