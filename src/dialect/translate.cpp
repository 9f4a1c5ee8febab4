#include "dialect/translate.h"

#include "base/text.h"
#include "dialect/facts.h"
#include "dialect/reread.h"
#include "dialect/streams.h"

namespace naru::dialect {
namespace {

constexpr std::string_view kForeign = "has no place in the upstream's dialect";

std::unexpected<Fault> not_served(const Ends& ends) {
  Fault fault{.kind = FaultKind::UnsupportedEndpoint,
              .detail = fmt::format("this model's upstream speaks '{}', which has no call '{}'",
                                    ends.upstream->name(), name_of(ends.operation))};
  return fail(std::move(fault));
}

/// Reasoning that another upstream has sealed is no secret of this one.
bool is_sealed_elsewhere(const chat::Thinking& thinking, const Forward& forward) {
  return !thinking.origin.empty() && thinking.origin != forward.upstream;
}

/// What it leaves says nothing, and keeps the others' places.
void leave_foreign_part(chat::Part& part, const std::string& path, const Forward& forward,
                        std::vector<chat::Loss>& losses) {
  if (const auto* opaque = std::get_if<chat::Opaque>(&part)) {
    losses.push_back({path, fmt::format("a part of type '{}' {}", opaque->type, kForeign)});
    part = chat::Text{};
  } else if (auto* thinking = std::get_if<chat::Thinking>(&part)) {
    if (!is_sealed_elsewhere(*thinking, forward)) return;
    losses.push_back({path, fmt::format("its reasoning is sealed by '{}', which alone can read it",
                                        thinking->origin)});
    part = chat::Text{};
  } else if (auto* result = std::get_if<chat::ToolResult>(&part)) {
    std::size_t at = 0;
    for (const chat::ResultPart& one : result->parts) {
      if (const auto* inner = std::get_if<chat::Opaque>(&one))
        losses.push_back({fmt::format("{}.content[{}]", path, at),
                          fmt::format("a part of type '{}' {}", inner->type, kForeign)});
      ++at;
    }
    std::erase_if(result->parts,
                  [](const auto& one) { return std::holds_alternative<chat::Opaque>(one); });
  }
}

/// What only the client's own dialect understands stays here: as a Loss each.
void leave_foreign(chat::Request& request, const Forward& forward,
                   std::vector<chat::Loss>& losses) {
  for (const json::RawField& field : request.extra)
    losses.push_back({field.name, std::string(kForeign)});
  request.extra.clear();
  for (std::size_t at = 0; at < request.messages.size(); ++at) {
    chat::Message& message = request.messages[at];
    for (const json::RawField& field : message.extra)
      losses.push_back({fmt::format("messages[{}].{}", at, field.name), std::string(kForeign)});
    message.extra.clear();
    for (std::size_t part = 0; part < message.parts.size(); ++part) {
      const std::string path = fmt::format("messages[{}].content[{}]", at, part);
      leave_foreign_part(message.parts[part], path, forward, losses);
    }
  }
}

/// A crossing request to an engine of ours: what its own dialect would not list stays here as well.
Result<std::string> list_again(const Ends& ends, std::string body, const Forward& forward,
                               std::vector<chat::Loss>& losses) {
  NARU_TRY(const json::Tree tree, json::Tree::parse(body));
  NARU_TRY(const RequestScan scan, ends.upstream->scan_request(ends.operation, tree));
  return ends.upstream->forward_request(ends.operation, tree, scan, forward, losses);
}

void note_response(const chat::Response& response, AnswerFacts& facts) {
  facts.losses = response.losses;
  facts.upstream_model = response.model;
  if (response.usage) note_usage(facts, *response.usage);
  if (!response.choices.empty()) facts.stop = response.choices.front().stop;
  for (const chat::Choice& choice : response.choices)
    for (const chat::Part& part : choice.parts) tally_part(part, facts.delivered);
  doubt_usage(facts);
}

/// Counting costs no tokens of a model: the usage stays zero, and that is certain, not estimated.
Result<std::string> cross_count(const Ends& ends, const json::Tree& answer, AnswerFacts& facts) {
  NARU_TRY(const std::int64_t tokens, ends.upstream->read_count(answer));
  facts.usage_reported = true;
  return ends.client->write_count(tokens);
}

/// A fault in an answer's place may report what it has cost.
void note_cost_of_fault(const Ends& ends, const json::Tree& answer, const WriterOptions& options,
                        AnswerFacts& facts) {
  AnswerFacts told;
  const auto scanned = ends.upstream->scan_answer(ends.operation, answer, options, told);
  (void)scanned;  // why it cannot be read is known
  if (told.usage_reported) note_usage(facts, told.usage);
}

std::unexpected<Fault> no_json() {
  return fail({.kind = FaultKind::UpstreamInvalid,
               .detail = "the upstream's answer is no JSON",
               .origin = Origin::Upstream});
}

}  // namespace

bool can_cross(Operation operation) {
  return operation == Operation::Chat || operation == Operation::CountTokens;
}

std::optional<Fault> find_nameless(const chat::Part& part) {
  const auto* call = std::get_if<chat::ToolCall>(&part);
  if (call == nullptr || (!call->name.empty() && !call->id.empty())) return std::nullopt;
  return Fault{.kind = FaultKind::UpstreamInvalid,
               .detail = "the upstream's answer calls a tool without name or id",
               .origin = Origin::Upstream};
}

void strip_foreign(const Ends& ends, Fault& fault) {
  if (!ends.same()) fault.param.clear();
  if (ends.client->family() != ends.upstream->family()) fault.code = fault.details = "";
}

void tally_part(const chat::Part& part, chat::Tally& tally) {
  if (const auto* text = std::get_if<chat::Text>(&part)) tally.add(text->text);
  if (const auto* thinking = std::get_if<chat::Thinking>(&part)) tally.add(thinking->text);
  if (const auto* call = std::get_if<chat::ToolCall>(&part)) tally.add(call->arguments);
}

Result<std::string> translate_request(const Ends& ends, const json::Tree& body,
                                      const RequestScan& scan, const Forward& forward,
                                      std::vector<chat::Loss>& losses) {
  if (!ends.upstream->serves(ends.operation)) return not_served(ends);
  if (ends.same()) return ends.client->forward_request(ends.operation, body, scan, forward, losses);
  if (!can_cross(ends.operation)) return not_served(ends);
  NARU_TRY(chat::Request request, ends.client->read_request(ends.operation, body));
  leave_foreign(request, forward, losses);
  request.model = forward.upstream_model;
  request.stream_usage = request.stream && (request.stream_usage || forward.ask_usage);
  NARU_TRY(std::string written, ends.upstream->write_request(ends.operation, request, losses));
  reread_request(ends, written);
  if (forward.fields == Fields::All) return written;
  return list_again(ends, std::move(written), forward, losses);
}

Result<std::string> translate_answer(const Ends& ends, std::string_view body,
                                     const WriterOptions& options, AnswerFacts& facts) {
  const Result<json::Tree> tree = json::Tree::parse(body, json::kFromUpstream);
  if (!tree) return no_json();
  facts.whole = true;
  if (!ends.same()) {
    if (ends.operation == Operation::CountTokens) return cross_count(ends, *tree, facts);
    Result<chat::Response> read = ends.upstream->read_answer(*tree);
    if (!read) {
      note_cost_of_fault(ends, *tree, options, facts);
      strip_foreign(ends, read.error());
    }
    NARU_TRY(chat::Response response, std::move(read));
    note_response(response, facts);
    if (!facts.usage_reported) response.usage.reset();  // what is doubted, no client is told
    for (const chat::Choice& choice : response.choices)
      for (const chat::Part& part : choice.parts)
        if (std::optional<Fault> fault = find_nameless(part)) return fail(*std::move(fault));
    std::string written = ends.client->write_answer(response, options, facts.losses);
    reread_answer(ends, written);
    return written;
  }
  NARU_TRY(const std::vector<Patch> patches,
           ends.client->scan_answer(ends.operation, *tree, options, facts));
  doubt_usage(facts);
  return patches.empty() ? std::string(body) : patched(body, patches);
}

std::unique_ptr<AnswerStream> make_answer_stream(const Ends& ends, WriterOptions options) {
  return ends.same() ? make_same_stream(ends, std::move(options))
                     : make_cross_stream(ends, std::move(options));
}

}  // namespace naru::dialect
