#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace naru::registry {

/// The files of documents `path` stands for: itself, or, if it is a folder, its *.yaml and *.yml
/// in order, without hidden ones. Fails: InvalidRequest.
Result<std::vector<std::string>> document_files(const std::string& path);

/// What is there at a path, as far as it tells whether a file was changed or replaced.
std::string fingerprint(const std::string& path);

}  // namespace naru::registry
