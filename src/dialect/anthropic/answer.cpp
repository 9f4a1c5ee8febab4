#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/facts.h"

namespace naru::dialect::anthropic_wire {
namespace {

/// Some servers send their errors under HTTP 200.
Result<void> want_object(const json::Tree& body) {
  const json::ValueView root = body.root();
  if (!root.is_object())
    return fail(FaultKind::UpstreamInvalid, "the provider's answer is no JSON object");
  if (text_of(root, "type") == "error" || find_object(root, "error"))
    return fail(read_stream_error(root));
  return {};
}

Result<json::ValueView> find_content(json::ValueView root) {
  const std::optional<json::ValueView> content = root.find("content");
  if (content && content->is_array()) return *content;
  return fail(Fault{.kind = FaultKind::UpstreamInvalid,
                    .detail = "the provider's answer has no content",
                    .origin = Origin::Upstream});
}

Stop stop_of(json::ValueView root, json::ValueView content) {
  bool called_tools = false;
  for (const json::ValueView block : content)
    called_tools = called_tools || text_of(block, "type") == "tool_use";
  return read_stop(root).value_or(untold_stop(called_tools));
}

/// Counting costs no tokens of a model: the usage stays zero, and that is certain, not estimated.
Result<void> scan_count(json::ValueView root, AnswerFacts& facts) {
  const std::optional<json::ValueView> member = root.find("input_tokens");
  if (!member || member->integer().value_or(-1) < 0)
    return fail(FaultKind::UpstreamInvalid, "the provider's token count has no input_tokens");
  facts.usage_reported = true;
  return {};
}

/// Text, reasoning and inputs: what the model wrote, also where blocks are the provider's own.
void tally_content(json::ValueView content, chat::Tally& tally) {
  for (const json::ValueView block : content) {
    tally.add(text_of(block, "text"));
    tally.add(text_of(block, "thinking"));
    if (const auto input = find_object(block, "input")) tally.add(input->raw());
  }
}

/// Blocks that only this dialect shows have no place in another one's answer and are left out, as
/// the stream reader does.
void read_block(json::ValueView block, json::FieldReader& in, std::vector<chat::Part>& parts) {
  const std::string_view type = text_of(block, "type");
  if (type == "text") {
    parts.emplace_back(chat::Text{std::string(text_of(block, "text"))});
  } else if (type == "thinking") {
    parts.emplace_back(chat::Thinking{std::string(text_of(block, "thinking")),
                                      std::string(text_of(block, "signature"))});
  } else if (type == "tool_use") {
    const auto input = block.find("input");
    parts.emplace_back(chat::ToolCall{std::string(text_of(block, "id")),
                                      std::string(text_of(block, "name")),
                                      input ? std::string(input->raw()) : "{}"});
  } else if (type.empty()) {
    in.problem("content", "must hold objects with a type");
  }
}

/// Writes the content of an answer, block by block.
class AnswerBlocks {
 public:
  explicit AnswerBlocks(json::Writer& out) : out_(out) {}
  bool has_tool_call() const { return has_tool_call_; }

  void operator()(const chat::Text& text) {
    if (text.text.empty()) return;
    out_.object().field("type", "text").field("text", text.text).end_object();
  }
  void operator()(const chat::Thinking& thinking) {
    if (thinking.text.empty() && thinking.signature.empty()) return;
    out_.object().field("type", "thinking").field("thinking", thinking.text);
    out_.field("signature", thinking.signature).end_object();
  }
  void operator()(const chat::ToolCall& call) {
    has_tool_call_ = true;
    out_.object().field("type", "tool_use").field("id", call.id).field("name", call.name);
    write_input(out_.key("input"), call.arguments);
    out_.end_object();
  }
  /// No model answers with these; a part of another dialect's own has no place here.
  void operator()(const chat::Image&) {}
  void operator()(const chat::ToolResult&) {}
  void operator()(const chat::Opaque&) {}

 private:
  json::Writer& out_;
  bool has_tool_call_ = false;
};

/// `stop_sequence` is named only where it was the reason.
void write_stop(json::Writer& out, const chat::Choice& choice, bool has_tool_call) {
  out.field("stop_reason", stop_word(choice.stop, has_tool_call));
  out.key("stop_sequence");
  if (choice.stop == chat::StopReason::StopSequence && !choice.stop_sequence.empty())
    out.text(choice.stop_sequence);
  else
    out.null();
}

}  // namespace

Result<std::optional<json::Span>> scan_answer(Operation operation, const json::Tree& body,
                                              AnswerFacts& facts) {
  NARU_TRY_VOID(want_object(body));
  const json::ValueView root = body.root();
  if (operation == Operation::CountTokens) {
    NARU_TRY_VOID(scan_count(root, facts));
    return std::nullopt;
  }
  NARU_TRY(const json::ValueView content, find_content(root));
  if (const auto usage = find_object(root, "usage")) {
    overlay_usage(facts.usage, *usage);
    facts.usage_reported = counts_output(*usage);
  }
  facts.stop = stop_of(root, content).reason;
  tally_content(content, facts.delivered);
  const std::optional<json::ValueView> model = root.find("model");
  if (!model || !model->is_string()) return std::nullopt;
  facts.upstream_model = model->text();
  return model->span();
}

Result<chat::Response> read_answer(const json::Tree& body) {
  NARU_TRY_VOID(want_object(body));
  json::FieldReader in(body.root(), "$");
  chat::Response response;
  response.id = in.find_text("id").value_or("");
  response.model = in.find_text("model").value_or("");
  chat::Choice& choice = response.choices.emplace_back();
  NARU_TRY(const json::ValueView content, find_content(body.root()));
  for (const json::ValueView block : content) read_block(block, in, choice.parts);
  const Stop stop = stop_of(body.root(), content);
  choice.stop = stop.reason;
  choice.stop_sequence = stop.sequence;
  const auto usage = find_object(body.root(), "usage");
  if (usage && counts_output(*usage)) overlay_usage(response.usage.emplace(), *usage);
  if (!in.ok()) return fail(as_upstream_invalid(in.fault(), "the provider's answer is no message"));
  return response;
}

std::string write_answer(const chat::Response& response) {
  static const chat::Choice kNothing;
  const chat::Choice& choice = response.choices.empty() ? kNothing : response.choices.front();
  std::string body;
  json::Writer out(body);
  out.object().field("id", response.id).field("type", "message").field("role", "assistant");
  out.field("model", response.model).key("content").array();
  AnswerBlocks blocks(out);
  for (const chat::Part& part : choice.parts) std::visit(blocks, part);
  out.end_array();
  write_stop(out, choice, blocks.has_tool_call());
  write_usage(out.key("usage"), response.usage.value_or(chat::Usage{}));
  out.end_object();
  return body;
}

}  // namespace naru::dialect::anthropic_wire
