#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/wire/sse.h"

namespace naru::cli {

/// One turn of a conversation.
struct Turn {
  std::string role;  ///< `system`, `user` or `assistant`
  std::string text;
};

/// The body of a streaming call of `/v1/chat/completions`.
std::string write_chat(std::string_view model, const std::vector<Turn>& turns);

/// Puts an answer together from its event stream, cut anywhere.
class AnswerReader {
 public:
  /// Adds bytes; `on_text` gets each new part of the answer.
  /// Fails: UpstreamFailed, with what an error event says; UpstreamInvalid.
  Result<void> feed(std::string_view bytes, const std::function<void(std::string_view)>& on_text);
  /// The answer so far.
  const std::string& text() const { return text_; }
  /// Whether the stream has said that it is complete.
  bool ended() const { return ended_; }

 private:
  Result<void> read_event(std::string_view data,
                          const std::function<void(std::string_view)>& on_text);

  wire::Splitter splitter_{1 << 20};
  std::string text_;
  bool ended_ = false;
};

}  // namespace naru::cli
