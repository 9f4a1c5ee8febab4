#pragma once
#include "dialect/anthropic/answer/stream_rules.h"
#include "dialect/openai_chat/answer/stream_rules.h"
#include "dialect/openai_responses/answer/stream_rules.h"
#include "dialect/testing.h"

/// For tests: a client's stream held to the grammar of its dialect, whichever that is.
namespace naru::dialect::testing {

template <class Rules>
std::string breach_of(const Streamed& got) {
  Rules rules;
  const std::string bytes = got.all();
  wire::Splitter splitter(kEventLimit);
  if (!splitter.feed(bytes)) return "an event is too large";
  while (const auto event = splitter.next())
    if (const std::string breach = rules.take(*event); !breach.empty())
      return fmt::format("{}: {}", breach, event->raw);
  if (got.fault && !got.terminal.empty()) return "it has failed and ended whole";
  return got.fault || rules.ended() ? "" : "it neither failed nor ended";
}

struct GrammarRow {
  const Dialect& (*dialect)();
  std::string (*breach)(const Streamed& got);
};
/// One row a dialect.
inline constexpr auto kGrammars = std::to_array<GrammarRow>({
    {openai_chat, breach_of<openai_chat_client::StreamRules>},
    {openai_responses, breach_of<openai_responses_client::StreamRules>},
    {anthropic, breach_of<anthropic_client::StreamRules>},
});

/// Empty, or what is wrong with what a client of `dialect` has got: an event that breaks the
/// grammar, or an end that is neither whole nor a fault.
inline std::string breach_in(const Dialect& dialect, const Streamed& got) {
  for (const GrammarRow& row : kGrammars)
    if (&row.dialect() == &dialect) return row.breach(got);
  return fmt::format(
      "src/dialect/testing_rules.h has no row for {0}: give it one with the "
      "StreamRules of src/dialect/{0}/answer/stream_rules.h",
      dialect.name());
}

}  // namespace naru::dialect::testing
