#include "base/json_writer.h"
#include "dialect/json_views.h"
#include "dialect/openai/openai.h"
#include "dialect/openai_responses/codec.h"

/// Source: OpenAI API reference, Responses streaming events, `error`.
namespace naru::dialect::openai_responses_wire {

std::string write_stream_error(const Fault& fault, std::int64_t number) {
  const std::string body = openai_wire::write_error(fault);
  const Result<json::Tree> tree = json::Tree::parse(body);
  const json::ValueView error = *find_object(tree->root(), "error");
  std::string data;
  json::Writer out(data);
  out.object().field("type", "error").field("sequence_number", number);
  for (const std::string_view name : {"code", "message", "param"})
    out.key(name).raw(error.find(name)->raw());
  out.key("error").raw(error.raw()).end_object();
  std::string frame;
  wire::append_event(frame, "error", data);
  return frame;
}

}  // namespace naru::dialect::openai_responses_wire
