#pragma once
#include <deque>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "chat/request.h"

/// Canonical messages → the turns the Messages API accepts.
namespace naru::dialect::anthropic_wire {

/// A part, and where the client put it. Lifetime: the part's is the request's.
struct PlacedPartView {
  const chat::Part* part = nullptr;
  std::string path;  ///< `messages[2].content[0]`
};
enum class Speaker : std::uint8_t { User, Assistant, System };
/// Neighbouring messages of one speaker are one turn.
struct Turn {
  Speaker speaker = Speaker::User;
  std::vector<PlacedPartView> parts;
};
struct Turns {
  std::vector<PlacedPartView> system;
  std::vector<Turn> turns;
  std::deque<chat::Part> marked = {};  ///< parts that stand in no message
};

/// Leading system prompts stand apart. A later one stays where the model takes `system_turns` and
/// the API takes one in its place: behind a user's turn, with the model's behind it or none; else
/// it becomes the user's text, marked as a prompt (a Loss). In a user's turn tool results come
/// first; parts the API refuses in their place are a Loss, and so is a message
/// that is nothing but empty; an empty text beside other parts is none.
/// Lifetime: `messages` must outlive what is given.
Turns lay_out_turns(const std::vector<chat::Message>& messages, bool system_turns,
                    std::vector<chat::Loss>& losses);
/// Whether the last turn gives results to calls of a turn that begins without reasoning.
bool is_in_foreign_tool_loop(const Turns& turns);
/// Why the API does not take the document or image; nullptr if it does.
const char* document_refusal(const chat::Document& document);
const char* image_refusal(const chat::Image& image);
/// The parts as content: a lone text without marks as a string, as people write it.
void write_blocks(json::Writer& out, const std::vector<PlacedPartView>& parts,
                  std::vector<chat::Loss>& losses);
/// The member `cache_control` of a block or a tool, if there is a mark.
void write_cache_mark(json::Writer& out, chat::CacheMark mark);
/// The members `system` (if there is one) and `messages`.
void write_turns(json::Writer& out, const Turns& turns, std::vector<chat::Loss>& losses);

}  // namespace naru::dialect::anthropic_wire
