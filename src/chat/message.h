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

/// For how long the provider is asked to keep the prompt up to and with a part in its cache.
enum class CacheMark : std::uint8_t { None, FiveMinutes, OneHour };

/// A source that the model names for what it says.
struct Citation {
  std::string url;  ///< empty where it cites a document of the request: then `raw` tells
  std::string title = {};
  std::string quote = {};  ///< the source's own words, if the provider gives them
  std::string raw = {};    ///< the annotation's JSON in the dialect it came in, if it is no address
  bool operator==(const Citation&) const = default;
};

struct Text {
  std::string text;
  bool refusal = false;  ///< the model says why it does not answer
  std::vector<Citation> citations = {};
  /// Log probabilities of its tokens as both OpenAI dialects write them: `[{"token":…},…]`; or
  /// empty.
  std::string logprobs = {};
  CacheMark cache = CacheMark::None;
  bool operator==(const Text&) const = default;
};

/// An image, by address or by its bytes. Exactly one of `url` and `data` is set.
struct Image {
  std::string url;
  std::string data;        ///< base64 as it came
  std::string media_type;  ///< `image/png`; set with `data`
  std::string detail;      ///< OpenAI's `low|high|auto`, or empty
  CacheMark cache = CacheMark::None;
  bool operator==(const Image&) const = default;
};

/// A document, most often a PDF: by address, by its bytes, or as plain text. Exactly one of `url`,
/// `data` and `text` is set.
struct Document {
  std::string url;
  std::string data;        ///< base64 as it came
  std::string media_type;  ///< `application/pdf`; set with `data`
  std::string text;
  std::string name;     ///< file name or title, or empty
  std::string context;  ///< Anthropic: what the model is told of it beside its text, or empty
  bool cite = false;    ///< Anthropic: the answer is to cite it
  CacheMark cache = CacheMark::None;
  bool operator==(const Document&) const = default;
};

/// The model asks for a tool to be called.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  ///< a JSON text, byte for byte as the model wrote it
  CacheMark cache = CacheMark::None;
  bool operator==(const ToolCall&) const = default;
};

/// A part only its own dialect understands; its bytes travel there and are a Loss elsewhere.
struct Opaque {
  std::string type;  ///< the part's `type` word
  std::string raw;   ///< its JSON
  bool operator==(const Opaque&) const = default;
};

using ResultPart = std::variant<Text, Image, Document, Opaque>;

/// What a called tool gave back.
struct ToolResult {
  std::string call_id;
  std::vector<ResultPart> parts;
  bool is_error = false;
  CacheMark cache = CacheMark::None;
  bool operator==(const ToolResult&) const = default;
  /// Its texts, one a line.
  std::string text() const;
};

/// What a provider wants back unchanged with the reasoning it has shown or hidden.
enum class Seal : std::uint8_t {
  None,
  Signature,  ///< Anthropic's, over the text
  Redacted,   ///< Anthropic's `redacted_thinking`: no text, all of it in the seal
  Encrypted,  ///< OpenAI's `encrypted_content`
};

/// The model's reasoning as it is shown, with its seal.
struct Thinking {
  std::string text;
  std::string sealed = {};
  Seal seal = Seal::None;
  std::string id = {};      ///< OpenAI's id of the reasoning item, or empty
  std::string origin = {};  ///< name of the upstream that sealed it, or empty: not known
  bool operator==(const Thinking&) const = default;
};

using Part = std::variant<Text, Image, Document, ToolCall, ToolResult, Thinking, Opaque>;

struct Message {
  Role role = Role::User;
  std::vector<Part> parts;
  std::string name = {};  ///< the participant's, or empty
  std::vector<json::RawField> extra = {};
  bool operator==(const Message&) const = default;
};

}  // namespace naru::chat
