#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace naru::settings {

enum class NodeType : std::uint8_t { Empty, Scalar, List, Map };

/// One value of an operator's document and where it stands, whatever the document was written in.
struct Node {
  NodeType type = NodeType::Empty;
  int line = 0;           ///< from 1; 0 if unknown
  int column = 0;         ///< from 1, in characters
  std::string text = {};  ///< of a scalar
  std::string name = {};  ///< of a map's member, and where that stands
  int name_line = 0;
  int name_column = 0;
  std::vector<Node> children = {};  ///< items of a list, or members of a map, a repeated one twice

  bool is(NodeType type_) const { return type == type_; }
  /// The first member of that name; null if there is none or this is no map.
  const Node* find(std::string_view member) const;
};

/// `path` and a member's name below it: `timeouts.connect`, or `connect` alone.
std::string join(std::string_view path, std::string_view name);
/// `path` and an item's place in the list it names: `targets[0]`.
std::string join(std::string_view path, std::size_t index);
/// The node `path` names below `root`, or the last one on the way to it that is there.
const Node& locate(const Node& root, std::string_view path);

}  // namespace naru::settings
