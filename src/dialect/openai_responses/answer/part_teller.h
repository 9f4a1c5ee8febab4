#pragma once
#include "chat/event.h"
#include "dialect/pair_joiner.h"

/// The canonical events of one answer's parts.
namespace naru::dialect::openai_responses_wire {

/// Tells one part after the other, of which only the last is open.
class PartTeller {
 public:
  using Events = std::vector<chat::Event>;

  bool open() const { return open_; }
  /// Ends the part before, if it is open.
  void start(chat::Part head, Events& out);
  /// More of the open part: a string of a lenient tree.
  void say(json::ValueView words, std::string logprobs, Events& out);
  void say_text(std::string text, std::string logprobs, Events& out);
  void cite(chat::Citation citation, Events& out);
  void seal(std::string sealed, Events& out);
  /// Ends the open part, if there is one.
  void end(Events& out);
  /// A part that came whole.
  void tell(chat::Part part, Events& out);

 private:
  void add(std::string text, std::string logprobs, Events& out) const;
  void tell_text(chat::Text text, Events& out);
  void tell_thinking(chat::Thinking thinking, Events& out);
  void tell_call(chat::ToolCall call, Events& out);

  bool open_ = false;
  std::uint32_t part_ = 0;   // the open one
  std::uint32_t parts_ = 0;  // so far
  PairJoiner joiner_;        // of the open part
};

}  // namespace naru::dialect::openai_responses_wire
