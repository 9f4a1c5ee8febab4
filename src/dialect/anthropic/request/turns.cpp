#include "dialect/anthropic/request/turns.h"

#include <span>

#include "dialect/anthropic/words.h"

namespace naru::dialect::anthropic_wire {
namespace {

using Losses = std::vector<chat::Loss>;

template <class T>
const T* as(const chat::Part& part) {
  return std::get_if<T>(&part);
}

/// Why the API has no room for `part` in a turn of that speaker; nullptr if it has.
const char* refusal_of(const chat::Part& part, Speaker speaker) {
  if (speaker == Speaker::System)
    return as<chat::Text>(part) ? nullptr : "anthropic takes text only in its system prompt";
  const bool user = speaker == Speaker::User;
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
    if (const char* why = refusal_of(part, turn.speaker))
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
  turns.turns.push_back({.speaker = Speaker::User, .parts = std::move(turns.system)});
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

Speaker speaker_of(const chat::Message& message) {
  if (is_system(message)) return Speaker::System;
  return message.role == chat::Role::Assistant ? Speaker::Assistant : Speaker::User;
}

/// Whether the API takes a system prompt at that place.
bool may_stand(const std::vector<Turn>& turns, std::size_t at) {
  return at > 0 && turns[at - 1].speaker == Speaker::User &&
         (at + 1 == turns.size() || turns[at + 1].speaker == Speaker::Assistant);
}

/// Texts as the user's, which say whose they are; the role of each message is a Loss.
void become_users(Turn& turn, Turns& turns, Losses& losses) {
  turn.speaker = Speaker::User;
  std::string last;
  for (PlacedPartView& placed : turn.parts) {
    const auto& text = std::get<chat::Text>(*placed.part);
    chat::Text marked{.text = fmt::format("<system>\n{}\n</system>", text.text)};
    marked.cache = text.cache;
    placed.part = &turns.marked.emplace_back(std::move(marked));
    std::string role = placed.path.substr(0, placed.path.find('.')) + ".role";
    if (role == last) continue;
    losses.push_back({role,
                      "anthropic takes no system prompt there of this model; sent as the user's "
                      "text, marked as one"});
    last = std::move(role);
  }
}

/// Gives whether any has become the user's.
bool settle_systems(Turns& turns, bool system_turns, Losses& losses) {
  bool moved = false;
  for (std::size_t at = 0; at < turns.turns.size(); ++at) {
    Turn& turn = turns.turns[at];
    if (turn.speaker != Speaker::System || (system_turns && may_stand(turns.turns, at))) continue;
    become_users(turn, turns, losses);
    moved = true;
  }
  return moved;
}

/// The turns with neighbours of one speaker made one.
std::vector<Turn> joined(std::vector<Turn> turns) {
  std::vector<Turn> whole;
  for (Turn& turn : turns) {
    if (whole.empty() || whole.back().speaker != turn.speaker)
      whole.push_back(std::move(turn));
    else
      std::ranges::move(turn.parts, std::back_inserter(whole.back().parts));
  }
  return whole;
}

}  // namespace

Turns lay_out_turns(const std::vector<chat::Message>& messages, bool system_turns, Losses& losses) {
  Turns turns;
  std::size_t at = 0;
  bool leading = true;
  for (const chat::Message& message : messages) {
    note_extras(message, at, losses);
    leading = leading && is_system(message);
    if (leading) {
      add_system(message, at++, turns, losses);
      continue;
    }
    const Speaker speaker = speaker_of(message);
    if (turns.turns.empty() || turns.turns.back().speaker != speaker)
      turns.turns.push_back({.speaker = speaker, .parts = {}});
    add_parts(message, at++, turns.turns.back(), losses);
  }
  std::erase_if(turns.turns, [](const Turn& turn) { return turn.parts.empty(); });
  if (settle_systems(turns, system_turns, losses)) turns.turns = joined(std::move(turns.turns));
  for (Turn& turn : turns.turns) put_results_first(turn);
  give_a_turn(turns, losses);
  return turns;
}

bool is_in_foreign_tool_loop(const Turns& turns) {
  std::span<const Turn> said = turns.turns;
  if (!said.empty() && said.back().speaker == Speaker::System) said = said.first(said.size() - 1);
  if (said.size() < 2 || said.back().speaker != Speaker::User) return false;
  return as<chat::ToolResult>(*said.back().parts.front().part) != nullptr &&
         as<chat::Thinking>(*said[said.size() - 2].parts.front().part) == nullptr;
}

void write_turns(json::Writer& out, const Turns& turns, Losses& losses) {
  if (!turns.system.empty()) write_blocks(out.key("system"), turns.system, losses);
  out.key("messages").array();
  for (const Turn& turn : turns.turns) {
    out.object().field("role", turn.speaker == Speaker::User        ? "user"
                               : turn.speaker == Speaker::Assistant ? "assistant"
                                                                    : "system");
    write_blocks(out.key("content"), turn.parts, losses);
    out.end_object();
  }
  out.end_array();
}

}  // namespace naru::dialect::anthropic_wire
