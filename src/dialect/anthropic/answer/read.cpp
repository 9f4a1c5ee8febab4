#include "dialect/anthropic/citations.h"
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

Result<void> want_named_calls(json::ValueView content) {
  for (const json::ValueView block : content)
    if (is_nameless_call(block))
      return fail(Fault{.kind = FaultKind::UpstreamInvalid,
                        .detail = "the provider's answer calls a tool without name or id",
                        .origin = Origin::Upstream});
  return {};
}

Stop stop_of(json::ValueView root, json::ValueView content) {
  bool called_tools = false;
  for (const json::ValueView block : content)
    called_tools = called_tools || text_of(block, "type") == "tool_use";
  return read_stop(root).value_or(untold_stop(called_tools));
}

/// Text, reasoning and inputs: what the model wrote, also where blocks are the provider's own.
void tally_content(json::ValueView content, chat::Tally& tally) {
  for (const json::ValueView block : content) {
    tally.add(text_of(block, "text"));
    tally.add(text_of(block, "thinking"));
    if (const auto input = find_object(block, "input")) tally.add(input->raw());
  }
}

chat::Thinking read_thinking(json::ValueView block, std::string_view seal_name, chat::Seal seal) {
  chat::Thinking thinking{.text = std::string(text_of(block, "thinking"))};
  thinking.sealed = text_of(block, seal_name);
  if (!thinking.sealed.empty()) thinking.seal = seal;
  return thinking;
}

chat::ToolCall read_call(json::ValueView block) {
  return {.id = std::string(text_of(block, "id")),
          .name = std::string(text_of(block, "name")),
          .arguments = std::string(input_of(block))};
}

/// Nothing of a block that only this dialect shows: it has no place in another one's answer.
std::optional<chat::Part> read_block(json::ValueView block) {
  const std::string_view type = text_of(block, "type");
  if (type == "text") {
    chat::Text text{.text = std::string(text_of(block, "text"))};
    text.citations = read_citations(block);
    return text;
  }
  if (type == "thinking") return read_thinking(block, "signature", chat::Seal::Signature);
  if (type == "redacted_thinking") return read_thinking(block, "data", chat::Seal::Redacted);
  if (type == "tool_use") return read_call(block);
  return std::nullopt;
}

/// Fails: UpstreamInvalid, when it holds what is no block.
Result<void> read_blocks(json::ValueView content, chat::Response& response) {
  std::size_t at = 0;
  for (const json::ValueView block : content) {
    const std::string_view type = text_of(block, "type");
    if (type.empty())
      return fail(
          Fault{.kind = FaultKind::UpstreamInvalid,
                .detail = fmt::format("the provider's answer has no type in content[{}]", at),
                .origin = Origin::Upstream});
    if (std::optional<chat::Part> part = read_block(block))
      response.choices.front().parts.push_back(*std::move(part));
    else
      response.losses.push_back(lost_block(at, type));
    ++at;
  }
  return {};
}

}  // namespace

Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                       const WriterOptions& options, AnswerFacts& facts) {
  NARU_TRY_VOID(want_object(body));
  const json::ValueView root = body.root();
  if (operation == Operation::CountTokens) {
    NARU_TRY_VOID(read_count(body));
    facts.usage_reported = true;  // counting costs no tokens of a model, and that is certain
    return std::vector<Patch>{};
  }
  if (const auto usage = find_object(root, "usage")) {  // of one that cannot be read too
    overlay_usage(facts.usage, *usage);
    facts.usage_reported = counts_output(*usage);
  }
  NARU_TRY(const json::ValueView content, find_content(root));
  NARU_TRY_VOID(want_named_calls(content));
  facts.stop = stop_of(root, content).reason;
  tally_content(content, facts.delivered);
  std::vector<Patch> patches;
  show_names(patches, root, {options.public_model, kIdPrefix, options.answer_id}, facts);
  close_stop(root, facts.stop == chat::StopReason::ToolUse, patches);
  close_role(patches, root);
  std::ranges::sort(patches, {}, &Patch::begin);
  return patches;
}

Result<chat::Response> read_answer(const json::Tree& body) {
  NARU_TRY_VOID(want_object(body));
  const json::ValueView root = body.root();
  NARU_TRY(const json::ValueView content, find_content(root));
  chat::Response response{.id = std::string(text_of(root, "id")),
                          .model = std::string(text_of(root, "model")),
                          .choices = std::vector<chat::Choice>(1)};
  response.service_tier = read_tier(root);
  NARU_TRY_VOID(read_blocks(content, response));
  Stop stop = stop_of(root, content);
  response.choices.front().stop = stop.reason;
  response.choices.front().stop_sequence = std::move(stop.sequence);
  const auto usage = find_object(root, "usage");
  if (usage && counts_output(*usage)) overlay_usage(response.usage.emplace(), *usage);
  std::ranges::move(lost_members(root), std::back_inserter(response.losses));
  return response;
}

Result<std::int64_t> read_count(const json::Tree& body) {
  NARU_TRY_VOID(want_object(body));
  const std::optional<std::int64_t> tokens = find_count(body.root(), "input_tokens");
  if (tokens) return *tokens;
  return fail(Fault{.kind = FaultKind::UpstreamInvalid,
                    .detail = "the provider's token count has no input_tokens",
                    .origin = Origin::Upstream});
}

}  // namespace naru::dialect::anthropic_wire
