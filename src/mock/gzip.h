#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace naru::mock {

/// One gzip stream over all `pieces`, flushed behind each, so that a reader gets each as it comes.
std::vector<std::string> gzipped(const std::vector<std::string_view>& pieces);

}  // namespace naru::mock
