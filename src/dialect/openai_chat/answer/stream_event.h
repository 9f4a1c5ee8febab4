#pragma once
#include <span>

#include "dialect/openai_chat/words.h"

/// Events of a Chat Completions or Completions stream, taken apart and held to their order. Scanner
/// and reader share it, so that both ways refuse the same streams. Source: OpenAI API reference,
/// Chat Completions streaming.
namespace naru::dialect::openai_chat_wire {

/// One event. Lifetime: that of the tree it was read from.
struct StreamEventView {
  enum class Kind : std::uint8_t {
    Quiet,    ///< a comment, or nothing
    Nothing,  ///< `null`, as `kNothing`
    Foreign,  ///< of no kind this dialect has: no client is shown it
    Chunk,
    Done,  ///< `[DONE]`
  };
  Kind kind = Kind::Quiet;
  std::optional<json::ValueView> root = {};     ///< of a chunk
  std::optional<json::ValueView> choices = {};  ///< of a chunk that has any
};

/// A piece of a tool call.
struct CallView {
  json::ValueView value;
  std::size_t at = 0;    ///< its call's place in the choice
  bool nothing = false;  ///< its call has neither id nor name so far
  bool renamed = false;  ///< has another id than its call began with
};

/// What a chunk says of one choice. Lifetime: until the grammar takes the next.
struct ChoiceView {
  std::size_t at = 0;  ///< in order of coming
  std::uint32_t index = 0;
  std::optional<json::ValueView> delta = {};
  std::span<const CallView> calls = {};
  std::optional<chat::StopReason> stop = {};
};

/// Reads each event of one stream and holds it to the order: choices counted up from 0, each with
/// one end behind which nothing is said, in them calls that have a name before their arguments; one
/// `[DONE]`. Servers that leave out indices or the reason of an end break nothing, nor does one
/// that gives a call a new id with each piece, or holds a place for a call that never comes.
class StreamGrammar {
 public:
  /// `tree` keeps what the view shows. Fails: UpstreamInvalid, naming what came out of place; or
  /// the fault the upstream reports.
  Result<StreamEventView> read(const wire::EventView& event, std::optional<json::Tree>& tree);
  /// To be asked for each of a chunk's choices, in order. Fails likewise.
  Result<ChoiceView> accept(json::ValueView choice);
  bool ended() const { return ended_; }
  /// Nothing is missing but the marker: every choice has ended.
  bool whole() const;
  std::size_t choices() const { return choices_.size(); }

 private:
  struct Call {
    std::int64_t index = 0;
    std::string id = {};
    std::string name = {};
    bool named = false;
    bool nothing() const { return !named && id.empty(); }
  };
  struct Choice {
    std::uint32_t index = 0;
    bool finished = false;
    bool spoken = false;  // something was said in it
    std::vector<Call> calls = {};
    bool names_all() const;
  };
  Result<std::size_t> place_of(json::ValueView choice);
  static Result<void> accept_words(Choice& known, const ChoiceView& said, json::ValueView choice);
  Result<void> accept_calls(Choice& choice, json::ValueView delta);
  static Result<std::size_t> call_at(Choice& choice, json::ValueView call);
  static bool continues(const Call& known, bool by_index, std::string_view id,
                        std::string_view name);
  static Result<void> accept_function(Call& call, json::ValueView function);
  Result<void> end();
  bool has_gap() const;

  bool ended_ = false;
  std::vector<Choice> choices_;
  std::vector<CallView> calls_;  // of the choice accepted last
};

}  // namespace naru::dialect::openai_chat_wire
