#pragma once
#include <string_view>

#include "chat/loss.h"
#include "chat/message.h"

namespace naru::chat {

struct Tool {
  std::string name;
  std::string description;
  std::string parameters;           ///< JSON schema as it came; empty: takes none
  std::optional<bool> strict = {};  ///< arguments are held to the schema
  CacheMark cache = CacheMark::None;
  bool operator==(const Tool&) const = default;
};

/// Which tool the model may, must or must not call.
struct ToolChoice {
  enum class Kind : std::uint8_t { Auto, None, Any, Named };
  Kind kind = Kind::Auto;
  std::string name = {};                  ///< with Named
  std::vector<std::string> allowed = {};  ///< with Auto and Any: these tools alone; empty: all
  bool operator==(const ToolChoice&) const = default;
};

/// The form the answer must have.
struct Format {
  enum class Kind : std::uint8_t { Text, Json, Schema };
  Kind kind = Kind::Text;
  std::string name = {};         ///< with Schema; empty: none given
  std::string description = {};  ///< with Schema
  std::string schema = {};       ///< with Schema: JSON as it came
  std::optional<bool> strict = {};
  bool operator==(const Format&) const = default;
};

/// How much the model is to think before it answers, and what of that it shows. Dialects say it as
/// an effort, as a budget of tokens, or leave it to the model; what the client said is kept apart
/// from what follows of it.
struct Reasoning {
  enum class Effort : std::uint8_t { None, Minimal, Low, Medium, High, XHigh, Max };
  enum class Mode : std::uint8_t {
    Unsaid,
    Off,
    Budget,
    Adaptive,
    EffortAlone,  ///< an effort of the answer as a whole, without thinking before it
  };
  std::optional<Effort> effort = {};
  Mode mode = Mode::Unsaid;                 ///< Anthropic's `thinking.type`
  std::optional<std::int64_t> budget = {};  ///< tokens; with Mode::Budget
  std::string summary = {};  ///< OpenAI's `reasoning.summary`: `auto|concise|detailed`, or empty
  std::string display = {};  ///< Anthropic's `thinking.display`: `summarized|omitted`, or empty
  bool operator==(const Reasoning&) const = default;
};
std::string_view word_of(Reasoning::Effort effort);
std::optional<Reasoning::Effort> find_effort(std::string_view word);

/// How tokens are chosen, and what of that is told.
struct Sampling {
  std::optional<double> temperature = {};
  std::optional<double> top_p = {};
  std::optional<std::int64_t> top_k = {};
  std::optional<double> frequency_penalty = {};
  std::optional<double> presence_penalty = {};
  std::optional<std::int64_t> seed = {};
  std::string logit_bias = {};                    ///< its JSON object, or empty
  bool logprobs = false;                          ///< of the tokens of the answer
  std::optional<std::int64_t> top_logprobs = {};  ///< so many alternatives for each
  bool operator==(const Sampling&) const = default;
};

/// One call for a conversation's next turn.
struct Request {
  std::string model;
  std::vector<Message> messages;  ///< system and developer prompts first, as their own messages
  std::vector<Tool> tools = {};
  std::optional<ToolChoice> tool_choice = {};
  std::optional<bool> parallel_tools = {};  ///< false: at most one call a turn
  std::optional<std::int64_t> max_tokens = {};
  Sampling sampling = {};
  std::vector<std::string> stop = {};
  std::int64_t choices = 1;  ///< answers asked for (`n`)
  Format format = {};
  Reasoning reasoning = {};
  std::string verbosity = {};            ///< OpenAI's `low|medium|high`, or empty
  std::optional<std::string> user = {};  ///< the end user's id as the client gave it
  std::string safety_id = {};            ///< OpenAI's `safety_identifier`: a hashed user, or empty
  std::string metadata = {};             ///< OpenAI's map of strings as JSON, or empty
  std::string service_tier = {};         ///< in OpenAI's words: `auto|default|flex|priority`
  std::string cache_key = {};            ///< OpenAI's `prompt_cache_key`
  std::string cache_retention = {};      ///< OpenAI's `prompt_cache_retention`
  bool stream = false;
  bool stream_usage = false;               ///< the client wants usage in its stream
  std::vector<json::RawField> extra = {};  ///< fields of its own dialect we do not model
  bool operator==(const Request&) const = default;
};

}  // namespace naru::chat
