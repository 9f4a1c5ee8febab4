#include "base/json_writer.h"
#include "dialect/anthropic/codec.h"

namespace naru::dialect::anthropic_wire {
namespace {

constexpr std::int64_t kMostAskedTokens = 1'000'000'000;

/// A block must be an object that names its type; a text block has a text.
void check_block(json::FieldReader& in, const std::string& path, json::ValueView block) {
  const std::optional<json::ValueView> type = block.find("type");
  if (!block.is_object()) return in.problem(path, "must be an object");
  if (!type || !type->is_string()) return in.problem(path + ".type", "must be a string");
  if (type->text() != "text") return;
  const std::optional<json::ValueView> text = block.find("text");
  if (!text || !text->is_string()) in.problem(path + ".text", "must be a string");
}

/// A string, or a list of blocks. The path is built only for what is wrong or has blocks.
void check_content(json::FieldReader& in, const std::string& path,
                   std::optional<json::ValueView> content) {
  if (content && content->is_string()) return;
  if (!content || !content->is_array())
    return in.problem(path, "must be a string or an array of content blocks");
  std::size_t at = 0;
  for (const json::ValueView block : *content)
    check_block(in, fmt::format("{}[{}]", path, at++), block);
}

/// Roles are left to the provider, which may know more of them than we do.
void check_messages(json::FieldReader& in) {
  const std::optional<json::ValueView> messages = in.need("messages", json::Type::Array);
  if (!messages) return;
  if (messages->size() == 0) in.problem("messages", "must hold at least one message");
  std::size_t at = 0;
  for (const json::ValueView message : *messages) {
    const std::string path = fmt::format("messages[{}]", at++);
    if (!message.is_object()) {
      in.problem(path, "must be an object");
      continue;
    }
    const std::optional<json::ValueView> role = message.find("role");
    if (!role || !role->is_string()) in.problem(path + ".role", "must be a string");
    check_content(in, path + ".content", message.find("content"));
  }
}

void check_tools(json::FieldReader& in, RequestScan& scan) {
  const std::optional<json::ValueView> tools = in.find_any("tools");
  if (!tools) return;
  if (!tools->is_array()) return in.problem("tools", "must be an array");
  std::size_t at = 0;
  for (const json::ValueView tool : *tools) {
    const std::string path = fmt::format("tools[{}]", at++);
    if (!tool.is_object()) in.problem(path, "must be an object");
  }
  scan.uses_tools = tools->size() > 0;
}

void check_model(json::FieldReader& in, RequestScan& scan) {
  const std::optional<json::ValueView> model = in.need("model", json::Type::String);
  if (!model) return;
  scan.model = model->text();
  scan.model_span = model->span();
  if (scan.model.empty()) in.problem("model", "must not be empty; name a model of the list");
}

/// Only of a call for an answer: counting has neither.
void check_limits(json::FieldReader& in, RequestScan& scan) {
  scan.stream = in.find_boolean("stream").value_or(false);
  scan.stream_usage = scan.stream;  // this dialect's streams always carry it
  if (in.find_any("max_tokens"))
    scan.max_tokens = in.find_integer("max_tokens", 1, kMostAskedTokens);
  else
    in.problem("max_tokens", "must be given: the most tokens the answer may have");
}

}  // namespace

Result<RequestScan> scan_request(Operation operation, const json::Tree& body) {
  json::FieldReader in(body.root(), "$");
  if (!body.root().is_object()) return fail(in.fault());
  RequestScan scan;
  check_model(in, scan);
  if (operation == Operation::Chat) check_limits(in, scan);
  if (const std::optional<json::ValueView> system = in.find_any("system"))
    check_content(in, "system", system);
  check_messages(in);
  check_tools(in, scan);
  if (in.ok()) scan.texts = list_texts(body.root());
  return in.finish(std::move(scan));
}

std::string forward_request(const json::Tree& body, const RequestScan& scan, const Forward& forward,
                            std::vector<chat::Loss>& losses) {
  std::string model;
  json::append_quoted(model, forward.upstream_model);
  std::vector<Patch> patches{{scan.model_span.begin, scan.model_span.end, std::move(model)}};
  cut_out(body.root(), forward.fields, patches, losses);
  std::ranges::sort(patches, {}, &Patch::begin);
  return patched(body.text(), patches);
}

}  // namespace naru::dialect::anthropic_wire
