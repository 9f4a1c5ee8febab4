#include "base/settings/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace naru::settings {
namespace {

/// Takes `name`, or `[3]`, off the front of `path`.
std::string_view take_step(std::string_view& path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  const std::size_t end = std::min(path.find_first_of(".[", 1), path.size());
  const std::string_view step = path.substr(0, end);
  path.remove_prefix(end);
  return step;
}

const Node* find_item(const Node& list, std::string_view step) {
  std::size_t index = 0;
  if (!list.is(NodeType::List)) return nullptr;
  const auto read = std::from_chars(step.data() + 1, step.data() + step.size(), index);
  return read.ec == std::errc{} && index < list.children.size() ? &list.children[index] : nullptr;
}

}  // namespace

const Node* Node::find(std::string_view member) const {
  if (!is(NodeType::Map)) return nullptr;
  const auto found = std::ranges::find(children, member, &Node::name);
  return found == children.end() ? nullptr : &*found;
}

std::string join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string join(std::string_view path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

const Node& locate(const Node& root, std::string_view path) {
  const Node* at = &root;
  while (!path.empty()) {
    const std::string_view step = take_step(path);
    const Node* next = step.starts_with('[') ? find_item(*at, step) : at->find(step);
    if (next == nullptr) break;
    at = next;
  }
  return *at;
}

}  // namespace naru::settings
