#include "dialect/openai_chat/words.h"

#include "dialect/facts.h"
#include "dialect/openai/strict_json.h"

namespace naru::dialect::openai_chat_wire {
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
/// The words OpenAI's own API has.
bool is_own_word(std::string_view word) {
  constexpr auto kOwnWords = std::to_array<std::string_view>(
      {"stop", "length", "tool_calls", "content_filter", "function_call"});
  return std::ranges::find(kOwnWords, word) != kOwnWords.end();
}

/// Said in place of a reason when the upstream gave up; a client must not take it for an end.
constexpr auto kBrokenWords =
    std::to_array<std::string_view>({"error", "abort", "insufficient_system_resource"});

/// Of a message or delta, what we read. Source: Chat Completions, and what servers add to it.
constexpr auto kMembers = std::to_array<std::string_view>(
    {"role", "content", "refusal", "tool_calls", "function_call", "annotations",
     "reasoning_content", "reasoning", "reasoning_details"});
constexpr auto kTiers =
    std::to_array<std::string_view>({"auto", "default", "flex", "scale", "priority", "fast"});

/// Fit for a path that clients and logs are shown.
bool is_name(std::string_view word) {
  constexpr std::size_t kLongest = 32;
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !word.empty() && word.size() <= kLongest && std::ranges::all_of(word, fits);
}

void read_block(json::ValueView block, std::size_t at, std::vector<SaidView>& said) {
  using As = SaidView::As;
  const std::string_view type = text_of(block, "type");
  const auto add = [&](As as, std::optional<json::ValueView> words) {
    if (words) said.push_back({as, *words, at});
  };
  if (type == "text") {
    add(As::Text, find_words(block, "text"));
  } else if (type == "refusal") {
    add(As::Refusal, find_words(block, "refusal"));
  } else if (type == "thinking") {
    if (const auto thoughts = find_filled(block, "thinking"))
      for (const json::ValueView one : *thoughts) add(As::Thinking, find_words(one, "text"));
  } else {
    said.push_back({As::Unknown, block, at});
  }
}

bool has_count(json::ValueView usage, std::string_view name) {
  const std::optional<json::ValueView> member = usage.find(name);
  return member && member->is_number();
}

/// Whether the event ends a choice, or stands behind all of them.
bool closes_choice(json::ValueView root) {
  const std::optional<json::ValueView> choices = find_filled(root, "choices");
  if (!choices) return true;
  for (const json::ValueView choice : *choices)
    if (!text_of(choice, "finish_reason").empty()) return true;
  return false;
}

/// Choices to one prompt share it; those to prompts of their own do not.
void add_choice(chat::Usage& sum, const chat::Usage& choice, bool own_prompt) {
  if (own_prompt) {
    sum.input += choice.input;
    sum.cache_read += choice.cache_read;
    sum.cache_write_5m += choice.cache_write_5m;
  } else if (choice.prompt() > sum.prompt()) {
    sum.input = choice.input;
    sum.cache_read = choice.cache_read;
    sum.cache_write_5m = choice.cache_write_5m;
  }
  sum.output += choice.output;
  sum.reasoning += choice.reasoning;
}

/// What is missing, negative or no whole number counts nothing.
std::int64_t count_of(std::optional<json::ValueView> object, std::string_view name) {
  return object ? find_count(*object, name).value_or(0) : 0;
}

}  // namespace

std::string_view id_prefix(Operation operation) {
  switch (operation) {
    case Operation::Chat:
      return "chatcmpl-";
    case Operation::Complete:
      return "cmpl-";
    case Operation::Embed:
    case Operation::CountTokens:
      break;
  }
  return {};
}

void close_stop(json::ValueView choice, std::optional<StopReason> stop,
                std::vector<Patch>& patches) {
  const std::optional<json::ValueView> said = choice.find("finish_reason");
  if (!said || said->is_null() || (stop && is_own_word(said->text()))) return;
  if (said->is_string() && said->text().empty()) return;
  patches.push_back({said->span().begin, said->span().end,
                     fmt::format("\"{}\"", word_of(stop.value_or(StopReason::EndTurn), false))});
}

void number(json::ValueView holder, std::size_t index, std::vector<Patch>& patches) {
  const std::optional<json::ValueView> said = holder.find("index");
  if (said && said->integer() == static_cast<std::int64_t>(index)) return;
  const std::uint32_t inside = holder.span().begin + 1;
  if (said)
    patches.push_back({said->span().begin, said->span().end, fmt::format("{}", index)});
  else if (holder.size() > 0)
    patches.push_back({inside, inside, fmt::format("\"index\":{},", index)});
}

void close_type(json::ValueView call, std::vector<Patch>& patches) {
  const std::optional<json::ValueView> type = find_words(call, "type");
  if (type && find_object(call, "function")) rename(patches, *type, "function");
}

Result<std::optional<StopReason>> read_stop(json::ValueView choice) {
  const std::optional<json::ValueView> member = choice.find("finish_reason");
  if (!member || member->is_null()) return std::nullopt;
  const std::string_view word = member->text();
  if (member->is_string() && word.empty()) return std::nullopt;
  if (std::ranges::find(kBrokenWords, word) != kBrokenWords.end())
    return fail({.kind = FaultKind::UpstreamFailed,
                 .detail = fmt::format("the upstream broke its answer off ({})", word),
                 .origin = Origin::Upstream});
  const auto row = std::ranges::find(kStopWords, word, &StopWord::word);
  return row == kStopWords.end() ? StopReason::EndTurn : row->stop;
}

std::string_view word_of(StopReason stop, bool refused) {
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
      return refused ? "stop" : "content_filter";
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
  if (!has_count(usage, "prompt_tokens") && !has_count(usage, "completion_tokens"))
    return std::nullopt;
  const std::int64_t prompt = count_of(usage, "prompt_tokens");
  const std::int64_t completion = count_of(usage, "completion_tokens");
  const std::optional<json::ValueView> details = usage.find("prompt_tokens_details");
  const std::int64_t cached =
      std::max(count_of(details, "cached_tokens"), count_of(usage, "prompt_cache_hit_tokens"));
  const std::int64_t reasoning =
      count_of(usage.find("completion_tokens_details"), "reasoning_tokens");
  chat::Usage read;
  read.cache_read = std::min(cached, prompt);
  read.cache_write_5m = std::min(count_of(details, "cache_write_tokens"), prompt - read.cache_read);
  read.input = prompt - read.cache_read - read.cache_write_5m;
  read.output = completion;
  read.reasoning = reasoning;
  // Some providers leave reasoning out of completion_tokens; only their total tells.
  const bool apart =
      reasoning > 0 && count_of(usage, "total_tokens") == prompt + completion + reasoning;
  if (apart) read.output += reasoning;
  read.reasoning = std::min(read.reasoning, read.output);
  return read;
}

bool counts_one_choice(json::ValueView root) { return root.find("timings").has_value(); }

chat::Usage UsageSum::take(const chat::Usage& report, json::ValueView root, std::size_t choices) {
  const bool closes = counts_one_choice(root) && closes_choice(root);
  const bool of_another = closes && closings_ > 0 && closings_ < choices;
  if (of_another)
    add_choice(known_, report, sums_prompts_);
  else
    merge_usage(known_, report);
  if (closes) ++closings_;
  return known_;
}

std::optional<chat::Usage> RunningCounts::take(json::ValueView root) {
  const std::optional<json::ValueView> counts = find_filled(root, "timings");
  const std::optional<json::ValueView> choices = find_filled(root, "choices");
  if (!counts || !choices || find_filled(root, "usage")) return std::nullopt;
  const chat::Usage counted{.input = count_of(counts, "prompt_n"),
                            .cache_read = count_of(counts, "cache_n"),
                            .output = count_of(counts, "predicted_n")};
  for (const json::ValueView choice : *choices) {
    const auto index = static_cast<std::size_t>(count_of(choice, "index"));
    if (index >= kMostStreamChoices) continue;
    if (index >= counted_.size()) counted_.resize(index + 1);
    merge_usage(counted_[index], counted);
  }
  chat::Usage sum;
  for (const chat::Usage& one : counted_) add_choice(sum, one, sums_prompts_);
  return sum;
}

void write_usage(json::Writer& out, const chat::Usage& usage) {
  out.object();
  out.field("prompt_tokens", usage.prompt());
  out.field("completion_tokens", usage.output);
  out.field("total_tokens", usage.prompt() + usage.output);
  out.key("prompt_tokens_details").object().field("cached_tokens", usage.cache_read);
  const std::int64_t cache_write = usage.cache_write_5m + usage.cache_write_1h;
  if (cache_write > 0) out.field("cache_write_tokens", cache_write);
  out.end_object();
  out.key("completion_tokens_details").object();
  out.field("reasoning_tokens", usage.reasoning).end_object();
  out.end_object();
}

std::optional<json::ValueView> find_reasoning(json::ValueView message) {
  const std::optional<json::ValueView> newer = find_words(message, "reasoning_content");
  return newer ? newer : find_words(message, "reasoning");
}

std::vector<SaidView> read_said(json::ValueView message) {
  using As = SaidView::As;
  std::vector<SaidView> said;
  const auto add = [&](As as, std::optional<json::ValueView> words) {
    if (words) said.push_back({as, *words});
  };
  add(As::Thinking, find_reasoning(message));
  add(As::Text, find_words(message, "content"));
  if (const auto blocks = find_filled(message, "content"))
    for (std::size_t at = 0; const json::ValueView block : *blocks) read_block(block, at++, said);
  add(As::Refusal, find_words(message, "refusal"));
  return said;
}

Result<void> check_message(std::string_view subject, std::optional<json::ValueView> message) {
  if (!message || message->is_null()) return {};
  if (!message->is_object()) return broken(subject, "has a message that is no object");
  const std::optional<json::ValueView> content = message->find("content");
  if (!content || content->is_null() || content->is_string() || content->is_array()) return {};
  return broken(subject, "has a content that is neither text nor list");
}

std::string arguments_of(json::ValueView function) {
  const std::optional<json::ValueView> arguments = function.find("arguments");
  if (!arguments) return {};
  return arguments->is_object() ? openai_wire::strict_json(*arguments)
                                : std::string(arguments->text());
}

bool calls_nothing(json::ValueView function) {
  return text_of(function, "name").empty() && arguments_of(function).empty();
}

bool holds_no_call(json::ValueView call) {
  const std::optional<json::ValueView> function = find_object(call, "function");
  return function && calls_nothing(*function) && text_of(call, "id").empty();
}

void note_unknown_members(json::ValueView message, std::uint32_t choice,
                          std::vector<chat::Loss>& losses) {
  for (const json::ValueView member : message) {
    const std::string_view name = member.key();
    if (std::ranges::find(kMembers, name) != kMembers.end()) continue;
    const bool empty = !member.is_number() && !member.boolean().value_or(false) &&
                       member.text().empty() && member.size() == 0;
    if (empty) continue;
    losses.push_back(unknown_part(answer_path(choice, is_name(name) ? name : "message")));
  }
}

std::string answer_path(std::uint32_t choice, std::string_view member) {
  if (choice == 0) return fmt::format("answer.{}", member);
  return fmt::format("answer.choices[{}].{}", choice, member);
}

chat::Loss unknown_part(std::string path) {
  return {std::move(path), "is of a kind that only this upstream's dialect knows"};
}

std::string_view find_tier(json::ValueView root) {
  const std::string_view tier = text_of(root, "service_tier");
  return std::ranges::find(kTiers, tier) == kTiers.end() ? std::string_view() : tier;
}

}  // namespace naru::dialect::openai_chat_wire
