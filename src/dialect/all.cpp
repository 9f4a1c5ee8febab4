#include <algorithm>
#include <array>

#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"
#include "dialect/openai_responses/openai_responses.h"

namespace naru::dialect {

std::string_view name_of(Operation operation) {
  switch (operation) {
    case Operation::Chat:
      return "chat";
    case Operation::Complete:
      return "complete";
    case Operation::Embed:
      return "embed";
    case Operation::CountTokens:
      return "count_tokens";
  }
  return "unknown";
}

std::string_view Dialect::path(Operation operation) const {
  const auto call = std::ranges::find(profile_.calls, operation, &CallRow::operation);
  return call == profile_.calls.end() ? std::string_view() : call->path;
}

Result<std::int64_t> Dialect::read_count(const json::Tree&) const {
  return fail(FaultKind::Internal, "the dialect '{}' counts no tokens", name());
}

std::string Dialect::write_count(std::int64_t) const { return {}; }

std::span<const Dialect* const> all_dialects() {
  static const auto kAll = std::to_array<const Dialect*>({
      &openai_chat(),
      &openai_responses(),
      &anthropic(),
  });
  return kAll;
}

const Dialect* find_dialect(std::string_view name) {
  for (const Dialect* dialect : all_dialects())
    if (dialect->name() == name) return dialect;
  return nullptr;
}

}  // namespace naru::dialect
