#pragma once
#include "dialect/anthropic/answer/stream_rules.h"
#include "dialect/openai_chat/answer/stream_rules.h"
#include "dialect/openai_responses/answer/stream_rules.h"
#include "dialect/testing.h"

/// For tests: a client's stream held to the grammar of its dialect, whichever that is.
namespace naru::dialect::testing {

template <class Rules>
std::string breach_of(Rules rules, const Streamed& got) {
  const std::string bytes = got.all();
  wire::Splitter splitter(kEventLimit);
  if (!splitter.feed(bytes)) return "an event is too large";
  while (const auto event = splitter.next())
    if (const std::string breach = rules.take(*event); !breach.empty())
      return fmt::format("{}: {}", breach, event->raw);
  if (got.fault && !got.terminal.empty()) return "it has failed and ended whole";
  return got.fault || rules.ended() ? "" : "it neither failed nor ended";
}

/// Empty, or what is wrong with what a client of `dialect` has got: an event that breaks the
/// grammar, or an end that is neither whole nor a fault.
inline std::string breach_in(const Dialect& dialect, const Streamed& got) {
  if (&dialect == &anthropic()) return breach_of(anthropic_client::StreamRules(), got);
  if (&dialect == &openai_chat()) return breach_of(openai_chat_client::StreamRules(), got);
  if (&dialect == &openai_responses())
    return breach_of(openai_responses_client::StreamRules(), got);
  return fmt::format("{} has no stream_rules.h here yet", dialect.name());
}

}  // namespace naru::dialect::testing
