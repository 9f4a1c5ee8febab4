#pragma once
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "mock/answer.h"

namespace naru::mock::testing {

inline constexpr std::string_view kChat =
    R"({"model":"m","messages":[{"role":"user","content":"two words"}])";

inline Ask chat(std::string_view more = "") {
  return read_ask(Call::OpenAiChat, "/v1/chat/completions", fmt::format("{}{}}}", kChat, more));
}
inline Ask streamed_chat() { return chat(R"(,"stream":true)"); }
inline Ask messages(std::string_view more = "") {
  return read_ask(Call::AnthropicMessages, "/v1/messages", fmt::format("{}{}}}", kChat, more));
}
inline Ask streamed_messages() { return messages(R"(,"stream":true)"); }

inline Ask response(std::string_view more = "") {
  return read_ask(Call::OpenAiResponses, "/v1/responses",
                  fmt::format(R"({{"model":"m","input":"two words"{}}})", more));
}
inline Ask streamed_response() { return response(R"(,"stream":true)"); }

inline Plan planned(std::string_view controls) {
  Plan plan;
  const auto read = read_controls(controls, plan);
  EXPECT_TRUE(read) << read.error().detail;
  return plan;
}
inline Answer answer(const Ask& ask, std::string_view controls = "") {
  return compose(ask, planned(controls), "id");
}
inline std::string bytes(const Answer& answer) {
  std::string all;
  for (const Piece& piece : answer.pieces) all += piece.bytes;
  return all;
}
inline std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
  return found;
}
inline std::string header(const Answer& answer, std::string_view name) {
  for (const net::Header& line : answer.headers)
    if (line.name == name) return line.value;
  return "";
}

}  // namespace naru::mock::testing
