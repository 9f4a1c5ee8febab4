#pragma once
#include <array>

#include "dialect/dialect.h"

/// What both OpenAI dialects share: headers, texts of a request, faults, the model list; only files
/// of the folders `openai*/` include it. Source: OpenAI API reference.
namespace naru::dialect::openai_wire {

// Of both profiles.
inline constexpr std::string_view kFamily = "openai";
inline constexpr std::string_view kModelsAt = "/v1/models";
inline constexpr auto kRequestHeaders = std::to_array<std::string_view>({"openai-beta"});
/// Figures of the provider's account (rate limits, organisation) stay here: they are not the
/// client's.
inline constexpr auto kAnswerHeaders =
    std::to_array<std::string_view>({"openai-processing-ms", "openai-version"});

/// Appends each string in `value` that a person or program wrote; `key` is the member it stands in.
void collect_texts(json::ValueView value, std::string_view key, std::vector<json::Span>& out);

/// Has the model's name give way to the upstream's own, if that is another.
void rename_model(std::vector<Patch>& patches, const RequestScan& scan, const Forward& forward);

/// A comment line without a blank line behind it: several SDKs take a blank line after a comment
/// for an event with empty data and break on it.
inline constexpr std::string_view kPing = ": ping\n";

std::string write_error(const Fault& fault);
Fault read_error(int status, std::string_view body);
/// The fault in an answer or event that came under HTTP 200, if it is one.
std::optional<Fault> find_error(json::ValueView root);
/// The same for an event, also one whose data is no JSON: `event: error`, or the `error:` field of
/// llama-server up to 2025.
std::optional<Fault> find_event_error(const wire::EventView& event);
/// A provider's broken bytes: "the upstream's `subject` `what`".
std::unexpected<Fault> broken(std::string_view subject, std::string_view what);

/// `x-ratelimit-limit-requests: 60`, `-remaining-requests: 59`, `-reset-requests: 1s`; the same of
/// tokens. Source: OpenAI, Rate limits in headers.
std::vector<HeaderLine> rate_limit_headers(const RateLimits& limits);
std::string write_models(std::span<const ModelEntry> models);
std::string write_model(const ModelEntry& model);

}  // namespace naru::dialect::openai_wire
