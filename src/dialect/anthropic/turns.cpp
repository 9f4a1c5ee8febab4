#include "dialect/anthropic/turns.h"

#include "dialect/anthropic/words.h"

namespace naru::dialect::anthropic_wire {
namespace {

using Losses = std::vector<chat::Loss>;

template <class T>
const T* as(const chat::Part& part) {
  return std::get_if<T>(&part);
}

/// Why the API has no room for `part` in a turn of that role; nullptr if it has.
const char* refusal_of(const chat::Part& part, bool user) {
  if (const auto* image = as<chat::Image>(part))
    return user ? image_refusal(*image) : "anthropic takes images from the user only";
  if (const auto* document = as<chat::Document>(part)) {
    if (!user) return "anthropic takes documents from the user only";
    return document_refusal(*document);
  }
  if (as<chat::ToolCall>(part) && user) return "anthropic takes tool calls from the model only";
  if (as<chat::ToolResult>(part) && !user) return "anthropic takes tool results from the user only";
  if (const auto* thinking = as<chat::Thinking>(part)) {
    if (user) return "anthropic takes reasoning from the model only";
    const bool own =
        thinking->seal == chat::Seal::Signature || thinking->seal == chat::Seal::Redacted;
    if (!own || thinking->sealed.empty())
      return "anthropic takes only reasoning that it has sealed";
  }
  return nullptr;
}

/// The API refuses empty texts; beside others they say nothing, so leaving them out loses nothing.
bool says_nothing(const chat::Part& part) {
  const auto* text = as<chat::Text>(part);
  return text != nullptr && text->text.empty();
}

/// Parts the turn has room for; a Loss for each other, and for a message that is nothing but empty.
void add_parts(const chat::Message& message, std::size_t at, Turn& turn, Losses& losses) {
  if (std::ranges::all_of(message.parts, says_nothing))
    losses.push_back({fmt::format("messages[{}].content", at),
                      "anthropic takes no empty message; it is left out"});
  std::size_t i = 0;
  for (const chat::Part& part : message.parts) {
    std::string path = fmt::format("messages[{}].content[{}]", at, i++);
    if (says_nothing(part)) continue;
    if (const char* why = refusal_of(part, turn.user))
      losses.push_back({std::move(path), why});
    else
      turn.parts.push_back({&part, std::move(path)});
  }
}

/// The API's `system` is a list of texts; several prompts stay apart in it.
void add_system(const chat::Message& message, std::size_t at, Turns& turns, Losses& losses) {
  std::size_t i = 0;
  for (const chat::Part& part : message.parts) {
    std::string path = fmt::format("messages[{}].content[{}]", at, i++);
    if (says_nothing(part)) continue;
    if (as<chat::Text>(part))
      turns.system.push_back({&part, std::move(path)});
    else
      losses.push_back({std::move(path), "anthropic takes text only in its system prompt"});
  }
}

void note_extras(const chat::Message& message, std::size_t at, Losses& losses) {
  const std::string path = fmt::format("messages[{}]", at);
  if (!message.name.empty())
    losses.push_back({path + ".name", "anthropic has no names of speakers"});
  for (const json::RawField& field : message.extra)
    losses.push_back({fmt::format("{}.{}", path, field.name), "anthropic has no such field"});
}

bool is_system(const chat::Message& message) {
  return message.role == chat::Role::System || message.role == chat::Role::Developer;
}

/// The API wants a turn of the user: a conversation of system prompts alone becomes one.
void give_a_turn(Turns& turns, Losses& losses) {
  if (!turns.turns.empty() || turns.system.empty()) return;
  losses.push_back(
      {"messages[0].role", "anthropic needs a user's turn; the prompt is sent as one"});
  turns.turns.push_back({.user = true, .parts = std::move(turns.system)});
  turns.system.clear();
}

/// Keeps the order among results and among the rest.
void put_results_first(Turn& turn) {
  std::vector<PlacedPartView> sorted;
  for (const bool results : {true, false})
    for (PlacedPartView& placed : turn.parts)
      if (results == std::holds_alternative<chat::ToolResult>(*placed.part))
        sorted.push_back(placed);
  turn.parts = std::move(sorted);
}

}  // namespace

Turns lay_out_turns(const std::vector<chat::Message>& messages, Losses& losses) {
  Turns turns;
  std::size_t at = 0;
  bool leading = true;
  for (const chat::Message& message : messages) {
    note_extras(message, at, losses);
    leading = leading && is_system(message);
    const bool user = message.role != chat::Role::Assistant;
    if (leading) {
      add_system(message, at++, turns, losses);
      continue;
    }
    if (is_system(message))
      losses.push_back(
          {fmt::format("messages[{}].role", at),
           "anthropic takes system prompts at the start only; sent as the user's text"});
    if (turns.turns.empty() || turns.turns.back().user != user)
      turns.turns.push_back({.user = user, .parts = {}});
    add_parts(message, at++, turns.turns.back(), losses);
  }
  std::erase_if(turns.turns, [](const Turn& turn) { return turn.parts.empty(); });
  for (Turn& turn : turns.turns) put_results_first(turn);
  give_a_turn(turns, losses);
  return turns;
}

bool is_in_foreign_tool_loop(const Turns& turns) {
  if (turns.turns.size() < 2 || !turns.turns.back().user) return false;
  const Turn& calls = turns.turns[turns.turns.size() - 2];
  return as<chat::ToolResult>(*turns.turns.back().parts.front().part) != nullptr &&
         as<chat::Thinking>(*calls.parts.front().part) == nullptr;
}

void write_turns(json::Writer& out, const Turns& turns, Losses& losses) {
  if (!turns.system.empty()) write_blocks(out.key("system"), turns.system, losses);
  out.key("messages").array();
  for (const Turn& turn : turns.turns) {
    out.object().field("role", turn.user ? "user" : "assistant");
    write_blocks(out.key("content"), turn.parts, losses);
    out.end_object();
  }
  out.end_array();
}

}  // namespace naru::dialect::anthropic_wire
