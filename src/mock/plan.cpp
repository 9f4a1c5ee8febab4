#include "mock/plan.h"

#include "base/text.h"

namespace naru::mock {
namespace {

using settings::Fields;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;

constexpr std::uint32_t kMostChunks = 1'000'000;

std::optional<char> hex_value(std::string_view two) {
  int value = 0;
  for (const char c : two) {
    const char lower = static_cast<char>(c | 0x20);
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (lower < 'a' || lower > 'f')) return std::nullopt;
    value = value * 16 + (digit ? c - '0' : lower - 'a' + 10);
  }
  return static_cast<char>(value);
}

/// Broken escapes stand for themselves.
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size() ? hex_value(text.substr(i + 1, 2))
                                                            : std::optional<char>{};
    plain.push_back(byte.value_or(text[i]));
    if (byte) i += 2;
  }
  return plain;
}

settings::Node node_of(std::string_view controls) {
  settings::Node map{.type = settings::NodeType::Map};
  for (const std::string_view pair : split(controls, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    map.children.push_back({.type = settings::NodeType::Scalar,
                            .text = equals == pair.npos ? "true" : decoded(pair.substr(equals + 1)),
                            .name = std::string(pair.substr(0, equals))});
  }
  return map;
}

void add_refusal(Fields<Plan>& fields) {
  fields.integer("status", &Plan::status, 200, 599, "Status; from 400 on an error of its shape.")
      .choice("refuse", &Plan::refuse,
              {{"none", Refusal::None},
               {"requests", Refusal::Requests},
               {"tokens", Refusal::Tokens},
               {"quota", Refusal::Quota},
               {"billing", Refusal::Billing},
               {"overloaded", Refusal::Overloaded},
               {"unavailable", Refusal::Unavailable},
               {"broken", Refusal::Broken}},
              "A refusal with the provider's own status, type, words and headers. Requests and "
              "tokens are limits a minute, quota and billing want money.")
      .text("retry_after", &Plan::retry_after, settings::header_value,
            "Header Retry-After, as given.")
      .duration("retry_in", &Plan::retry_in, 0ms, 24h,
                "When to come again, in the provider's own form; 0: what the refusal says.")
      .choice("retry_form", &Plan::retry_form,
              {{"own", RetryForm::Own},
               {"seconds", RetryForm::Seconds},
               {"ms", RetryForm::Millis},
               {"date", RetryForm::Date}},
              "The form of retry_in: retry-after in seconds, retry-after-ms, or retry-after as "
              "a date. OpenAI's own is the first two, Anthropic's the first.")
      .text("type", &Plan::type, settings::any_text,
            "Type of an error, as insufficient_quota. Left out: what the status says.")
      .text("message", &Plan::message, settings::any_text, "Message of an error.");
}

void add_content(Fields<Plan>& fields) {
  fields.text("text", &Plan::text, settings::any_text, "What the model says.")
      .text("thinking", &Plan::thinking, settings::any_text,
            "Reasoning before the text; Chat Completions only count it.")
      .text("tool", &Plan::tool, settings::any_text, "Name of a tool called behind the text.")
      .text("arguments", &Plan::arguments, settings::any_text,
            "Arguments of that call, sent as they stand, well-formed or not.")
      .bytes("event_bytes", &Plan::event_bytes, 0, 64U << 20,
             "The last text before the ending is filled up to so many bytes.")
      .integer("chunks", &Plan::chunks, 0, kMostChunks,
               "Content events of a stream; 0: one a word. More than the text has characters "
               "repeat it.");
}

void add_time(Fields<Plan>& fields) {
  fields.duration("delay", &Plan::delay, 0ms, 1h, "Time before the head.")
      .duration("first", &Plan::first, 0ms, 1h, "Streams: time before the first content.")
      .duration("spacing", &Plan::spacing, 0ms, 1h, "Streams: time between content events.")
      .duration("jitter", &Plan::jitter, 0ms, 1h,
                "Each wait is longer by up to that, evenly, as the seed says.")
      .integer("tail", &Plan::tail, 0, 1'000,
               "Waits have a long tail (log-normal): their median is the one given, their 99th "
               "percentile so many times that; 0: none.")
      .bytes("bytes_a_second", &Plan::bytes_a_second, 0, 1U << 30,
             "A slow drip; 0: as fast as it goes.")
      .integer("pings", &Plan::pings, 0, kMostChunks, "Streams: pings before the content.");
}

void add_wire(Fields<Plan>& fields) {
  fields
      .integer("cut_every", &Plan::cut_every, 0, 1U << 20,
               "Bytes of the body a write, of several events too where no wait is between "
               "them; 0: one event a write.")
      .integer("cut_at", &Plan::cut_at, 0, 1U << 30,
               "A write ends behind so many bytes of the body.")
      .choice("cut_within", &Plan::cut_within,
              {{"nothing", CutWithin::Nothing},
               {"character", CutWithin::Character},
               {"line_end", CutWithin::LineEnd}},
              "A write ends within each character of several bytes, or each CR LF.")
      .choice("line_end", &Plan::line_end, {{"lf", LineEnd::Lf}, {"crlf", LineEnd::CrLf}},
              "Streams: how lines end.")
      .boolean("gzip", &Plan::gzip, "Whether the body is compressed, event by event.");
}

void add_rest(Fields<Plan>& fields) {
  fields.boolean("usage", &Plan::usage, "Whether tokens are told.")
      .integer("input_tokens", &Plan::input_tokens, 0, 1'000'000'000,
               "Tokens of the prompt; 0: its words.")
      .integer("output_tokens", &Plan::output_tokens, 0, 1'000'000'000,
               "Tokens of the answer; 0: its words.")
      .choice("ending", &Plan::ending,
              {{"whole", Ending::Whole},
               {"no_end", Ending::NoEnd},
               {"doubled", Ending::Doubled},
               {"error", Ending::Error},
               {"failed", Ending::Failed},
               {"malformed", Ending::Malformed},
               {"cut", Ending::Cut},
               {"half_close", Ending::HalfClose},
               {"stall", Ending::Stall}},
              "How the answer ends: as it should, without its last event, with it twice, with "
              "an error event (under status 200, for a plain body too), with response.failed, "
              "with an event that is no JSON before its end, with the connection reset, with "
              "its writing side closed in order, or never.")
      .integer("after", &Plan::after, 0, 1'000'000'000,
               "Content events before the ending; more than there are means all.")
      .text("content_type", &Plan::content_type, settings::header_value,
            "Content-Type in place of the right one.")
      .text("body", &Plan::body, settings::any_text, "The whole body in place of ours.");
}

Fields<Plan> all_fields() {
  Fields<Plan> fields;
  add_refusal(fields);
  add_content(fields);
  add_time(fields);
  add_wire(fields);
  add_rest(fields);
  return fields;
}

}  // namespace

const Fields<Plan>& plan_fields() {
  static const auto fields = all_fields();
  return fields;
}

Result<void> read_controls(std::string_view text, Plan& plan) {
  std::vector<Problem> problems;
  settings::Report report(problems, "", "mock");
  plan_fields().read(node_of(text), plan, "", report);
  if (problems.empty()) return {};
  std::string all;
  for (const Problem& problem : problems)
    all += fmt::format("{}{} {}", all.empty() ? "" : "; ", problem.path, problem.text);
  return fail(FaultKind::InvalidRequest, "{}", all);
}

}  // namespace naru::mock
