#pragma once
#include <string>
#include <vector>

namespace naru {

/// Something in an operator's file that must change before it is used.
struct Problem {
  std::string path;  ///< `models[2].targets[0].upstream`
  std::string text;  ///< what is wrong and what to do: "is 12; no chat request fits below 1024"
  std::string file = {};
  int line = 0;    ///< from 1; 0 if unknown
  int column = 0;  ///< from 1; 0 if unknown
};

}  // namespace naru
