#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/cut.h"

// What engines we run are given. Their servers read more than the API documents, and take a message
// whose content is a string over as it is, with whatever stands beside it.
namespace naru::dialect::anthropic_wire {
namespace {

using json::ValueView;
using Names = std::span<const std::string_view>;

constexpr auto kListedTop = std::to_array<std::string_view>(
    {"model", "messages", "system", "max_tokens", "stream", "stop_sequences", "temperature",
     "top_p", "top_k", "tools", "tool_choice", "thinking", "metadata"});
constexpr auto kListedInMessage = std::to_array<std::string_view>({"role", "content"});
constexpr auto kListedBlocks = std::to_array<std::string_view>(
    {"text", "thinking", "redacted_thinking", "tool_use", "tool_result"});

/// What goes out of a body, and what is lost with it.
class Listing {
 public:
  Listing(std::vector<Patch>& patches, std::vector<chat::Loss>& losses)
      : patches_(patches), losses_(losses) {}

  void list_members(ValueView object, Names listed, const std::string& path) {
    cut_children(object, patches_, [&](ValueView member) {
      const bool keep = std::ranges::find(listed, member.key()) != listed.end();
      if (!keep)
        lose(fmt::format("{}{}", path, member.key()), "the engine gets listed fields only");
      return keep;
    });
  }

  /// A list of blocks, and the lists within its tool results.
  void list_blocks(std::optional<ValueView> content, const std::string& path) {
    if (!content || !content->is_array()) return;
    std::size_t at = 0;
    cut_children(*content, patches_, [&](ValueView block) {
      const bool keep = is_listed_block(block);
      if (!keep)
        lose(fmt::format("{}[{}]", path, at), "the engine takes text, and images as base64");
      ++at;
      return keep;
    });
    at = 0;
    for (const ValueView block : *content) {
      const std::string inner = fmt::format("{}[{}].content", path, at++);
      if (is_listed_block(block)) list_blocks(block.find("content"), inner);
    }
  }

 private:
  /// Only pictures that come along: an engine that fetches addresses can be sent anywhere.
  static bool is_listed_block(ValueView block) {
    const std::string_view type = text_of(block, "type");
    if (type != "image") return std::ranges::find(kListedBlocks, type) != kListedBlocks.end();
    const std::optional<ValueView> source = block.find("source");
    return source && text_of(*source, "type") == "base64" && !source->find("url");
  }

  void lose(std::string path, std::string_view why) {
    losses_.push_back({std::move(path), std::string(why)});
  }

  std::vector<Patch>& patches_;
  std::vector<chat::Loss>& losses_;
};

}  // namespace

void list_unlisted(ValueView body, std::vector<Patch>& patches, std::vector<chat::Loss>& losses) {
  Listing listing(patches, losses);
  listing.list_members(body, kListedTop, "");
  listing.list_blocks(body.find("system"), "system");
  const std::optional<ValueView> messages = body.find("messages");
  if (!messages) return;
  std::size_t at = 0;
  for (const ValueView message : *messages) {
    const std::string path = fmt::format("messages[{}].", at++);
    listing.list_members(message, kListedInMessage, path);
    listing.list_blocks(message.find("content"), path + "content");
  }
}

}  // namespace naru::dialect::anthropic_wire
