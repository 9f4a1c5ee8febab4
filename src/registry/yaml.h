#pragma once
#include <string_view>
#include <vector>

#include "base/problem.h"
#include "base/settings/node.h"

/// YAML as far as configuration needs it: maps, lists and scalars. What makes a text say more than
/// it shows (anchors, aliases, merge keys, tags, repeated keys) is a problem.
namespace naru::registry {

inline constexpr std::size_t kMaxFileBytes = 1 << 20;
inline constexpr std::size_t kMaxDepth = 32;          ///< maps and lists within each other
inline constexpr std::size_t kMaxDocuments = 10'000;  ///< in one file

/// One document and what is wrong with its form; paths begin at its root.
struct YamlDocument {
  settings::Node root;
  std::vector<Problem> problems;
};

struct YamlFile {
  std::vector<YamlDocument> documents;  ///< those before the first error; empty ones are left out
  std::vector<Problem> problems;        ///< what kept the rest from being read
};

/// Reads all documents of `text`. Cost: memory of about a hundred times the text at worst.
YamlFile read_yaml(std::string_view text);

}  // namespace naru::registry
