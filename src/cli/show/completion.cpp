#include "cli/show/completion.h"

#include <fmt/format.h>

#include <functional>

#include "base/text.h"

namespace naru::cli {
namespace {

void for_each(const Completable& program, const std::function<void(const Completable&)>& visit) {
  visit(program);
  for (const Completable& verb : program.verbs) for_each(verb, visit);
}

/// Between single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) c == '\'' ? out.append("'\\''") : out.append(1, c);
  return out + "'";
}

/// `path` of each verb below the program, as alternatives of a `case`.
std::string known_paths(const Completable& program) {
  std::string paths;
  for_each(program, [&](const Completable& verb) {
    if (!verb.path.empty()) paths += (paths.empty() ? "" : "|") + quoted(verb.path);
  });
  return paths;
}

/// Options of the program go with each verb.
std::vector<Completable::Option> options_of(const Completable& program, const Completable& verb) {
  std::vector<Completable::Option> options = verb.options;
  if (&program != &verb)
    for (const auto& option : program.options)
      if (option.name != "--help" && option.name != "--version") options.push_back(option);
  return options;
}

std::string words_of(const Completable& program, const Completable& verb) {
  std::string words;
  for (const Completable& inner : verb.verbs) words += (words.empty() ? "" : " ") + inner.name;
  for (const auto& option : options_of(program, verb))
    words += (words.empty() ? "" : " ") + option.name;
  return words;
}

/// What zsh's `_describe` takes: a colon parts name and purpose.
std::string described(std::string_view name, std::string_view purpose) {
  std::string text;
  for (const char c : name) c == ':' ? text.append("\\:") : text.append(1, c);
  return quoted(fmt::format("{}:{}", text, purpose));
}

}  // namespace

std::string bash_completion(const Completable& program) {
  std::string cases;
  for_each(program, [&](const Completable& verb) {
    cases +=
        fmt::format("    {}) words={} ;;\n", quoted(verb.path), quoted(words_of(program, verb)));
  });
  return fmt::format(R"(# bash completion for {0}: source <({0} completion bash)
_{0}() {{
  local path='' word words=''
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "${{path:+$path }}$word" in
      {1}) path="${{path:+$path }}$word" ;;
    esac
  done
  case "$path" in
{2}  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _{0} {0}
)",
                     program.name, known_paths(program), cases);
}

std::string zsh_completion(const Completable& program) {
  std::string cases;
  for_each(program, [&](const Completable& verb) {
    std::string verbs;
    std::string options;
    for (const Completable& inner : verb.verbs) verbs += " " + described(inner.name, inner.purpose);
    for (const auto& option : options_of(program, verb))
      options += " " + described(option.name, option.purpose);
    cases +=
        fmt::format("    {}) verbs=({} ); options=({} ) ;;\n", quoted(verb.path), verbs, options);
  });
  return fmt::format(R"(#compdef {0}
# zsh completion for {0}: source <({0} completion zsh)
_{0}() {{
  local way='' word
  local -a verbs options
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "${{way:+$way }}$word" in
      {1}) way="${{way:+$way }}$word" ;;
    esac
  done
  case "$way" in
{2}  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe -o option options
  elif (( $#verbs )); then
    _describe verb verbs
  else
    _files
  fi
}}
compdef _{0} {0}
)",
                     program.name, known_paths(program), cases);
}

std::string fish_completion(const Completable& program) {
  std::string lines =
      fmt::format("# fish completion for {0}: {0} completion fish | source\n", program.name);
  for_each(program, [&](const Completable& verb) {
    std::string when = "__fish_use_subcommand";
    if (!verb.path.empty()) {
      when.clear();
      for (const std::string_view word : split(verb.path, ' '))
        when += fmt::format("{}__fish_seen_subcommand_from {}", when.empty() ? "" : "; and ", word);
    }
    std::string inner_names;
    for (const Completable& inner : verb.verbs) inner_names += " " + inner.name;
    const std::string fresh =
        verb.path.empty()
            ? when
            : fmt::format("{}; and not __fish_seen_subcommand_from{}", when, inner_names);
    for (const Completable& inner : verb.verbs)
      lines += fmt::format("complete -c {} -f -n {} -a {} -d {}\n", program.name, quoted(fresh),
                           inner.name, quoted(inner.purpose));
    for (const auto& option : verb.options)
      lines += fmt::format("complete -c {}{} -l {} -d {}{}\n", program.name,
                           verb.path.empty() ? "" : " -n " + quoted(when), option.name.substr(2),
                           quoted(option.purpose), option.takes_value ? " -r" : "");
  });
  return lines;
}

}  // namespace naru::cli
