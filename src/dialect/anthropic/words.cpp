#include "dialect/anthropic/words.h"

#include "dialect/facts.h"
#include "dialect/provider_words.h"

namespace naru::dialect::anthropic_wire {
namespace {

using chat::StopReason;

struct StopRow {
  std::string_view word;
  StopReason reason;
};
// The first row of a reason is the word it is written as.
constexpr auto kStopRows = std::to_array<StopRow>({
    {"end_turn", StopReason::EndTurn},
    {"max_tokens", StopReason::MaxTokens},
    {"stop_sequence", StopReason::StopSequence},
    {"tool_use", StopReason::ToolUse},
    {"refusal", StopReason::Refusal},
    {"pause_turn", StopReason::Pause},
    {"model_context_window_exceeded", StopReason::MaxTokens},
});

struct TierRow {
  std::string_view word;
  std::string_view tier;
};
// The first row of a tier is the word it is written as.
constexpr auto kTierRows = std::to_array<TierRow>(
    {{"standard", "default"}, {"priority", "priority"}, {"batch", "default"}});

constexpr auto kUnmodelled = std::to_array<std::string_view>({"container", "stop_details"});
constexpr std::size_t kMostTypeBytes = 64;  // of an upstream's own word

void take_count(json::ValueView object, std::string_view name, std::int64_t& into) {
  if (const std::optional<std::int64_t> count = find_count(object, name)) into = *count;
}

/// The total holds what the split by time to live leaves unsaid; that part counts as 5 minutes.
void take_cache_writes(json::ValueView report, chat::Usage& usage) {
  const std::int64_t before = usage.cache_write_5m + usage.cache_write_1h;
  if (const auto split = find_object(report, "cache_creation")) {
    take_count(*split, "ephemeral_5m_input_tokens", usage.cache_write_5m);
    take_count(*split, "ephemeral_1h_input_tokens", usage.cache_write_1h);
  }
  const std::int64_t total = find_count(report, "cache_creation_input_tokens").value_or(before);
  const std::int64_t split_total = usage.cache_write_5m + usage.cache_write_1h;
  if (total > split_total) usage.cache_write_5m += total - split_total;
}

}  // namespace

void close_stop(json::ValueView holder, bool called_tools, std::vector<Patch>& patches) {
  const std::optional<json::ValueView> said = holder.find("stop_reason");
  if (!said || said->is_null()) return;
  if (std::ranges::find(kStopRows, said->text(), &StopRow::word) != kStopRows.end()) return;
  patches.push_back({said->span().begin, said->span().end,
                     fmt::format("\"{}\"", stop_word(StopReason::EndTurn, called_tools))});
}

std::optional<Stop> read_stop(json::ValueView holder) {
  const std::optional<json::ValueView> word = holder.find("stop_reason");
  if (!word || word->is_null()) return std::nullopt;
  Stop stop{.sequence = std::string(text_of(holder, "stop_sequence"))};
  for (const StopRow& row : kStopRows)
    if (row.word == word->text()) stop.reason = row.reason;
  // llama-server says `end_turn` and names the sequence it met.
  if (stop.reason == StopReason::EndTurn && !stop.sequence.empty())
    stop.reason = StopReason::StopSequence;
  return stop;
}

Stop untold_stop(bool called_tools) {
  return {.reason = called_tools ? StopReason::ToolUse : StopReason::EndTurn};
}

std::string_view stop_word(StopReason reason, bool has_tool_call) {
  if (reason == StopReason::EndTurn && has_tool_call) reason = StopReason::ToolUse;
  if (reason == StopReason::ToolUse && !has_tool_call) reason = StopReason::EndTurn;
  for (const StopRow& row : kStopRows)
    if (row.reason == reason) return row.word;
  return kStopRows.front().word;
}

void overlay_usage(chat::Usage& usage, json::ValueView report) {
  if (!report.is_object()) return;
  chat::Usage later = usage;
  take_count(report, "input_tokens", later.input);
  take_count(report, "cache_read_input_tokens", later.cache_read);
  take_cache_writes(report, later);
  take_count(report, "output_tokens", later.output);
  if (const auto details = find_object(report, "output_tokens_details"))
    take_count(*details, "thinking_tokens", later.reasoning);
  later.reasoning = std::min(later.reasoning, later.output);
  merge_usage(usage, later);
}

bool counts_output(json::ValueView report) {
  return find_count(report, "output_tokens").has_value();
}

void write_usage(json::Writer& out, const chat::Usage& usage, std::string_view tier) {
  out.object();
  out.field("input_tokens", usage.input);
  out.field("cache_creation_input_tokens", usage.cache_write_5m + usage.cache_write_1h);
  out.field("cache_read_input_tokens", usage.cache_read);
  out.key("cache_creation").object();
  out.field("ephemeral_5m_input_tokens", usage.cache_write_5m);
  out.field("ephemeral_1h_input_tokens", usage.cache_write_1h);
  out.end_object();
  out.field("output_tokens", usage.output);
  if (usage.reasoning > 0) {
    out.key("output_tokens_details").object();
    out.field("thinking_tokens", usage.reasoning).end_object();
  }
  if (!tier.empty()) out.field("service_tier", tier);
  out.end_object();
}

std::string_view read_tier(json::ValueView holder_of_usage) {
  const std::optional<json::ValueView> usage = find_object(holder_of_usage, "usage");
  if (!usage) return {};
  const auto row = std::ranges::find(kTierRows, text_of(*usage, "service_tier"), &TierRow::word);
  return row == kTierRows.end() ? std::string_view() : row->tier;
}

std::string_view tier_word(std::string_view tier) {
  const auto row = std::ranges::find(kTierRows, tier, &TierRow::tier);
  return row == kTierRows.end() ? std::string_view() : row->word;
}

chat::Loss lost_block(std::size_t at, std::string_view type) {
  return {fmt::format("answer.content[{}]", at),
          fmt::format("a block of type '{}' has no place in an answer of another dialect",
                      cleaned(type, kMostTypeBytes))};
}

chat::Loss lost_delta(std::size_t at, std::string_view type) {
  return {fmt::format("answer.content[{}]", at),
          fmt::format("a delta of type '{}' has no place in an answer of another dialect",
                      cleaned(type, kMostTypeBytes))};
}

std::vector<chat::Loss> lost_members(json::ValueView holder) {
  std::vector<chat::Loss> losses;
  for (const std::string_view name : kUnmodelled)
    if (const auto member = holder.find(name); member && !member->is_null())
      losses.push_back(
          {fmt::format("answer.{}", name), "has no place in another dialect's answer"});
  return losses;
}

bool is_json_object(std::string_view text) {
  const Result<json::Tree> tree = json::Tree::parse(text);
  return tree && tree->root().is_object();
}

std::string_view skip_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

void write_input(json::Writer& out, std::string_view arguments) {
  arguments = skip_blanks(arguments);
  if (arguments.empty()) {
    out.object().end_object();
  } else if (is_json_object(arguments)) {
    out.raw(arguments);
  } else {
    out.object().field("raw_arguments", arguments).end_object();
  }
}

std::string_view input_of(json::ValueView block) {
  const std::optional<json::ValueView> input = block.find("input");
  const bool says_nothing = !input || input->is_null() ||
                            (input->is_string() && input->text().empty()) ||
                            ((input->is_object() || input->is_array()) && input->size() == 0);
  return says_nothing ? "{}" : input->raw();
}

bool is_nameless_call(json::ValueView block) {
  return text_of(block, "type") == "tool_use" &&
         (text_of(block, "id").empty() || text_of(block, "name").empty());
}

Fault as_upstream_invalid(Fault fault, std::string_view what) {
  fault.kind = FaultKind::UpstreamInvalid;
  fault.origin = Origin::Upstream;
  fault.detail = fmt::format("{}: {}", what, cleaned(fault.detail));
  fault.param.clear();
  return fault;
}

}  // namespace naru::dialect::anthropic_wire
