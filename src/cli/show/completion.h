#pragma once
#include <string>
#include <vector>

namespace naru::cli {

/// One verb as a shell completes it.
struct Completable {
  struct Option {
    std::string name;  ///< `--data-dir`
    std::string purpose;
    bool takes_value = false;
  };
  std::string path;  ///< `keys create`; empty for the program itself
  std::string name;
  std::string purpose;
  std::vector<Option> options = {};
  std::vector<Completable> verbs = {};
};

/// Scripts to be loaded by a shell. Names in them come from our own tables only.
std::string bash_completion(const Completable& program);
std::string zsh_completion(const Completable& program);
std::string fish_completion(const Completable& program);

}  // namespace naru::cli
