#include "gateway/route/model.h"

#include <algorithm>

#include "base/text.h"

namespace naru::gateway {
namespace {

/// Characters of a pattern that stand for themselves.
std::size_t fixed_part(std::string_view pattern) {
  return pattern.size() - static_cast<std::size_t>(std::ranges::count(pattern, '*'));
}

}  // namespace

Models::Models(std::vector<std::shared_ptr<const ModelSpec>> models) : all_(std::move(models)) {
  const auto add = [this](const std::string& name, const std::shared_ptr<const ModelSpec>& model) {
    if (is_pattern(name)) {
      patterns_.emplace_back(name, model);
    } else if (exact_.emplace(name, model).second) {
      names_.push_back(name);
    }
  };
  // A name goes before an alias, so all names come first.
  for (const auto& model : all_) add(model->name, model);
  for (const auto& model : all_)
    for (const std::string& alias : model->aliases) add(alias, model);
  std::ranges::sort(patterns_, {}, [](const auto& pattern) {
    return std::pair(-static_cast<std::ptrdiff_t>(fixed_part(pattern.first)), pattern.first);
  });
  std::ranges::sort(names_);
}

std::shared_ptr<const ModelSpec> Models::find(std::string_view name) const {
  if (const auto exact = exact_.find(name); exact != exact_.end()) return exact->second;
  const auto fits = [name](const auto& pattern) { return matches_pattern(pattern.first, name); };
  const auto found = std::ranges::find_if(patterns_, fits);
  return found == patterns_.end() ? nullptr : found->second;
}

}  // namespace naru::gateway
