#include "cli/show/output.h"

#include <cstdio>

namespace naru::cli {

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

bool all_said(std::string_view remedy) {
  std::fflush(stdout);
  if (std::ferror(stdout) == 0) return true;
  std::clearerr(stdout);
  std::fprintf(stderr, "naru: not all of the output could be written; %.*s\n",
               static_cast<int>(remedy.size()), remedy.data());
  return false;
}

}  // namespace naru::cli
