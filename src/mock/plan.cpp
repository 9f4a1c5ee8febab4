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

}  // namespace

const Fields<Plan>& plan_fields() {
  static const auto fields =
      Fields<Plan>{}
          .integer("status", &Plan::status, 200, 599, "Status; from 400 on an error of its shape.")
          .text("retry_after", &Plan::retry_after, settings::any_text, "Header Retry-After.")
          .text("type", &Plan::type, settings::any_text,
                "Type of an error, as insufficient_quota. Left out: what the status says.")
          .text("message", &Plan::message, settings::any_text, "Message of an error.")
          .text("text", &Plan::text, settings::any_text, "What the model says.")
          .integer("chunks", &Plan::chunks, 0, kMostChunks,
                   "Content events of a stream; 0: one a word. More than the text has characters "
                   "repeat it.")
          .duration("delay", &Plan::delay, 0ms, 1h, "Time before the head.")
          .duration("first", &Plan::first, 0ms, 1h, "Streams: time before the first content.")
          .duration("spacing", &Plan::spacing, 0ms, 1h, "Streams: time between content events.")
          .integer("pings", &Plan::pings, 0, kMostChunks, "Streams: pings before the content.")
          .integer("cut_every", &Plan::cut_every, 0, 1U << 20,
                   "Bytes of the body a write; 0: one event a write.")
          .integer("cut_at", &Plan::cut_at, 0, 1U << 30,
                   "A write ends behind so many bytes of the body.")
          .boolean("usage", &Plan::usage, "Whether tokens are told.")
          .integer("input_tokens", &Plan::input_tokens, 0, 1'000'000'000,
                   "Tokens of the prompt; 0: its words.")
          .integer("output_tokens", &Plan::output_tokens, 0, 1'000'000'000,
                   "Tokens of the answer; 0: its words.")
          .choice("ending", &Plan::ending,
                  {{"whole", Ending::Whole},
                   {"no_end", Ending::NoEnd},
                   {"doubled", Ending::Doubled},
                   {"error", Ending::Error},
                   {"cut", Ending::Cut},
                   {"stall", Ending::Stall}},
                  "How the answer ends: as it should, without its last event, with it twice, with "
                  "an error event, with the connection cut, or never.")
          .integer("after", &Plan::after, 0, 1'000'000'000,
                   "Content events before the ending; more than there are means all.")
          .text("content_type", &Plan::content_type, settings::any_text,
                "Content-Type in place of the right one.")
          .text("body", &Plan::body, settings::any_text, "The whole body in place of ours.");
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
