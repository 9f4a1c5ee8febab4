#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mock/ask.h"
#include "mock/plan.h"
#include "net/http/head.h"

namespace naru::mock {

/// Bytes that go out in one write, and how long the mock waits before.
struct Piece {
  std::string bytes;
  std::chrono::microseconds wait{0};
};

/// What becomes of the connection after the last piece.
enum class After : std::uint8_t { Finish, Cut, HalfClose, Stall };

/// When a client is told to come again.
struct Retry {
  std::chrono::milliseconds in{0};  ///< 0: it is not told
  RetryForm form = RetryForm::Own;
};

/// One answer, laid out in time.
struct Answer {
  int status = 200;
  std::vector<net::Header> headers = {};
  std::vector<Piece> pieces = {};
  bool streams = false;  ///< chunked; else one body of known length, where it ends in order
  After after = After::Finish;
  std::chrono::milliseconds delay{0};  ///< before the head
  Retry retry = {};                    ///< spelt when it is sent, since a date depends on it
};

/// Words of an answer, as all wire formats need them.
struct Story {
  std::vector<std::string> thinking = {};
  std::vector<std::string> chunks = {};  ///< text, piece by piece
  std::string tool = {};
  std::vector<std::string> arguments = {};  ///< of a tool called, else empty
  std::uint32_t input_tokens = 0;
  std::uint32_t output_tokens = 0;
  std::string id = {};  ///< 24 letters and digits
  std::string text() const;
};
Story tell(const Ask& ask, const Plan& plan, std::string id);
std::string joined(const std::vector<std::string>& pieces);

/// What `make` gives for each text.
template <class Make>
std::vector<std::string> for_each_of(const std::vector<std::string>& texts, Make make) {
  std::vector<std::string> made;
  made.reserve(texts.size());
  for (const std::string& text : texts) made.push_back(make(text));
  return made;
}

/// Whether `plan` wants an error for an answer.
inline bool refuses(const Plan& plan) { return plan.status >= 400 || plan.refuse != Refusal::None; }

/// The answer to `ask` under `plan`; the same arguments give the same bytes.
Answer compose(const Ask& ask, const Plan& plan, std::string id);

/// Lays `plan`'s cuts over the pieces, keeping each wait before the byte it stood before.
std::vector<Piece> cut(std::vector<Piece> pieces, const Plan& plan);

// Authored bytes, one file a wire format.

/// Events of a stream: those before content, one a fragment of content, and those behind.
struct Events {
  std::vector<std::string> before = {};
  std::vector<std::string> content = {};
  std::vector<std::string> behind = {};
  std::string last = {};    ///< the completion marker
  std::string error = {};   ///< what a provider sends in place of the rest
  std::string failed = {};  ///< a second way to say so; empty: there is none
  std::string ping = {};

  /// Puts a block behind what there is: what opens it, its fragments, what closes it. Events
  /// between two blocks go out with the first fragment of the second.
  void add_block(std::vector<std::string> opened, std::vector<std::string> fragments,
                 std::vector<std::string> closed);
};

/// A refusal in a provider's words.
struct RefusalRow {
  Refusal word = Refusal::None;
  std::uint32_t status = 0;
  std::string_view type;
  std::string_view code;  ///< OpenAI: empty is null; Anthropic: error_code of its details
  std::string_view message;
  std::uint32_t retry_seconds = 0;
  bool plain = false;  ///< of a proxy before the API: the message alone, no JSON
};
/// Whether the answer is that row's message alone, as `plan` says nothing else of it.
inline bool is_plain(const RefusalRow& row, const Plan& plan) {
  return row.plain && plan.type.empty() && plan.body.empty();
}
/// The row `plan` asks for, else that of its status, else that of the status' hundred.
const RefusalRow& openai_refusal(const Plan& plan);
const RefusalRow& anthropic_refusal(const Plan& plan);

std::string openai_body(const Ask& ask, const Plan& plan, const Story& story);
Events openai_events(const Ask& ask, const Plan& plan, const Story& story);
std::string openai_error(const Plan& plan, const Story& story);
std::vector<net::Header> openai_headers(const Plan& plan, const Story& story);
std::string responses_body(const Ask& ask, const Plan& plan, const Story& story);
Events responses_events(const Ask& ask, const Plan& plan, const Story& story);
std::string anthropic_body(const Ask& ask, const Plan& plan, const Story& story);
Events anthropic_events(const Ask& ask, const Plan& plan, const Story& story);
std::string anthropic_error(const Plan& plan, const Story& story);
std::vector<net::Header> anthropic_headers(const Plan& plan, const Story& story);

}  // namespace naru::mock
