#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace naru::dialect {

/// Patches that take the children which `keep` refuses out of an object or array, each with one
/// comma beside it. `keep` is asked once a child, in order.
template <class Keep>
void cut_children(json::ValueView parent, std::vector<Patch>& patches, const Keep& keep) {
  const auto start_of = [](json::ValueView child) {
    return child.key_span() == json::Span{} ? child.span().begin : child.key_span().begin;
  };
  bool kept_before = false;
  std::uint32_t last_end = 0;
  std::optional<std::uint32_t> open;  // an unkept child begins here and takes the comma behind it
  for (const json::ValueView child : parent) {
    if (open) patches.push_back({*std::exchange(open, std::nullopt), start_of(child), {}});
    if (keep(child))
      kept_before = true;
    else if (kept_before)
      patches.push_back({last_end, child.span().end, {}});
    else
      open = start_of(child);
    last_end = child.span().end;
  }
  if (open) patches.push_back({*open, last_end, {}});
}

}  // namespace naru::dialect
