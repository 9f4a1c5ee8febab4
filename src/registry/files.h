#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace naru::registry {

/// The files of documents `path` stands for: itself, or, if it is a folder, its *.yaml and *.yml
/// in order, without hidden ones. Fails: InvalidRequest.
Result<std::vector<std::string>> document_files(const std::string& path);

/// What is there at a path, as far as it tells whether a file was changed or replaced.
std::string fingerprint(const std::string& path);

/// How each of `paths`, and each document file below those that are folders, looks now.
std::map<std::string, std::string> fingerprints(const std::vector<std::string>& paths);

}  // namespace naru::registry
