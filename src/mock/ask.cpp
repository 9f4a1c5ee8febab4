#include "mock/ask.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace naru::mock {
namespace {

using json::ValueView;

struct CallRow {
  std::string_view method;
  std::string_view path;
  Call call;
};
constexpr auto kCalls = std::to_array<CallRow>({
    {"POST", "/v1/chat/completions", Call::OpenAiChat},
    {"POST", "/v1/completions", Call::OpenAiComplete},
    {"POST", "/v1/responses", Call::OpenAiResponses},
    {"POST", "/v1/responses/input_tokens", Call::OpenAiInputTokens},
    {"POST", "/v1/embeddings", Call::OpenAiEmbed},
    {"POST", "/v1/messages", Call::AnthropicMessages},
    {"POST", "/v1/messages/count_tokens", Call::AnthropicCount},
});
constexpr std::string_view kModels = "/v1/models";

std::uint32_t words_in(std::string_view text) {
  std::uint32_t words = 0;
  bool within = false;
  for (const char c : text) {
    const bool letter = static_cast<unsigned char>(c) > ' ';
    if (letter && !within) ++words;
    within = letter;
  }
  return words;
}

/// Words of every string below `value`; keys do not count.
std::uint32_t words_below(ValueView value) {
  if (value.is_string()) return words_in(value.text());
  std::uint32_t words = 0;
  for (const ValueView child : value)
    if (child.key() != "role" && child.key() != "type") words += words_below(child);
  return words;
}

bool is_true(ValueView object, std::string_view name) {
  const auto value = object.find(name);
  return value && value->boolean().value_or(false);
}

void read_model(std::string_view name, Ask& ask) {
  const std::size_t mark = name.find('?');
  ask.model = name.substr(0, mark);
  if (mark != name.npos) ask.controls = name.substr(mark + 1);
}

void read_body(ValueView root, Ask& ask) {
  if (const auto model = root.find("model")) read_model(model->text(), ask);
  ask.stream = is_true(root, "stream");
  if (const auto options = root.find("stream_options"))
    ask.usage = is_true(*options, "include_usage");
  if (const auto format = root.find("encoding_format")) ask.base64 = format->text() == "base64";
  if (const auto input = root.find("input"); input && input->is_array())
    if (input->size() > 0 && !(*input->begin()).is_number())
      ask.inputs = static_cast<std::uint32_t>(input->size());
  for (const std::string_view field : {"messages", "system", "prompt", "instructions", "input"})
    if (const auto value = root.find(field)) ask.words += words_below(*value);
}

}  // namespace

Call find_call(std::string_view method, std::string_view path, bool anthropic) {
  const auto row = std::ranges::find_if(
      kCalls, [&](const CallRow& known) { return known.method == method && known.path == path; });
  if (row != kCalls.end()) return row->call;
  if (method != "GET" && method != "HEAD") return Call::Unknown;
  if (path == kModels) return anthropic ? Call::AnthropicModels : Call::OpenAiModels;
  if (path.starts_with("/v1/models/")) return anthropic ? Call::AnthropicModel : Call::OpenAiModel;
  return Call::Unknown;
}

Ask read_ask(Call call, std::string_view path, std::string_view body) {
  Ask ask{.call = call};
  if (call == Call::OpenAiModel || call == Call::AnthropicModel)
    read_model(path.substr(kModels.size() + 1), ask);
  const bool has_body =
      call <= Call::OpenAiEmbed || call == Call::AnthropicMessages || call == Call::AnthropicCount;
  if (!has_body) return ask;
  const Result<json::Tree> tree = json::Tree::parse(body);
  ask.readable = tree && tree->root().is_object();
  if (ask.readable) read_body(tree->root(), ask);
  return ask;
}

}  // namespace naru::mock
