#pragma once
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"
#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"
#include "dialect/openai_responses/openai_responses.h"
#include "dialect/translate.h"

/// Words for tests and fuzz targets of this room.
namespace naru::dialect::testing {

using Strings = std::vector<std::string>;

/// A text and its tree, kept together.
class Parsed {
 public:
  explicit Parsed(std::string text) : text_(std::move(text)), tree_(json::Tree::parse(text_)) {}
  bool ok() const { return tree_.has_value(); }
  const json::Tree& tree() const { return *tree_; }
  json::ValueView root() const { return tree_->root(); }

 private:
  std::string text_;
  Result<json::Tree> tree_;
};

/// What a client has got of a stream when its upstream's bytes have ended.
struct Streamed {
  std::string bytes;
  std::string terminal;
  std::optional<Fault> fault = {};
  AnswerFacts facts = {};
  std::string all() const { return bytes + terminal; }
};

inline constexpr std::size_t kEventLimit = 1 << 20;

/// Sends `chunks` through a stream between `ends` as a gateway would.
inline Streamed stream(const Ends& ends, const WriterOptions& options,
                       std::span<const std::string_view> chunks) {
  const std::unique_ptr<AnswerStream> answer = make_answer_stream(ends, options);
  wire::Splitter splitter(kEventLimit);
  Streamed got;
  auto progress = AnswerStream::Progress::Quiet;
  const auto note = [&](Result<AnswerStream::Progress> made) {
    if (!made)
      got.fault = std::move(made).error();
    else
      progress = *made;
  };
  for (const std::string_view chunk : chunks) {
    if (!splitter.feed(chunk)) break;
    for (auto event = splitter.next(); event && !got.fault; event = splitter.next())
      note(answer->take(*event, got.bytes));
  }
  if (!got.fault && progress != AnswerStream::Progress::Ended) note(answer->finish(got.bytes));
  got.terminal = answer->terminal();
  got.facts = answer->facts();
  return got;
}

inline Streamed stream(const Ends& ends, const WriterOptions& options, std::string_view bytes) {
  return stream(ends, options, std::span(&bytes, 1));
}

/// A file of the tree, `path` from its root.
inline std::string file(const std::string& path) {
  const char* const root = std::getenv("NARU_SOURCE_DIR");
  std::ifstream in(std::filesystem::path(root != nullptr ? root : ".") / path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  NARU_CHECK(!text.empty(), "the file is in the tree");
  return text;
}

/// Names of the files in a folder of the tree, in order.
inline Strings files_in(const std::string& folder) {
  const char* const root = std::getenv("NARU_SOURCE_DIR");
  Strings names;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(root != nullptr ? root : ".") / folder))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

}  // namespace naru::dialect::testing
