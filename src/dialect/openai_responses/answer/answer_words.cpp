#include "dialect/openai_responses/answer/answer_words.h"

#include <cmath>

#include "dialect/facts.h"
#include "dialect/openai_responses/answer/items.h"
#include "dialect/openai_responses/codec.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using chat::StopReason;
using json::ValueView;

/// Codes of a failed response that the client can mend; the others are the provider's failures.
/// Source: OpenAI API reference, Responses, the response object, `error.code`.
constexpr auto kRefusals = std::to_array<std::string_view>(
    {"invalid_prompt", "bio_policy", "misalignment_policy_violation", "data_residency_mismatch",
     "invalid_image", "invalid_image_format", "invalid_base64_image", "invalid_image_url",
     "image_too_large", "image_too_small", "image_parse_error", "image_content_policy_violation",
     "invalid_image_mode", "image_file_too_large", "unsupported_image_media_type",
     "empty_image_file", "failed_to_download_image", "image_file_not_found"});

struct ReasonRow {
  std::string_view reason;
  StopReason stop;
};
/// Why an answer is incomplete; the first of each is what we write.
constexpr auto kReasons = std::to_array<ReasonRow>({
    {"max_output_tokens", StopReason::MaxTokens},
    {"content_filter", StopReason::Refusal},
    {"max_messages", StopReason::Pause},
    {"steered", StopReason::Pause},
});

struct MemberRow {
  std::string_view name;
  std::string_view json;
};
/// What an answer repeats of a request that did not say it.
constexpr auto kDefaults = std::to_array<MemberRow>({
    {"instructions", "null"},
    {"metadata", "{}"},
    {"parallel_tool_calls", "true"},
    {"temperature", "null"},
    {"text", R"({"format":{"type":"text"}})"},
    {"tool_choice", R"("auto")"},
    {"tools", "[]"},
    {"top_p", "null"},
});
/// Members that are the answer's own, whatever an echo holds.
constexpr auto kOwn = std::to_array<std::string_view>(
    {"id", "object", "created_at", "status", "background", "error", "incomplete_details", "model",
     "output", "usage", "service_tier", "store"});

bool has_count(ValueView usage, std::string_view name) {
  const std::optional<ValueView> member = usage.find(name);
  return member && member->is_number();
}

/// What is missing, negative or no whole number counts nothing.
std::int64_t count_of(std::optional<ValueView> object, std::string_view name) {
  return object ? find_count(*object, name).value_or(0) : 0;
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
  out += ',';
  json::append_quoted(out, name);
  out += ':';
  out += json;
}

/// The upstream was asked to keep nothing and to stand on nothing; the client asked naru.
void tell_kept(ValueView response, const WriterOptions& options, std::vector<Patch>& patches) {
  const auto replace = [&](std::string_view name, std::string with) {
    const auto member = response.find(name);
    if (member && member->raw() != with)
      patches.push_back({member->span().begin, member->span().end, std::move(with)});
  };
  if (options.kept) replace("store", "true");
  if (options.previous_answer.empty()) return;
  std::string quoted;
  json::append_quoted(quoted, options.previous_answer);
  replace("previous_response_id", std::move(quoted));
}

}  // namespace

std::optional<Fault> find_failure(ValueView response) {
  const std::string_view status = text_of(response, "status");
  const std::optional<ValueView> error = find_object(response, "error");
  const std::string_view code = error ? text_of(*error, "code") : std::string_view();
  if (std::ranges::find(kRefusals, code) != kRefusals.end())
    return openai_wire::read_error(400, response.raw());
  if (std::optional<Fault> fault = find_error(response)) return fault;
  if (status != "failed" && status != "cancelled") return std::nullopt;
  return Fault{.kind = FaultKind::UpstreamFailed,
               .detail = fmt::format("the upstream's answer {}",
                                     status == "failed" ? "failed" : "was cancelled"),
               .origin = Origin::Upstream};
}

Held held_in(ValueView output) {
  Held held;
  for (const ValueView item : output) {
    held.calls = held.calls || text_of(item, "type") == "function_call";
    if (const std::optional<ValueView> content = find_filled(item, "content"))
      for (const ValueView part : *content)
        held.refuses = held.refuses || text_of(part, "type") == "refusal";
  }
  return held;
}

Result<StopReason> read_stop(ValueView response, Held held) {
  const std::string_view status = text_of(response, "status");
  if (status == "queued" || status == "in_progress")
    return broken("answer", fmt::format("is not there yet: its status is {}", status));
  if (const auto said = response.find("status");
      said && !said->is_null() && status != "completed" && status != "incomplete")
    return broken("answer", "has a status that this dialect does not know");
  const std::optional<ValueView> details = find_object(response, "incomplete_details");
  const std::string_view reason = details ? text_of(*details, "reason") : std::string_view();
  const auto row = std::ranges::find(kReasons, reason, &ReasonRow::reason);
  if (row != kReasons.end()) return row->stop;
  if (status == "incomplete") return StopReason::MaxTokens;
  if (held.calls) return StopReason::ToolUse;
  return held.refuses ? StopReason::Refusal : StopReason::EndTurn;
}

void close_reason(ValueView response, StopReason stop, std::vector<Patch>& patches) {
  constexpr auto kKnown = std::to_array<std::string_view>({"max_output_tokens", "content_filter"});
  const std::optional<ValueView> details = find_object(response, "incomplete_details");
  const auto reason = details ? details->find("reason") : std::nullopt;
  if (!reason || is_one_of(*details, "reason", kKnown)) return;
  if (text_of(response, "status") == "incomplete")
    rename(patches, *reason, end_of(stop, false).reason);
  else
    patches.push_back({details->span().begin, details->span().end, "null"});
}

std::optional<chat::Usage> find_usage(ValueView response) {
  const std::optional<ValueView> usage = find_object(response, "usage");
  if (!usage || (!has_count(*usage, "input_tokens") && !has_count(*usage, "output_tokens")))
    return std::nullopt;
  const std::optional<ValueView> details = usage->find("input_tokens_details");
  chat::Usage read;
  read.input = count_of(usage, "input_tokens");
  read.cache_read = std::min(count_of(details, "cached_tokens"), read.input);
  read.input -= read.cache_read;
  read.cache_write_5m = std::min(count_of(details, "cache_write_tokens"), read.input);
  read.input -= read.cache_write_5m;
  read.output = count_of(usage, "output_tokens");
  read.reasoning = count_of(usage->find("output_tokens_details"), "reasoning_tokens");
  read.reasoning = std::min(read.reasoning, read.output);
  return read;
}

void note_cost(std::optional<ValueView> response, AnswerFacts& facts) {
  const auto usage = response ? find_usage(*response) : std::nullopt;
  if (!usage) return;
  note_usage(facts, *usage);
  facts.whole = true;
}

std::int64_t created_of(ValueView response) {
  const std::optional<ValueView> member = response.find("created_at");
  if (!member) return 0;
  if (const std::optional<std::int64_t> whole = member->integer()) return *whole;
  const double seconds = member->number().value_or(0);
  const bool fits = seconds > 0 && seconds < 1e12;
  return fits ? static_cast<std::int64_t>(std::floor(seconds)) : 0;
}

std::string service_tier_of(ValueView response) {
  const std::string_view tier = text_of(response, "service_tier");
  return std::string(tier == "auto" ? std::string_view() : tier);
}

void patch_names(ValueView response, const WriterOptions& options, std::vector<Patch>& patches,
                 AnswerFacts& facts) {
  show_names(patches, response, {options.public_model, kIdPrefix, options.answer_id, options.kept},
             facts);
  tell_kept(response, options, patches);
  std::ranges::sort(patches, {}, &Patch::begin);
}

EndView end_of(StopReason stop, bool refuses) {
  switch (stop) {
    case StopReason::MaxTokens:
    case StopReason::Pause:  // the turn is not whole; the nearest word this dialect has
      return {"incomplete", "max_output_tokens"};
    case StopReason::Refusal:
      if (!refuses) return {"incomplete", "content_filter"};
      break;
    case StopReason::EndTurn:
    case StopReason::StopSequence:
    case StopReason::ToolUse:
      break;
  }
  return {"completed"};
}

chat::Loss loss_of_choice(std::size_t choice) {
  return {fmt::format("answer.choices[{}]", choice), "openai_responses has room for one answer"};
}

void write_usage(json::Writer& out, const chat::Usage& usage) {
  out.object().field("input_tokens", usage.prompt());
  out.key("input_tokens_details").object();
  out.field("cached_tokens", usage.cache_read);
  out.field("cache_write_tokens", usage.cache_write_5m + usage.cache_write_1h).end_object();
  out.field("output_tokens", usage.output);
  out.key("output_tokens_details").object();
  out.field("reasoning_tokens", usage.reasoning).end_object();
  out.field("total_tokens", usage.prompt() + usage.output).end_object();
}

ResponseObject::ResponseObject(const WriterOptions& options) {
  json::Writer head(head_);
  head.object().field("id", options.answer_id).field("object", "response");
  head.field("created_at", options.created_s);
  json::append_quoted(model_, options.public_model);
  append_member(tail_, "store", options.kept ? "true" : "false");
  const std::string echo = "{" + options.echo + "}";
  const Result<json::Tree> tree = json::Tree::parse(echo);
  for (const MemberRow& row : kDefaults)
    if (!tree || !tree->root().find(row.name)) append_member(tail_, row.name, row.json);
  if (!tree) return;
  if (const auto tier = tree->root().find("service_tier")) asked_tier_ = tier->raw();
  for (const ValueView member : tree->root())
    if (std::ranges::find(kOwn, member.key()) == kOwn.end())
      append_member(tail_, member.key(), member.raw());
}

std::string ResponseObject::text(const ProgressView& progress) const {
  std::string out = head_;
  append_member(out, "status", fmt::format("\"{}\"", progress.end.status));
  out += R"(,"background":false,"error":null)";
  const std::string_view reason = progress.end.reason;
  append_member(out, "incomplete_details",
                reason.empty() ? "null" : fmt::format(R"({{"reason":"{}"}})", reason));
  append_member(out, "model", model_);
  append_member(out, "output", progress.output);
  std::string usage;
  json::Writer usage_writer(usage);
  if (progress.usage) write_usage(usage_writer, *progress.usage);
  append_member(out, "usage", usage.empty() ? "null" : usage);
  std::string tier = asked_tier_;
  if (!service_tier_.empty()) json::append_quoted(tier = {}, service_tier_);
  if (!tier.empty()) append_member(out, "service_tier", tier);
  return out + tail_ + "}";
}

}  // namespace naru::dialect::openai_responses_wire
