#include "base/json_writer.h"
#include "base/text.h"
#include "dialect/openai_chat/codec.h"

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

}  // namespace

std::string forward_request(Operation operation, const json::Tree& body, const RequestScan& scan,
                            const Forward& forward, std::vector<chat::Loss>& losses) {
  std::vector<Patch> patches;
  if (forward.upstream_model != scan.model) {
    std::string quoted;
    json::append_quoted(quoted, forward.upstream_model);
    patches.push_back({scan.model_span.begin, scan.model_span.end, std::move(quoted)});
  }
  const bool streams = scan.stream && operation != Operation::Embed;
  if (streams && forward.ask_usage && !scan.stream_usage)
    ask_usage(body.root(), scan.model_span, patches);
  if (streams && forward.ask_counts)
    patches.push_back({scan.model_span.end, scan.model_span.end, R"(,"timings_per_token":true)"});
  if (forward.listed_fields_only) list_unlisted(operation, body.root(), patches, losses);
  std::ranges::sort(patches, {},
                    [](const Patch& patch) { return std::pair(patch.begin, patch.end); });
  return patched(body.text(), patches);
}

}  // namespace naru::dialect::openai_chat_wire
