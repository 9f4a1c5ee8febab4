#include "dialect/translate.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "dialect/facts.h"
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

bool can_cross(const Ends& ends) {
  return ends.operation == Operation::Chat && ends.upstream->serves(Operation::Chat);
}

/// What only the client's own dialect understands stays here: as a Loss each.
void leave_foreign(chat::Request& request, std::vector<chat::Loss>& losses) {
  for (const json::RawField& field : request.extra)
    losses.push_back({field.name, std::string(kForeign)});
  request.extra.clear();
  for (std::size_t at = 0; at < request.messages.size(); ++at) {
    chat::Message& message = request.messages[at];
    for (const json::RawField& field : message.extra)
      losses.push_back({fmt::format("messages[{}].{}", at, field.name), std::string(kForeign)});
    message.extra.clear();
    for (std::size_t part = 0; part < message.parts.size(); ++part) {
      const auto* opaque = std::get_if<chat::Opaque>(&message.parts[part]);
      if (opaque == nullptr) continue;
      losses.push_back({fmt::format("messages[{}].content[{}]", at, part),
                        fmt::format("a part of type '{}' {}", opaque->type, kForeign)});
      message.parts[part] = chat::Text{};  // says nothing, and keeps the others' places
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
  facts.upstream_model = response.model;
  if (response.usage) note_usage(facts, *response.usage);
  if (!response.choices.empty()) facts.stop = response.choices.front().stop;
  for (const chat::Choice& choice : response.choices)
    for (const chat::Part& part : choice.parts) tally_part(part, facts.delivered);
  doubt_usage(facts);
}

std::unexpected<Fault> no_json() {
  return fail({.kind = FaultKind::UpstreamInvalid,
               .detail = "the upstream's answer is no JSON",
               .origin = Origin::Upstream});
}

}  // namespace

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
  if (!can_cross(ends)) return not_served(ends);
  NARU_TRY(chat::Request request, ends.client->read_request(body));
  leave_foreign(request, losses);
  request.model = forward.upstream_model;
  request.stream_usage = request.stream && (request.stream_usage || forward.ask_usage);
  NARU_TRY(std::string written, ends.upstream->write_request(request, losses));
  if (!forward.listed_fields_only) return written;
  return list_again(ends, std::move(written), forward, losses);
}

Result<std::string> translate_answer(const Ends& ends, std::string_view body,
                                     const WriterOptions& options, AnswerFacts& facts) {
  const Result<json::Tree> tree = json::Tree::parse(body, json::kFromUpstream);
  if (!tree) return no_json();
  if (!ends.same()) {
    NARU_TRY(chat::Response response, ends.upstream->read_answer(*tree));
    note_response(response, facts);
    response.id = options.answer_id;
    response.model = options.public_model;
    response.created_s = options.created_s;
    return ends.client->write_answer(response);
  }
  NARU_TRY(const std::optional<json::Span> model,
           ends.client->scan_answer(ends.operation, *tree, facts));
  doubt_usage(facts);
  if (!model || facts.upstream_model == options.public_model) return std::string(body);
  std::string quoted;
  json::append_quoted(quoted, options.public_model);
  return patched(body, {{model->begin, model->end, std::move(quoted)}});
}

std::unique_ptr<AnswerStream> make_answer_stream(const Ends& ends, WriterOptions options) {
  return ends.same() ? make_same_stream(ends, std::move(options))
                     : make_cross_stream(ends, std::move(options));
}

}  // namespace naru::dialect
