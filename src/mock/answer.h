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
  std::chrono::milliseconds wait{0};
};

/// What becomes of the connection after the last piece.
enum class After : std::uint8_t { Finish, Cut, Stall };

/// One answer, laid out in time.
struct Answer {
  int status = 200;
  std::vector<net::Header> headers = {};
  std::vector<Piece> pieces = {};
  bool streams = false;  ///< chunked; else one body of known length, where it ends in order
  After after = After::Finish;
  std::chrono::milliseconds delay{0};  ///< before the head
};

/// Words of an answer, as both wire formats need them.
struct Story {
  std::vector<std::string> chunks = {};  ///< content, piece by piece
  std::uint32_t input_tokens = 0;
  std::uint32_t output_tokens = 0;
  std::string id = {};  ///< 24 letters and digits
  std::string text() const;
};
Story tell(const Ask& ask, const Plan& plan, std::string id);

/// The answer to `ask` under `plan`; the same arguments give the same bytes.
Answer compose(const Ask& ask, const Plan& plan, std::string id);

/// Lays `plan`'s cuts over the pieces, keeping each wait before the byte it stood before.
std::vector<Piece> cut(std::vector<Piece> pieces, const Plan& plan);

// Authored bytes, one file a wire format.

/// Events of a stream: those before content, one a chunk of content, and those behind.
struct Events {
  std::vector<std::string> before = {};
  std::vector<std::string> content = {};
  std::vector<std::string> behind = {};
  std::string last = {};   ///< the completion marker
  std::string error = {};  ///< what a provider sends in place of the rest
  std::string ping = {};
};
std::string openai_body(const Ask& ask, const Plan& plan, const Story& story);
Events openai_events(const Ask& ask, const Plan& plan, const Story& story);
std::string openai_error(const Plan& plan);
std::vector<net::Header> openai_headers(const Story& story);
std::string anthropic_body(const Ask& ask, const Plan& plan, const Story& story);
Events anthropic_events(const Ask& ask, const Plan& plan, const Story& story);
std::string anthropic_error(const Plan& plan, const Story& story);
std::vector<net::Header> anthropic_headers(const Story& story);

}  // namespace naru::mock
