#include "base/text.h"
#include "dialect/cut.h"
#include "dialect/json_views.h"
#include "dialect/openai/openai.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/seals.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::ValueView;

/// Asks the upstream for usage at the end of its stream, wherever the client left room to say so.
void ask_usage(ValueView body, json::Span model, std::vector<Patch>& patches) {
  constexpr std::string_view kAsk = R"("include_usage":true)";
  const std::optional<ValueView> options = body.find("stream_options");
  if (!options) {
    patches.push_back({model.end, model.end, fmt::format(R"(,"stream_options":{{{}}})", kAsk)});
    return;
  }
  if (!options->is_object()) {
    patches.push_back({options->span().begin, options->span().end, fmt::format("{{{}}}", kAsk)});
    return;
  }
  if (const std::optional<ValueView> wish = options->find("include_usage")) {
    patches.push_back({wish->span().begin, wish->span().end, "true"});
    return;
  }
  const std::uint32_t inside = options->span().begin + 1;
  patches.push_back({inside, inside, fmt::format("{}{}", kAsk, options->size() > 0 ? "," : "")});
}

bool is_wrapped(ValueView detail) {
  return is_wrapped_seal(text_of(detail, "signature")) || is_wrapped_seal(text_of(detail, "data"));
}

/// Reasoning that naru brought from another dialect means nothing to this one. Where all of it came
/// so, its text goes too: strict servers refuse members they do not know.
void cut_wrapped(ValueView message, std::size_t index, std::vector<Patch>& patches,
                 std::vector<chat::Loss>& losses) {
  const std::optional<ValueView> details = find_filled(message, "reasoning_details");
  if (!details || !details->is_array()) return;
  std::size_t wrapped = 0;
  for (std::size_t at = 0; const ValueView detail : *details) {
    if (is_wrapped(detail)) {
      ++wrapped;
      losses.push_back({fmt::format("messages[{}].reasoning_details[{}]", index, at),
                        "its reasoning was sealed in another dialect"});
    }
    ++at;
  }
  if (wrapped == 0) return;
  if (wrapped < details->size())
    return cut_children(*details, patches, [](ValueView detail) { return !is_wrapped(detail); });
  cut_children(message, patches, [](ValueView member) {
    return member.key() != "reasoning_details" && member.key() != "reasoning_content";
  });
}

}  // namespace

std::string forward_request(Operation operation, const json::Tree& body, const RequestScan& scan,
                            const Forward& forward, std::vector<chat::Loss>& losses) {
  std::vector<Patch> patches;
  openai_wire::rename_model(patches, scan, forward);
  const bool streams = scan.stream && operation != Operation::Embed;
  if (streams && forward.ask_usage && !scan.stream_usage)
    ask_usage(body.root(), scan.model_span, patches);
  if (streams && forward.ask_counts)
    patches.push_back({scan.model_span.end, scan.model_span.end, R"(,"timings_per_token":true)"});
  const std::optional<ValueView> messages = body.root().find("messages");
  if (forward.fields != Fields::All) {
    list_unlisted(operation, body.root(), forward.fields, patches, losses);
  } else if (operation == Operation::Chat && messages) {
    for (std::size_t index = 0; const ValueView message : *messages)
      cut_wrapped(message, index++, patches, losses);
  }
  std::ranges::sort(patches, {},
                    [](const Patch& patch) { return std::pair(patch.begin, patch.end); });
  return patched(body.text(), patches);
}

}  // namespace naru::dialect::openai_chat_wire
