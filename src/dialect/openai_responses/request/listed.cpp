#include <algorithm>

#include "base/text.h"
#include "dialect/cut.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/words.h"

// What engines we run are given, and providers of whom unknown fields are kept. Engines' servers
// read many more fields than OpenAI documents, and some of those have been the way in: parsers,
// grammars, slots, addresses to fetch, servers to ask.
namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;
using Names = std::span<const std::string_view>;

constexpr auto kFields = std::to_array<std::string_view>({
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_logprobs",
    "text",
    "reasoning",
    "include",
    "store",
    "previous_response_id",  // says nothing any more
    "background",
    "stream",
    "stream_options",
    "truncation",
    "metadata",
    "service_tier",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    // open models' own
    "top_k",
    "min_p",
    "repetition_penalty",
});
/// What providers document beside. Source: OpenAI API reference, Create a model response and Get
/// input token counts, by openai-python of August 2026.
constexpr auto kDocumented = std::to_array<std::string_view>(
    {"context_management", "conversation", "max_tool_calls", "moderation", "personality", "prompt",
     "prompt_cache_options", "prompt_cache_retention"});
constexpr auto kDocumentedInItem = std::to_array<std::string_view>({"caller", "namespace"});
constexpr auto kItem = std::to_array<std::string_view>({"type", "id", "status", "role", "content",
                                                        "phase", "call_id", "name", "arguments",
                                                        "output", "summary", "encrypted_content"});
constexpr auto kParts = std::to_array<std::string_view>(
    {"input_text", "output_text", "refusal", "reasoning_text", "input_image"});
constexpr std::string_view kDocumentedOnly = "the upstream is given documented fields only";
constexpr std::string_view kListedOnly = "the engine is given listed fields only";

bool in_list(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Only pictures that come along: an engine that fetches addresses can be sent anywhere.
bool is_listed_part(ValueView part) {
  const std::string_view type = text_of(part, "type");
  if (type == "input_image") return text_of(part, "image_url").starts_with("data:");
  return in_list(kParts, type);
}

/// Children of one object or list: those `keep` refuses go, each a Loss at the path it gives. A
/// provider judges itself what an engine must not be given.
class Lister {
 public:
  Lister(Fields fields, std::vector<Patch>& patches, std::vector<chat::Loss>& losses)
      : provider_(fields == Fields::Documented), patches_(patches), losses_(losses) {}

  void list_members(ValueView object, std::string_view before, Names names, Names documented) {
    cut_children(object, patches_, [&](ValueView member) {
      const bool known =
          in_list(names, member.key()) || (provider_ && in_list(documented, member.key()));
      return keep(known, fmt::format("{}{}", before, member.key()),
                  provider_ ? kDocumentedOnly : kListedOnly);
    });
  }

  void list_input(ValueView input) {
    std::size_t at = 0;
    cut_children(input, patches_, [&](ValueView item) {
      const std::string path = fmt::format("input[{}]", at++);
      const Item kind = kind_of_item(item);
      const bool known = kind != Item::Reference && (provider_ || kind != Item::Other);
      if (!keep(known, path, "the engine takes messages, function calls and reasoning") ||
          !keep(why_not_sent(item).empty(), path, why_not_sent(item)))
        return false;
      if (kind != Item::Other) kept_.emplace_back(item, path);
      return true;
    });
    for (const auto& [item, path] : kept_) list_item(item, path);
  }

  /// Functions alone; what else there is, the engine would run or fetch itself.
  void list_tools(ValueView tools) {
    if (provider_) return;
    std::size_t at = 0;
    cut_children(tools, patches_, [&](ValueView tool) {
      return keep(text_of(tool, "type") == "function", fmt::format("tools[{}]", at++),
                  "the engine is given functions only");
    });
  }

 private:
  bool keep(bool listed, std::string path, std::string_view reason) {
    if (!listed) losses_.push_back({std::move(path), std::string(reason)});
    return listed;
  }

  void list_item(ValueView item, const std::string& path) {
    list_members(item, fmt::format("{}.", path), kItem, kDocumentedInItem);
    if (provider_) return;
    for (const std::string_view name : {"content", "output"}) {
      const std::optional<ValueView> parts = item.find(name);
      if (!parts || !parts->is_array()) continue;
      std::size_t at = 0;
      cut_children(*parts, patches_, [&](ValueView part) {
        return keep(is_listed_part(part), fmt::format("{}.{}[{}]", path, name, at++),
                    "the engine takes text, and images as data: URLs");
      });
    }
  }

  const bool provider_;
  std::vector<Patch>& patches_;
  std::vector<chat::Loss>& losses_;
  std::vector<std::pair<ValueView, std::string>> kept_;
};

}  // namespace

void list_unlisted(json::ValueView body, Fields fields, std::vector<Patch>& patches,
                   std::vector<chat::Loss>& losses) {
  Lister lister(fields, patches, losses);
  lister.list_members(body, "", kFields, kDocumented);
  const std::optional<ValueView> input = body.find("input");
  if (input && input->is_array()) lister.list_input(*input);
  const std::optional<ValueView> tools = body.find("tools");
  if (tools && tools->is_array()) lister.list_tools(*tools);
}

}  // namespace naru::dialect::openai_responses_wire
