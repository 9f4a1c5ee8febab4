#include "base/json_fields.h"
#include "dialect/openai/openai.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/words.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::FieldReader;
using json::Type;
using json::ValueView;

// Engines allocate for each of these before they check them themselves.
constexpr std::int64_t kMostTokensAsked = 10'000'000;
constexpr std::int64_t kMostLogprobs = 20;
constexpr std::size_t kMostSchemaBytes = 256 << 10;

/// The elements of `list`, `check` given a reader for each; stops at the first that is wrong, so
/// that a body of a million of them makes one sentence.
template <class Check>
void check_each(FieldReader& in, std::string_view name, ValueView list, const Check& check) {
  std::size_t at = 0;
  for (const ValueView one : list) {
    FieldReader inner(one, fmt::format("{}[{}]", in.path_of(name), at++));
    check(inner, one);
    in.absorb(inner);
    if (!in.ok()) return;
  }
}

/// A string, or a list of parts that each have a type.
void check_parts(FieldReader& in, std::string_view name) {
  const std::optional<ValueView> content = in.find_any(name);
  if (content && content->is_string()) return;
  if (!content || !content->is_array())
    return in.problem(name, "must be a string or a list of parts");
  check_each(in, name, *content, [](FieldReader& part, ValueView) {
    const std::string type = part.text("type");
    if (type == "input_text" || type == "output_text") part.need("text", Type::String);
  });
}

void check_item(FieldReader& in, ValueView item) {
  if (!item.is_object()) return;  // `in` has said so
  in.find_text("type");
  switch (kind_of_item(item)) {
    case Item::Message:
      in.need("role", Type::String);
      return check_parts(in, "content");
    case Item::Call:
      for (const std::string_view name : {"call_id", "name", "arguments"})
        in.need(name, Type::String);
      return;
    case Item::Output:
      in.need("call_id", Type::String);
      return check_parts(in, "output");
    case Item::Reference:
      in.need("id", Type::String);
      return;
    case Item::Reasoning:
    case Item::Other:
      return;
  }
}

/// Whether something else than `input` may say what is asked: a turn that goes on, a prompt that
/// the provider keeps.
bool may_lack_input(FieldReader& in, Operation operation) {
  const bool goes_on = in.find_text("previous_response_id").has_value();
  const bool kept = in.find_any("prompt").has_value();
  return goes_on || kept || operation == Operation::CountTokens;
}

void check_input(FieldReader& in, Operation operation) {
  const bool may_lack = may_lack_input(in, operation);
  const std::optional<ValueView> input = in.find_any("input");
  if (input && input->is_string()) return;
  if (input ? !input->is_array() : !may_lack)
    return in.problem("input", "must be a string or a list of items");
  if (!input) return;
  if (input->size() == 0 && !may_lack) in.problem("input", "is empty; send at least one item");
  check_each(in, "input", *input, check_item);
}

/// What naru has no place to keep for a client.
void check_unserved(FieldReader& in) {
  if (in.find_boolean("background").value_or(false))
    in.problem("background", "is true; there are no background responses here, leave it out");
  if (in.find_any("conversation"))
    in.problem("conversation",
               "is not served here; go on from a response with previous_response_id");
}

bool scan_tools(FieldReader& in) {
  const std::optional<ValueView> tools = in.find_any("tools");
  if (!tools) return false;
  if (!tools->is_array()) {
    in.problem("tools", "must be a list");
    return false;
  }
  check_each(in, "tools", *tools,
             [](FieldReader& tool, ValueView) { tool.need("type", Type::String); });
  return tools->size() > 0;
}

void check_options(FieldReader& in) {
  in.find_text("instructions");
  in.find_boolean("store");
  in.find_integer("top_logprobs", 0, kMostLogprobs);
  const std::optional<ValueView> include = in.find_any("include");
  bool texts = !include || include->is_array();
  if (include)
    for (const ValueView one : *include) texts = texts && one.is_string();
  if (!texts) in.problem("include", "must be a list of strings");
  const std::optional<ValueView> text = in.find_any("text");
  if (text && text->raw().size() > kMostSchemaBytes)
    in.problem("text", fmt::format("is {} bytes long; at most {} are taken", text->raw().size(),
                                   kMostSchemaBytes));
}

}  // namespace

Result<RequestScan> scan_request(Operation operation, const json::Tree& body) {
  FieldReader in(body.root(), "$");
  RequestScan scan;
  if (const std::optional<ValueView> model = in.need("model", Type::String)) {
    scan.model = model->text();
    scan.model_span = model->span();
    if (scan.model.empty()) in.problem("model", "is empty; name a model");
  }
  scan.stream = in.find_boolean("stream").value_or(false);
  scan.stream_usage = true;  // this dialect's streams always tell it
  scan.max_tokens = in.find_integer("max_output_tokens", 1, kMostTokensAsked);
  scan.uses_tools = scan_tools(in);
  check_unserved(in);
  check_options(in);
  if (body.root().is_object()) check_input(in, operation);
  if (!in.ok()) return fail(in.fault());
  for (const ValueView member : body.root())
    if (member.key() != "model") openai_wire::collect_texts(member, member.key(), scan.texts);
  return scan;
}

}  // namespace naru::dialect::openai_responses_wire
