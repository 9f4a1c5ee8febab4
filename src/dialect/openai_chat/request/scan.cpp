#include <limits>

#include "base/json_fields.h"
#include "base/text.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::FieldReader;
using json::Type;
using json::ValueView;

// Engines allocate for each of these before they check them themselves.
constexpr std::int64_t kMostTokensAsked = 10'000'000;
constexpr std::size_t kMostStops = 64;
constexpr std::size_t kMostSchemaBytes = 256 << 10;

void scan_stream(FieldReader& in, RequestScan& scan) {
  scan.stream = in.find_boolean("stream").value_or(false);
  const std::optional<ValueView> options = in.find_any("stream_options");
  if (!options) return;
  FieldReader inner(*options, in.path_of("stream_options"));
  scan.stream_usage = inner.find_boolean("include_usage").value_or(false);
  in.absorb(inner);
}

void check_stop(FieldReader& in) {
  const std::optional<ValueView> stop = in.find_any("stop");
  if (!stop || stop->is_string()) return;
  bool texts = stop->is_array();
  for (const ValueView one : *stop) texts = texts && one.is_string();
  if (!texts) in.problem("stop", "must be a string or a list of strings");
  if (stop->size() > kMostStops)
    in.problem("stop", fmt::format("has {} entries; send at most {}", stop->size(), kMostStops));
}

void scan_limits(FieldReader& in, Operation operation, RequestScan& scan) {
  // Scoring runs of the completions call ask for no new token at all.
  const std::int64_t least = operation == Operation::Complete ? 0 : 1;
  scan.max_tokens = in.find_integer("max_tokens", least, kMostTokensAsked);
  const auto newer = in.find_integer("max_completion_tokens", least, kMostTokensAsked);
  if (newer) scan.max_tokens = newer;
  in.find_integer("n", 1, kMostChoices);
  if (operation == Operation::Complete) in.find_integer("best_of", 1, kMostChoices);
  check_stop(in);
  const std::optional<ValueView> format = in.find_any("response_format");
  if (format && format->raw().size() > kMostSchemaBytes)
    in.problem("response_format", fmt::format("is {} bytes long; at most {} are taken",
                                              format->raw().size(), kMostSchemaBytes));
}

void check_parts(ValueView content, const std::string& path, FieldReader& in) {
  std::size_t at = 0;
  for (const ValueView part : content) {
    FieldReader inner(part, fmt::format("{}[{}]", path, at++));
    if (inner.text("type") == "text") inner.need("text", Type::String);
    in.absorb(inner);
    if (!in.ok()) return;
  }
}

void check_message(FieldReader& in) {
  in.need("role", Type::String);
  const std::optional<ValueView> content = in.find_any("content");
  if (!content || content->is_string()) return;
  if (content->is_array()) return check_parts(*content, in.path_of("content"), in);
  in.problem("content", "must be a string or a list of parts");
}

/// Stops at the first wrong message, so that a body of a million of them makes one sentence.
void check_messages(FieldReader& in) {
  const std::optional<ValueView> messages = in.need("messages", Type::Array);
  if (!messages) return;
  if (messages->size() == 0) in.problem("messages", "is empty; send at least one message");
  std::size_t at = 0;
  for (const ValueView message : *messages) {
    FieldReader inner(message, fmt::format("$.messages[{}]", at++));
    check_message(inner);
    in.absorb(inner);
    if (!in.ok()) return;
  }
}

bool all_of_type(ValueView list, Type type) {
  for (const ValueView one : list)
    if (!one.is(type)) return false;
  return true;
}

bool is_token_list(ValueView value) {
  return value.is_array() && value.size() > 0 && all_of_type(value, Type::Number);
}

/// Spelled in digits alone: engines read `1.0` and `1e3` in ways of their own.
bool is_token(ValueView value) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return std::ranges::all_of(value.raw(), digit) && value.integer().value_or(-1) >= 0 &&
         *value.integer() <= std::numeric_limits<std::int32_t>::max();
}

/// Names the first number of `list`, which stands at `path`, that is no token.
void check_tokens(FieldReader& in, ValueView list, const std::string& path) {
  std::size_t at = 0;
  for (const ValueView one : list) {
    if (!is_token(one)) {
      constexpr std::size_t kMostShown = 32;
      const std::string_view shown = clipped(one.raw(), kMostShown);
      return in.problem(fmt::format("{}[{}]", path, at),
                        fmt::format("is {}{}; a token is a whole number from 0 to 2147483647",
                                    shown, shown.size() < one.raw().size() ? "…" : ""));
    }
    ++at;
  }
}

/// `prompt` and `input` alike: a string, strings, tokens, or lists of tokens.
void check_prompt(FieldReader& in, std::string_view name) {
  const std::optional<ValueView> prompt = in.find_any(name);
  if (prompt && prompt->is_string()) return;
  bool fits = prompt && prompt->is_array() && prompt->size() > 0;
  if (fits && all_of_type(*prompt, Type::String)) return;
  if (fits && is_token_list(*prompt)) return check_tokens(in, *prompt, std::string(name));
  std::size_t at = 0;
  if (fits)
    for (const ValueView one : *prompt) fits = fits && is_token_list(one);
  if (!fits)
    return in.problem(name, "must be a string, a list of strings, or lists of token numbers");
  for (const ValueView one : *prompt) {
    if (!in.ok()) return;
    check_tokens(in, one, fmt::format("{}[{}]", name, at++));
  }
}

bool has_any(FieldReader& in, std::string_view name) {
  const std::optional<ValueView> list = in.find_any(name);
  if (!list) return false;
  if (!list->is_array()) in.problem(name, "must be a list");
  return list->is_array() && list->size() > 0;
}

void scan_subject(FieldReader& in, Operation operation, RequestScan& scan) {
  switch (operation) {
    case Operation::Chat: {
      const bool tools = has_any(in, "tools");
      scan.uses_tools = has_any(in, "functions") || tools;
      return check_messages(in);
    }
    case Operation::Complete:
      return check_prompt(in, "prompt");
    case Operation::Embed:
      return check_prompt(in, "input");
    case Operation::CountTokens:
      return;
  }
}

}  // namespace

Result<RequestScan> scan_request(Operation operation, const json::Tree& body) {
  if (operation == Operation::CountTokens)
    return fail(FaultKind::UnsupportedEndpoint, "the OpenAI dialect has no call to count tokens");
  FieldReader in(body.root(), "$");
  RequestScan scan;
  if (const std::optional<ValueView> model = in.need("model", Type::String)) {
    scan.model = model->text();
    scan.model_span = model->span();
    if (scan.model.empty()) in.problem("model", "is empty; name a model");
  }
  scan_stream(in, scan);
  scan_limits(in, operation, scan);
  scan_subject(in, operation, scan);
  if (!in.ok()) return fail(in.fault());
  for (const ValueView member : body.root())
    if (member.key() != "model") openai_wire::collect_texts(member, member.key(), scan.texts);
  return scan;
}

}  // namespace naru::dialect::openai_chat_wire
