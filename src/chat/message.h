#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json_fields.h"

/// The canonical model: what any client asks and any model answers, whatever dialect either speaks.
namespace naru::chat {

enum class Role : std::uint8_t { System, Developer, User, Assistant };

struct Text {
  std::string text;
  bool operator==(const Text&) const = default;
};

/// An image, by address or by its bytes. Exactly one of `url` and `data` is set.
struct Image {
  std::string url;
  std::string data;        ///< base64 as it came
  std::string media_type;  ///< `image/png`; set with `data`
  std::string detail;      ///< OpenAI's `low|high|auto`, or empty
  bool operator==(const Image&) const = default;
};

/// The model asks for a tool to be called.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  ///< a JSON text, byte for byte as the model wrote it
  bool operator==(const ToolCall&) const = default;
};

/// What a called tool gave back.
struct ToolResult {
  std::string call_id;
  std::string text;
  bool is_error = false;
  bool operator==(const ToolResult&) const = default;
};

/// The model's reasoning as it is shown, with the signature its provider wants back unchanged.
struct Thinking {
  std::string text;
  std::string signature;
  bool operator==(const Thinking&) const = default;
};

/// A part only its own dialect understands; its bytes travel there and are a Loss elsewhere.
struct Opaque {
  std::string type;  ///< the part's `type` word
  std::string raw;   ///< its JSON
  bool operator==(const Opaque&) const = default;
};

using Part = std::variant<Text, Image, ToolCall, ToolResult, Thinking, Opaque>;

struct Message {
  Role role = Role::User;
  std::vector<Part> parts;
  std::string name = {};  ///< the participant's, or empty
  std::vector<json::RawField> extra = {};
  bool operator==(const Message&) const = default;
};

}  // namespace naru::chat
