#include "store/rows.h"

namespace naru::store {
namespace {

constexpr std::array<std::string_view, 4> kMethodWords = {"reported", "engine", "bytes", "none"};

}  // namespace

std::string_view word_of(TokenMethod method) {
  return kMethodWords[static_cast<std::size_t>(method)];
}

TokenMethod token_method(std::string_view word) {
  const auto found = std::ranges::find(kMethodWords, word);
  if (found == kMethodWords.end()) return TokenMethod::None;
  return static_cast<TokenMethod>(found - kMethodWords.begin());
}

}  // namespace naru::store
