#pragma once
#include "base/fault.h"
#include "chat/response.h"

/// A streamed answer as a sequence: Started, then parts (each started, filled and ended once, in
/// order of `part`), Finished for each choice, and at last Ended. UsageSeen may come at any time
/// and more than once: the later one holds, field by field never smaller.
namespace naru::chat {

struct Started {
  std::string id;
  std::string model;
  std::int64_t created_s = 0;
  std::string service_tier = {};  ///< as `Response::service_tier`
};
/// A part begins: an empty Text, a ToolCall with id and name, an empty Thinking with what is known.
struct PartStarted {
  std::uint32_t choice = 0;
  std::uint32_t part = 0;  ///< counts up from 0 within the choice
  Part head;
};
/// More of it: text of a Text or Thinking, or bytes of a ToolCall's arguments.
struct PartDelta {
  std::uint32_t choice = 0;
  std::uint32_t part = 0;
  std::string text;
  std::string logprobs = {};  ///< of these tokens of a Text, as `Text::logprobs`
};
/// The seal of an open Thinking, whole; it holds for its id and origin too, where they are told.
struct ThinkingSealed {
  std::uint32_t choice = 0;
  std::uint32_t part = 0;
  std::string sealed;
  Seal seal = Seal::Signature;
};
/// The open Text cites a source.
struct Cited {
  std::uint32_t choice = 0;
  std::uint32_t part = 0;
  Citation citation;
};
struct PartEnded {
  std::uint32_t choice = 0;
  std::uint32_t part = 0;
};
struct Finished {
  std::uint32_t choice = 0;
  StopReason stop = StopReason::EndTurn;
  std::string stop_sequence;
};
struct UsageSeen {
  Usage usage;
  bool running = false;  ///< counted so far by an engine that goes on; no report of the whole
};
/// Something of the answer has no place in this model.
struct Lost {
  Loss loss;
};
struct Ping {};
/// The completion marker: nothing comes after it.
struct Ended {};

using Event = std::variant<Started, PartStarted, PartDelta, ThinkingSealed, Cited, PartEnded,
                           Finished, UsageSeen, Lost, Ping, Ended>;

}  // namespace naru::chat
