#include "net/http/head.h"

#include <algorithm>

#include "base/text.h"

namespace naru::net {

std::optional<std::string_view> HeadersView::find(std::string_view name) const {
  for (const HeaderView& line : lines_)
    if (equals_ignoring_case(line.name, name)) return line.value;
  return std::nullopt;
}

std::size_t HeadersView::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      lines_, [name](const HeaderView& line) { return equals_ignoring_case(line.name, name); }));
}

}  // namespace naru::net
