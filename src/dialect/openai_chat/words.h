#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"
#include "dialect/json_views.h"
#include "dialect/openai/openai.h"

/// Closed sets of the OpenAI dialect and its usage object.
namespace naru::dialect::openai_chat_wire {

using openai_wire::broken;
using openai_wire::find_error;
using openai_wire::find_event_error;

/// What ids of this operation's answers begin with; empty: they have none.
std::string_view id_prefix(Operation operation);

/// Has a reason that is no word of this dialect give way to the word for `stop`: the set is closed
/// for clients.
void close_stop(json::ValueView choice, std::optional<chat::StopReason> stop,
                std::vector<Patch>& patches);
/// Clients put choices and calls together by their index: where the server leaves it out, or counts
/// otherwise, it is `index`.
void number(json::ValueView holder, std::size_t index, std::vector<Patch>& patches);
/// Has a type of call that is no word of this dialect give way to `function`, where it has one.
void close_type(json::ValueView call, std::vector<Patch>& patches);
/// Why the choice ended; nullopt while `finish_reason` is null. Fails: UpstreamFailed, when the
/// word says that the upstream broke the answer off.
Result<std::optional<chat::StopReason>> read_stop(json::ValueView choice);
/// `refused`: the choice holds a text that says so, which is an answer like others here.
std::string_view word_of(chat::StopReason stop, bool refused);
/// What a choice's end means with what it held: servers say `stop` after tool calls and refusals,
/// and some say nothing at all.
chat::StopReason settle_stop(std::optional<chat::StopReason> said, bool called_tools, bool refused);
/// An id for a tool call whose server gave none; the same for stream and plain answer.
std::string made_call_id(std::uint32_t choice, std::size_t call);

/// What llama-server's stream of an answer to a list of prompts begins with: an event whose data is
/// `null`. It says nothing.
inline constexpr std::string_view kNothing = "null";

/// nullopt if it is no object, or counts neither prompt nor answer.
std::optional<chat::Usage> read_usage(json::ValueView usage);
void write_usage(json::Writer& out, const chat::Usage& usage);

/// Whether llama-server wrote this, which counts each of several choices by itself. In a plain
/// answer it tells the count of the first alone.
bool counts_one_choice(json::ValueView root);

/// The usage of a stream out of its reports. A later report holds, but for llama-server (known by
/// its `timings`), which with several choices closes each with a report of that choice's own.
class UsageSum {
 public:
  /// Takes the report in the event `root` and gives what is known now.
  chat::Usage take(const chat::Usage& report, json::ValueView root, std::size_t choices);
  /// The choices answer prompts of their own.
  void sum_prompts() { sums_prompts_ = true; }

 private:
  bool sums_prompts_ = false;
  chat::Usage known_;
  std::size_t closings_ = 0;
};

/// What llama-server counts while it writes (`timings_per_token`), summed over the choices.
class RunningCounts {
 public:
  /// nullopt for an event that has no counts, or has the report of the whole beside them.
  std::optional<chat::Usage> take(json::ValueView root);
  /// The choices answer prompts of their own.
  void sum_prompts() { sums_prompts_ = true; }

 private:
  bool sums_prompts_ = false;
  std::vector<chat::Usage> counted_;  // one entry a choice
};

/// The reasoning a message or delta shows: `reasoning_content`, or `reasoning` as newer servers
/// say.
std::optional<json::ValueView> find_reasoning(json::ValueView message);

/// A piece of what a message or delta says, in the order in which it is said.
struct SaidView {
  enum class As : std::uint8_t {
    Text,
    Thinking,
    Refusal,
    Unknown,  ///< a block of the content of a kind with no place in the canonical model
  };
  As as = As::Text;
  json::ValueView value;  ///< a string that is not empty; of the unknown the block
  std::size_t at = 0;     ///< place of the block within the content
};
/// Content may be a text or, with some providers, a list of text and thinking blocks.
std::vector<SaidView> read_said(json::ValueView message);

/// Holds a message or delta to the forms in which it can say anything. Fails: UpstreamInvalid,
/// naming `subject`, for words that no client would find.
Result<void> check_message(std::string_view subject, std::optional<json::ValueView> message);

/// What a call hands its tool. Some servers send the object itself in place of its text.
std::string arguments_of(json::ValueView function);
/// Whether it has neither name nor arguments.
bool calls_nothing(json::ValueView function);
/// Whether an entry of `tool_calls` is an empty place: servers send such with answers without
/// calls.
bool holds_no_call(json::ValueView call);

/// What of `message` beside its content has no place in the canonical model: `answer.audio`.
void note_unknown_members(json::ValueView message, std::uint32_t choice,
                          std::vector<chat::Loss>& losses);
/// `answer.content[3]`, for the choices after the first `answer.choices[1].content[3]`.
std::string answer_path(std::uint32_t choice, std::string_view member);
chat::Loss unknown_part(std::string path);
/// Why something of an answer is not shown to a client of this dialect.
inline constexpr std::string_view kNoPlace = "openai's chat answers have no such part";
inline constexpr std::string_view kNoAddress = "openai's chat answers cite addresses only";

/// `service_tier` of an answer if it is a word OpenAI documents, else empty.
std::string_view find_tier(json::ValueView root);

inline constexpr std::size_t kMostChoices = 128;  ///< OpenAI's own bound on `n`
/// In one stream: completions answer each of a list of prompts `n` times.
inline constexpr std::size_t kMostStreamChoices = 4096;

}  // namespace naru::dialect::openai_chat_wire
