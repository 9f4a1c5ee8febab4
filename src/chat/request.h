#pragma once
#include "chat/message.h"

namespace naru::chat {

struct Tool {
  std::string name;
  std::string description;
  std::string parameters;  ///< JSON schema as it came; empty: takes none
  bool operator==(const Tool&) const = default;
};

/// Which tool the model may, must or must not call.
struct ToolChoice {
  enum class Kind : std::uint8_t { Auto, None, Any, Named };
  Kind kind = Kind::Auto;
  std::string name = {};  ///< with Named
  bool operator==(const ToolChoice&) const = default;
};

/// One call for a conversation's next turn.
struct Request {
  std::string model;
  std::vector<Message> messages;  ///< system and developer prompts first, as their own messages
  std::vector<Tool> tools = {};
  std::optional<ToolChoice> tool_choice = {};
  std::optional<bool> parallel_tools = {};  ///< false: at most one call a turn
  std::optional<std::int64_t> max_tokens = {};
  std::optional<double> temperature = {};
  std::optional<double> top_p = {};
  std::optional<std::int64_t> top_k = {};
  std::vector<std::string> stop = {};
  std::optional<std::string> user = {};  ///< the end user's id as the client gave it
  bool stream = false;
  bool stream_usage = false;               ///< the client wants usage in its stream
  std::vector<json::RawField> extra = {};  ///< fields of its own dialect we do not model
  bool operator==(const Request&) const = default;
};

/// Something a target cannot carry: which field, and why.
struct Loss {
  std::string field;   ///< path in the client's request: `messages[2].content[0]`
  std::string reason;  ///< "anthropic has no logit_bias"
  bool operator==(const Loss&) const = default;
};

}  // namespace naru::chat
