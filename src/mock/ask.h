#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace naru::mock {

/// What is called.
enum class Call : std::uint8_t {
  OpenAiChat,
  OpenAiComplete,
  OpenAiResponses,
  OpenAiInputTokens,
  OpenAiEmbed,
  OpenAiModels,
  OpenAiModel,
  AnthropicMessages,
  AnthropicCount,
  AnthropicModels,
  AnthropicModel,
  Unknown,
};

/// Whose wire format a call is in.
constexpr bool is_anthropic(Call call) {
  return call >= Call::AnthropicMessages && call <= Call::AnthropicModel;
}

/// The Responses API, which has a shape of its own.
constexpr bool is_responses(Call call) {
  return call == Call::OpenAiResponses || call == Call::OpenAiInputTokens;
}

/// What a request asks for, as far as an answer depends on it.
struct Ask {
  Call call = Call::Unknown;
  std::string model = {};     ///< without controls
  std::string controls = {};  ///< what stood behind `?` in the model's name
  bool readable = true;       ///< the body is one JSON object, or none is needed
  bool stream = false;
  bool usage = false;        ///< OpenAI: stream_options.include_usage
  bool base64 = false;       ///< embeddings as base64
  std::uint32_t inputs = 1;  ///< embeddings: texts
  std::uint32_t words = 0;   ///< of all texts in the body

  bool operator==(const Ask&) const = default;
};

/// The call behind a method and a path; `anthropic` tells whose models are meant.
Call find_call(std::string_view method, std::string_view path, bool anthropic);

/// Reads a request's body; a body that cannot be read makes it unreadable, nothing else.
Ask read_ask(Call call, std::string_view path, std::string_view body);

}  // namespace naru::mock
