#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cli/verb.h"

namespace naru::cli::testing {

/// What a command line came to.
struct Ran {
  int exit_code = 0;
  std::string out;
  std::string err;
};

enum class Stdout : std::uint8_t { Capture, AsItIs };

/// Runs `naru` with these words in this process.
inline Ran run_line(std::vector<std::string> words, Stdout out = Stdout::Capture) {
  words.insert(words.begin(), "naru");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  if (out == Stdout::Capture) ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Ran ran;
  ran.exit_code = run(static_cast<int>(words.size()), arguments.data(), "1.2.3");
  if (out == Stdout::Capture) ran.out = ::testing::internal::GetCapturedStdout();
  ran.err = ::testing::internal::GetCapturedStderr();
  return ran;
}

}  // namespace naru::cli::testing
