#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <exception>

#include "base/settings/report.h"
#include "cli/serve/data_directory.h"
#include "cli/show/output.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "driver/process/hold.h"

namespace naru::cli {
namespace {

constexpr auto kVerbs = std::to_array<Verb>({
    {"serve", &add_serve},
    {"check", &add_check},
    {"keys", &add_keys},
    {"models", &add_models},
    {"upstreams", &add_upstreams},
    {"usage", &add_usage},
    {"chat", &add_chat},
    {"backup", &add_backup},
    {"restore", &add_restore},
    {"upgrade", &add_upgrade},
    {"mock", &add_mock},
    {"completion", &add_completion},
    {"version", &add_version},
});

constexpr const char* kPurpose =
    "naru: one address in front of models you host and models you buy; it speaks OpenAI and "
    "Anthropic";
constexpr const char* kExamples =
    "Examples:\n"
    "  naru check /etc/naru                     say all that is wrong with a configuration\n"
    "  naru serve --config /etc/naru            run\n"
    "  naru keys create laptop --expires 30d    make a key; it is shown once\n"
    "  naru chat smollm2 --key nk-...           talk to a model\n"
    "  naru usage --by model,day                who used how much\n"
    "naru VERB --help tells more of one.";

void complain(std::string_view text) {
  std::fprintf(stderr, "naru: %.*s\n", static_cast<int>(text.size()), text.data());
}

void declare(CLI::App& app, Globals& globals) {
  app.require_subcommand(0, 1);  // at most one, so that a name may be spelled as a verb is
  app.fallthrough();
  app.footer(kExamples);
  app.set_version_flag("--version", "naru " + globals.version, "print the version");
  app.add_option("--data-dir", globals.data_directory,
                 "where state lives; else $NARU_DATA, $XDG_DATA_HOME/naru, ~/.local/share/naru");
  app.add_option("--admin-url", globals.admin_url,
                 "another naru's admin listener; its token stands in $NARU_ADMIN_TOKEN");
  app.add_option("--ca-file", globals.ca_file,
                 "PEM to trust when that naru has a certificate of a private authority");
  app.add_option_function<std::string>(
         "--output", [&globals](const std::string& form) { globals.json = form == "json"; },
         "form of listings: text, or the admin API's own json")
      ->check(CLI::IsMember({"text", "json"}));
  for (const Verb& verb : all_verbs()) verb.add(app, globals);
}

/// Why the first word names no verb; empty if it does, or is an option.
std::string unknown_verb(int argc, char** argv) {
  if (argc < 2) return "no verb was given";
  const std::string_view word = argv[1];
  std::vector<std::string> known;
  for (const Verb& verb : all_verbs()) {
    if (verb.name == word) return {};
    known.emplace_back(verb.name);
  }
  if (word.starts_with('-')) return {};
  return fmt::format("{} is no verb{}", settings::shown(word),
                     settings::did_you_mean(std::string(word), known));
}

/// The words of the parser, as a sentence of ours.
std::string sentence(std::string text) {
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  std::ranges::replace(text, '\n', ' ');
  return text;
}

/// What the command line asks for is done within `parse`, by the callback of its verb.
int run_verb(CLI::App& app, Globals& globals, int argc, char** argv) {
  std::string wrong = unknown_verb(argc, argv);
  if (wrong.empty()) {
    try {
      app.parse(argc, argv);
      if (!app.get_subcommands().empty()) return globals.exit_code;
      wrong = "no verb was given";
    } catch (const CLI::Success& asked) {
      return app.exit(asked);  // prints help, or the version
    } catch (const CLI::ParseError& fault) {
      wrong = sentence(fault.what());
    }
  }
  complain(wrong.ends_with('?') ? wrong : wrong + "; --help shows what is taken");
  return 2;
}

}  // namespace

std::span<const Verb> all_verbs() { return kVerbs; }

void add_version(CLI::App& app, Globals& globals) {
  app.add_subcommand("version", "print the version")->callback([&globals] {
    say(fmt::format("naru {}\n", globals.version));
  });
}

int run(int argc, char** argv, std::string_view version) {
  // A holder is to stay small and starts nothing else.
  if (argc > 1 && std::string_view(argv[1]) == "hold") return driver::hold_main(argc - 2, argv + 2);
  try {
    Globals globals{.data_directory = usual_data_directory(), .version = std::string(version)};
    globals.arguments.assign(argv + 1, argv + argc);
    CLI::App app(kPurpose, "naru");
    declare(app, globals);
    const int exit_code = run_verb(app, globals, argc, argv);
    return all_said() || exit_code != 0 ? exit_code : 1;
  } catch (const std::exception& fault) {
    complain(fault.what());
  } catch (...) {
    complain("stopped by a fault that has no description");
  }
  return 1;
}

}  // namespace naru::cli
