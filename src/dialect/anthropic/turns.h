#pragma once
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
/// Neighbouring messages of one role are one turn.
struct Turn {
  bool user = true;
  std::vector<PlacedPartView> parts;
};
struct Turns {
  std::vector<PlacedPartView> system;
  std::vector<Turn> turns;
};

/// Leading system prompts stand apart, later ones become the user's text (a Loss); in a user's turn
/// tool results come first; parts the API refuses in their place are a Loss, and so is a message
/// that is nothing but empty; an empty text beside other parts is none.
/// Lifetime: `messages` must outlive what is given.
Turns lay_out_turns(const std::vector<chat::Message>& messages, std::vector<chat::Loss>& losses);
/// The members `system` (if there is one) and `messages`.
void write_turns(json::Writer& out, const Turns& turns, std::vector<chat::Loss>& losses);

}  // namespace naru::dialect::anthropic_wire
