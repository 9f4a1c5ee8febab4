#include <array>

#include "dialect/dialect.h"

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

Result<std::int64_t> Dialect::read_count(const json::Tree&) const {
  return fail(FaultKind::Internal, "the dialect '{}' counts no tokens", name());
}

std::string Dialect::write_count(std::int64_t) const { return {}; }

std::span<const Dialect* const> all_dialects() {
  static const std::array<const Dialect*, 3> kAll = {&openai_chat(), &openai_responses(),
                                                     &anthropic()};
  return kAll;
}

const Dialect* find_dialect(std::string_view name) {
  for (const Dialect* dialect : all_dialects())
    if (dialect->name() == name) return dialect;
  return nullptr;
}

}  // namespace naru::dialect
