#include "base/json_writer.h"
#include "dialect/openai_responses/answer/answer_words.h"
#include "dialect/openai_responses/codec.h"

/// Source: OpenAI API reference, Responses, Get input token counts.
namespace naru::dialect::openai_responses_wire {

Result<std::int64_t> read_count(const json::Tree& body) {
  const json::ValueView root = body.root();
  if (std::optional<Fault> fault = find_failure(root)) return fail(*std::move(fault));
  const std::optional<std::int64_t> tokens = find_count(root, "input_tokens");
  if (!tokens) return broken("token count", "has no input_tokens");
  return *tokens;
}

std::string write_count(std::int64_t tokens) {
  std::string body;
  json::Writer out(body);
  out.object().field("object", "response.input_tokens").field("input_tokens", tokens).end_object();
  return body;
}

}  // namespace naru::dialect::openai_responses_wire
