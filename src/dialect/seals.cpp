#include "dialect/seals.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace naru::dialect {
namespace {

constexpr std::string_view kPrefix = "naru1:";

struct KindRow {
  chat::Seal seal;
  std::string_view word;
};
constexpr auto kKinds = std::to_array<KindRow>({
    {chat::Seal::None, "none"},
    {chat::Seal::Signature, "signature"},
    {chat::Seal::Redacted, "redacted"},
    {chat::Seal::Encrypted, "encrypted"},
});

/// What stands before the next colon; `text` goes on behind it.
std::string_view take_field(std::string_view& text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view field = text.substr(0, colon);
  text.remove_prefix(std::min(colon + 1, text.size()));
  return field;
}

}  // namespace

std::string wrap_seal(const chat::Thinking& thinking, std::string_view origin) {
  const auto row = std::ranges::find(kKinds, thinking.seal, &KindRow::seal);
  // An id of another maker may hold the mark that ends it here.
  const bool plain = thinking.id.find(':') == std::string::npos;
  const std::string_view id = plain ? std::string_view(thinking.id) : std::string_view();
  return fmt::format("{}{}:{}:{}:{}", kPrefix, row->word, origin, id, thinking.sealed);
}

bool is_wrapped_seal(std::string_view text) { return text.starts_with(kPrefix); }

void unwrap_seal(std::string_view text, chat::Seal native, chat::Thinking& thinking) {
  thinking.seal = text.empty() ? chat::Seal::None : native;
  thinking.sealed = text;
  if (!is_wrapped_seal(text)) return;
  text.remove_prefix(kPrefix.size());
  const auto row = std::ranges::find(kKinds, take_field(text), &KindRow::word);
  thinking.seal = row == kKinds.end() ? chat::Seal::None : row->seal;
  thinking.origin = take_field(text);
  thinking.id = take_field(text);
  thinking.sealed = text;
}

}  // namespace naru::dialect
