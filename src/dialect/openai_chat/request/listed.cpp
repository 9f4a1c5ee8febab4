#include "base/text.h"
#include "dialect/cut.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

// What engines we run are given, and providers of whom unknown fields are kept. Engines' servers
// read many more fields than OpenAI documents, and some of those have been the way in: parsers,
// grammars, slots, addresses to fetch.
namespace naru::dialect::openai_chat_wire {
namespace {

using json::ValueView;
using Names = std::span<const std::string_view>;

constexpr auto kSampling = std::to_array<std::string_view>({
    "model",
    "stream",
    "stream_options",
    "max_tokens",
    "temperature",
    "top_p",
    "n",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "user",
    // open models' own
    "top_k",
    "min_p",
    "typical_p",
    "repeat_penalty",
    "repetition_penalty",
    "min_tokens",
    "ignore_eos",
});
constexpr auto kChat = std::to_array<std::string_view>({
    "messages",
    "max_completion_tokens",
    "top_logprobs",
    "response_format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "metadata",
    "store",
    "service_tier",
    "modalities",
    "reasoning_effort",
    "verbosity",
    "prompt_cache_key",
    "safety_identifier",
    "chat_template_kwargs",
});
/// What providers document beside. Source: OpenAI API reference, Create chat completion and Create
/// embeddings, by openai-python of August 2026.
constexpr auto kDocumentedInChat =
    std::to_array<std::string_view>({"audio", "moderation", "prediction", "prompt_cache_options",
                                     "prompt_cache_retention", "web_search_options"});
constexpr auto kDocumentedInEmbed = std::to_array<std::string_view>({"dimensions"});
constexpr auto kComplete = std::to_array<std::string_view>({"prompt", "suffix", "echo", "best_of"});
constexpr auto kEmbed =
    std::to_array<std::string_view>({"model", "input", "encoding_format", "user"});
constexpr auto kMessage =
    std::to_array<std::string_view>({"role", "content", "name", "tool_calls", "tool_call_id",
                                     "function_call", "refusal", "reasoning_content", "reasoning"});
constexpr auto kTemplateSwitches = std::to_array<std::string_view>(
    {"enable_thinking", "thinking", "thinking_budget", "reasoning_effort"});
constexpr auto kParts =
    std::to_array<std::string_view>({"text", "refusal", "image_url", "input_audio"});

bool in_list(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// vLLM took `chat_template` and `tokenize` among them for its own arguments; switches only.
bool are_switches(ValueView kwargs) {
  if (!kwargs.is_object()) return kwargs.is_null();
  for (const ValueView one : kwargs)
    if (!in_list(kTemplateSwitches, one.key()) || one.size() > 0) return false;
  return true;
}

bool is_listed(Operation operation, ValueView member, Fields fields) {
  const std::string_view name = member.key();
  if (fields == Fields::Documented) {
    if (operation == Operation::Chat && in_list(kDocumentedInChat, name)) return true;
    if (operation == Operation::Embed && in_list(kDocumentedInEmbed, name)) return true;
  }
  if (operation == Operation::Embed) return in_list(kEmbed, name);
  if (in_list(kSampling, name)) return true;
  if (operation == Operation::Complete) return in_list(kComplete, name);
  if (name == "chat_template_kwargs") return are_switches(member);
  return in_list(kChat, name);
}

/// Only pictures that come along: an engine that fetches addresses can be sent anywhere.
bool is_listed_part(ValueView part) {
  const std::string_view type = text_of(part, "type");
  if (type != "image_url") return in_list(kParts, type);
  const auto image = part.find("image_url");
  if (!image) return false;
  return (image->is_string() ? image->text() : text_of(*image, "url")).starts_with("data:");
}

std::string reason_of(Fields fields) {
  return fields == Fields::Documented ? "the upstream is given documented fields only"
                                      : "the engine is given listed fields only";
}

/// One message: its members, then the parts of its content, which a provider judges itself.
void list_message(ValueView message, std::size_t index, Fields fields, std::vector<Patch>& patches,
                  std::vector<chat::Loss>& losses) {
  cut_children(message, patches, [&](ValueView member) {
    const bool documented = fields == Fields::Documented && member.key() == "audio";
    const bool listed = documented || in_list(kMessage, member.key());
    const bool says_nothing = member.is_null() || (member.is_array() && member.size() == 0);
    if (!listed && !says_nothing)
      losses.push_back({fmt::format("messages[{}].{}", index, member.key()), reason_of(fields)});
    return listed;
  });
  const std::optional<ValueView> content = message.find("content");
  if (!content || !content->is_array() || fields == Fields::Documented) return;
  std::size_t at = 0;
  cut_children(*content, patches, [&](ValueView part) {
    const bool listed = is_listed_part(part);
    if (!listed)
      losses.push_back({fmt::format("messages[{}].content[{}]", index, at),
                        "the engine takes text, and images as data: URLs"});
    ++at;
    return listed;
  });
}

}  // namespace

void list_unlisted(Operation operation, json::ValueView body, Fields fields,
                   std::vector<Patch>& patches, std::vector<chat::Loss>& losses) {
  cut_children(body, patches, [&](ValueView member) {
    const bool listed = is_listed(operation, member, fields);
    if (!listed) losses.push_back({std::string(member.key()), reason_of(fields)});
    return listed;
  });
  const std::optional<ValueView> messages = body.find("messages");
  if (operation != Operation::Chat || !messages) return;
  std::size_t index = 0;
  for (const ValueView message : *messages) list_message(message, index++, fields, patches, losses);
}

}  // namespace naru::dialect::openai_chat_wire
