#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/cut.h"
#include "dialect/seals.h"

// What stays here of a request that goes on in this dialect. Engines we run are given what is
// listed: their servers read more than the API documents, and take a message whose content is a
// string over as it is, with whatever stands beside it.
namespace naru::dialect::anthropic_wire {
namespace {

using json::ValueView;
using Names = std::span<const std::string_view>;

constexpr auto kListedTop = std::to_array<std::string_view>(
    {"model", "messages", "system", "max_tokens", "stream", "stop_sequences", "temperature",
     "top_p", "top_k", "tools", "tool_choice", "thinking", "metadata"});
/// What the provider documents beside. Source: Anthropic API reference, Create a Message and Count
/// tokens with their betas, by anthropic-sdk-python of August 2026.
constexpr auto kDocumentedTop = std::to_array<std::string_view>(
    {"billing_policy", "cache_control", "compaction", "container", "context_management",
     "diagnostics", "fallback_credit_token", "fallbacks", "inference_geo", "mcp_servers",
     "output_config", "output_format", "service_tier", "speed", "thread", "user_profile_id",
     "workspace_id"});
constexpr auto kListedInMessage = std::to_array<std::string_view>({"role", "content"});
constexpr auto kListedBlocks = std::to_array<std::string_view>(
    {"text", "thinking", "redacted_thinking", "tool_use", "tool_result"});

constexpr std::string_view kUnlistedBlock = "the engine takes text, and images as base64";
constexpr std::string_view kSealedElsewhere =
    "its reasoning is sealed by an upstream of another dialect, which alone can read it";
constexpr std::string_view kUnsealed =
    "its reasoning is not signed, and anthropic takes back only what it has signed";

bool in_list(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// The seal of a block of reasoning; nullopt for any other block.
std::optional<std::string_view> seal_of(ValueView block) {
  const std::string_view type = text_of(block, "type");
  if (type == "thinking") return text_of(block, "signature");
  if (type == "redacted_thinking") return text_of(block, "data");
  return std::nullopt;
}

/// Says what holds anyway.
bool says_nothing(ValueView member) {
  return member.key() == "service_tier" && member.text() == "auto";
}

/// What goes out of a body, and what is lost with it.
class Cutter {
 public:
  Cutter(Fields fields, std::vector<Patch>& patches, std::vector<chat::Loss>& losses)
      : fields_(fields), patches_(patches), losses_(losses) {}

  void cut_members(ValueView object, Names listed, Names documented, const std::string& path) {
    if (fields_ == Fields::All) return;
    const bool provider = fields_ == Fields::Documented;
    cut_children(object, patches_, [&](ValueView member) {
      const bool keep =
          in_list(listed, member.key()) || (provider && in_list(documented, member.key()));
      if (!keep && !says_nothing(member))
        lose(fmt::format("{}{}", path, member.key()),
             provider ? "the upstream is given documented fields only"
                      : "the engine is given listed fields only");
      return keep;
    });
  }

  /// A message that has nothing left goes as a whole, since the API takes no empty ones. The first
  /// stays whatever it holds, so that there is one.
  void cut_messages(ValueView messages) {
    std::size_t at = 0;
    cut_children(messages, patches_, [&](ValueView message) {
      const std::string path = fmt::format("messages[{}].", at);
      if (at++ > 0 && is_all_reasoning_to_cut(message)) {
        std::size_t block = 0;
        const ValueView content = *message.find("content");
        for (const ValueView one : content)
          lose(fmt::format("{}content[{}]", path, block++), reason_to_cut(one));
        return false;
      }
      cut_members(message, kListedInMessage, {}, path);
      cut_blocks(message.find("content"), path + "content");
      return true;
    });
  }

  /// A list of blocks, and the lists within its tool results.
  void cut_blocks(std::optional<ValueView> content, const std::string& path) {
    if (!content || !content->is_array()) return;
    std::size_t at = 0;
    cut_children(*content, patches_, [&](ValueView block) {
      const std::string_view why = reason_to_cut(block);
      if (!why.empty()) lose(fmt::format("{}[{}]", path, at), why);
      ++at;
      return why.empty();
    });
    if (!for_engine()) return;
    at = 0;
    for (const ValueView block : *content) {
      const std::string inner = fmt::format("{}[{}].content", path, at++);
      if (reason_to_cut(block).empty()) cut_blocks(block.find("content"), inner);
    }
  }

 private:
  /// Blocks are cut for engines alone: a provider judges itself what an engine must not be given.
  bool for_engine() const { return fields_ == Fields::Listed; }

  /// Empty: it stays.
  std::string_view reason_to_cut(ValueView block) const {
    if (const std::string_view why = reason_to_cut_reasoning(block); !why.empty()) return why;
    return for_engine() && !is_listed_block(block) ? kUnlistedBlock : std::string_view();
  }

  /// Sealed for a provider of another dialect, naru has put it here for the client to keep; not
  /// sealed at all, it is of an open model, whose engines alone take it back.
  std::string_view reason_to_cut_reasoning(ValueView block) const {
    const std::optional<std::string_view> seal = seal_of(block);
    if (!seal) return {};
    if (is_wrapped_seal(*seal)) return kSealedElsewhere;
    return seal->empty() && !for_engine() ? kUnsealed : std::string_view();
  }

  /// Whether a message says nothing that a provider of this dialect has a use for.
  bool is_all_reasoning_to_cut(ValueView message) const {
    const std::optional<ValueView> content = find_filled(message, "content");
    return content && content->is_array() &&
           std::all_of(content->begin(), content->end(),
                       [this](ValueView block) { return !reason_to_cut_reasoning(block).empty(); });
  }

  /// Only pictures that come along: an engine that fetches addresses can be sent anywhere.
  static bool is_listed_block(ValueView block) {
    const std::string_view type = text_of(block, "type");
    if (type != "image") return in_list(kListedBlocks, type);
    const std::optional<ValueView> source = block.find("source");
    return source && text_of(*source, "type") == "base64" && !source->find("url");
  }

  void lose(std::string path, std::string_view why) {
    losses_.push_back({std::move(path), std::string(why)});
  }

  const Fields fields_;
  std::vector<Patch>& patches_;
  std::vector<chat::Loss>& losses_;
};

}  // namespace

void cut_out(ValueView body, Fields fields, std::vector<Patch>& patches,
             std::vector<chat::Loss>& losses) {
  Cutter cutter(fields, patches, losses);
  cutter.cut_members(body, kListedTop, kDocumentedTop, "");
  if (fields == Fields::Listed) cutter.cut_blocks(body.find("system"), "system");
  if (const std::optional<ValueView> messages = body.find("messages"))
    cutter.cut_messages(*messages);
}

}  // namespace naru::dialect::anthropic_wire
