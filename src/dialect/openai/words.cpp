#include "dialect/openai/words.h"

#include "dialect/facts.h"

namespace naru::dialect::openai_wire {
namespace {

using chat::StopReason;

struct StopWord {
  std::string_view word;
  StopReason stop;
};
/// What servers of this dialect say; the first of each reason is what we write.
constexpr auto kStopWords = std::to_array<StopWord>({
    {"stop", StopReason::EndTurn},
    {"eos", StopReason::EndTurn},
    {"length", StopReason::MaxTokens},
    {"max_tokens", StopReason::MaxTokens},
    {"model_length", StopReason::MaxTokens},
    {"tool_calls", StopReason::ToolUse},
    {"function_call", StopReason::ToolUse},
    {"content_filter", StopReason::Refusal},
    {"refusal", StopReason::Refusal},
});
/// Said in place of a reason when the upstream gave up; a client must not take it for an end.
constexpr auto kBrokenWords =
    std::to_array<std::string_view>({"error", "abort", "insufficient_system_resource"});

constexpr std::int64_t kMostTokens = 1'000'000'000'000;  // so that sums cannot overflow

/// A count as it should be; what is missing, negative or no whole number counts nothing.
std::int64_t count_of(std::optional<json::ValueView> object, std::string_view name) {
  if (!object) return 0;
  const std::optional<json::ValueView> member = object->find(name);
  if (!member) return 0;
  return std::clamp<std::int64_t>(member->integer().value_or(0), 0, kMostTokens);
}

}  // namespace

Result<std::optional<StopReason>> read_stop(json::ValueView choice) {
  const std::optional<json::ValueView> member = choice.find("finish_reason");
  if (!member || !member->is_string() || member->text().empty()) return std::nullopt;
  const std::string_view word = member->text();
  if (std::ranges::find(kBrokenWords, word) != kBrokenWords.end())
    return fail({.kind = FaultKind::UpstreamFailed,
                 .detail = fmt::format("the upstream broke its answer off ({})", word),
                 .origin = Origin::Upstream});
  const auto row = std::ranges::find(kStopWords, word, &StopWord::word);
  return row == kStopWords.end() ? StopReason::EndTurn : row->stop;
}

std::string_view word_of(StopReason stop) {
  switch (stop) {
    case StopReason::EndTurn:
    case StopReason::StopSequence:
      return "stop";
    case StopReason::MaxTokens:
    case StopReason::Pause:  // the turn is not whole; the nearest word this dialect has
      return "length";
    case StopReason::ToolUse:
      return "tool_calls";
    case StopReason::Refusal:
      return "content_filter";
  }
  return "stop";
}

StopReason settle_stop(std::optional<StopReason> said, bool called_tools, bool refused) {
  const StopReason stop = said.value_or(StopReason::EndTurn);
  if (stop != StopReason::EndTurn) return stop;
  if (called_tools) return StopReason::ToolUse;
  return refused ? StopReason::Refusal : StopReason::EndTurn;
}

std::string made_call_id(std::uint32_t choice, std::size_t call) {
  return fmt::format("call_{}_{}", choice, call);
}

std::optional<chat::Usage> read_usage(json::ValueView usage) {
  if (!usage.is_object()) return std::nullopt;
  const std::int64_t prompt = count_of(usage, "prompt_tokens");
  const std::int64_t completion = count_of(usage, "completion_tokens");
  const std::optional<json::ValueView> details = usage.find("prompt_tokens_details");
  const std::int64_t cached =
      std::max(count_of(details, "cached_tokens"), count_of(usage, "prompt_cache_hit_tokens"));
  const std::int64_t reasoning =
      count_of(usage.find("completion_tokens_details"), "reasoning_tokens");
  chat::Usage read;
  read.cache_read = std::min(cached, prompt);
  read.input = prompt - read.cache_read;
  read.output = completion;
  read.reasoning = reasoning;
  // Some providers leave reasoning out of completion_tokens; only their total tells.
  const bool apart =
      reasoning > 0 && count_of(usage, "total_tokens") == prompt + completion + reasoning;
  if (apart) read.output += reasoning;
  read.reasoning = std::min(read.reasoning, read.output);
  return read;
}

chat::Usage UsageSum::take(const chat::Usage& report, json::ValueView root, bool has_choices,
                           std::size_t choices) {
  const bool closes = !has_choices && root.find("timings");
  const bool of_another = closes && closings_ > 0 && closings_ < choices;
  if (of_another) {
    known_.output += report.output;
    known_.reasoning += report.reasoning;
  } else {
    merge_usage(known_, report);
  }
  if (closes) ++closings_;
  return known_;
}

std::optional<chat::Usage> RunningCounts::take(json::ValueView root) {
  const std::optional<json::ValueView> counts = find_filled(root, "timings");
  const std::optional<json::ValueView> choices = find_filled(root, "choices");
  if (!counts || !choices || find_filled(root, "usage")) return std::nullopt;
  prompt_.input = std::max(prompt_.input, count_of(counts, "prompt_n"));
  prompt_.cache_read = std::max(prompt_.cache_read, count_of(counts, "cache_n"));
  for (const json::ValueView choice : *choices) {
    const auto index = static_cast<std::size_t>(count_of(choice, "index"));
    if (index >= kMostChoices) continue;
    if (index >= outputs_.size()) outputs_.resize(index + 1);
    outputs_[index] = std::max(outputs_[index], count_of(counts, "predicted_n"));
  }
  chat::Usage sum = prompt_;
  for (const std::int64_t output : outputs_) sum.output += output;
  return sum;
}

void write_usage(json::Writer& out, const chat::Usage& usage) {
  out.object();
  out.field("prompt_tokens", usage.prompt());
  out.field("completion_tokens", usage.output);
  out.field("total_tokens", usage.prompt() + usage.output);
  out.key("prompt_tokens_details").object().field("cached_tokens", usage.cache_read).end_object();
  out.key("completion_tokens_details").object();
  out.field("reasoning_tokens", usage.reasoning).end_object();
  out.end_object();
}

std::string_view text_of(json::ValueView object, std::string_view name) {
  const std::optional<json::ValueView> member = object.find(name);
  return member ? member->text() : std::string_view();
}

std::optional<json::ValueView> find_filled(json::ValueView object, std::string_view name) {
  const std::optional<json::ValueView> member = object.find(name);
  if (!member || member->size() == 0) return std::nullopt;
  return member;
}

std::string_view reasoning_of(json::ValueView message) {
  const std::string_view text = text_of(message, "reasoning_content");
  return text.empty() ? text_of(message, "reasoning") : text;
}

Result<std::vector<SaidView>> read_said(json::ValueView message) {
  std::vector<SaidView> said;
  const auto add = [&](SaidView one) {
    if (!one.text.empty()) said.push_back(one);
  };
  add({.thinking = true, .text = reasoning_of(message)});
  add({.text = text_of(message, "content")});
  if (const auto blocks = find_filled(message, "content"))
    for (const json::ValueView block : *blocks) {
      const std::string_view type = text_of(block, "type");
      if (type != "text" && type != "thinking")
        return broken("answer", "holds content that is neither text nor reasoning");
      add({.text = text_of(block, "text")});
      if (const auto thoughts = find_filled(block, "thinking"))
        for (const json::ValueView one : *thoughts)
          add({.thinking = true, .text = text_of(one, "text")});
    }
  add({.refusal = true, .text = text_of(message, "refusal")});
  return said;
}

std::unexpected<Fault> broken(std::string_view subject, std::string_view what) {
  return fail({.kind = FaultKind::UpstreamInvalid,
               .detail = fmt::format("the upstream's {} {}", subject, what),
               .origin = Origin::Upstream});
}

}  // namespace naru::dialect::openai_wire
