#pragma once
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
  bool open = false;             // an unkept child waits: it takes the comma behind it
  std::uint32_t open_begin = 0;  // where it begins
  for (const json::ValueView child : parent) {
    if (std::exchange(open, false)) patches.push_back({open_begin, start_of(child), {}});
    if (keep(child)) {
      kept_before = true;
    } else if (kept_before) {
      patches.push_back({last_end, child.span().end, {}});
    } else {
      open = true;
      open_begin = start_of(child);
    }
    last_end = child.span().end;
  }
  if (open) patches.push_back({open_begin, last_end, {}});
}

}  // namespace naru::dialect
