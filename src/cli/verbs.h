#pragma once
#include "cli/verb.h"

/// The verbs of the table in `all.cpp`, a file each.
namespace naru::cli {

void add_serve(CLI::App& app, Globals& globals);
void add_check(CLI::App& app, Globals& globals);
void add_keys(CLI::App& app, Globals& globals);
void add_models(CLI::App& app, Globals& globals);
void add_upstreams(CLI::App& app, Globals& globals);
void add_usage(CLI::App& app, Globals& globals);
void add_chat(CLI::App& app, Globals& globals);
void add_backup(CLI::App& app, Globals& globals);
void add_restore(CLI::App& app, Globals& globals);
void add_upgrade(CLI::App& app, Globals& globals);
void add_mock(CLI::App& app, Globals& globals);
void add_completion(CLI::App& app, Globals& globals);
void add_version(CLI::App& app, Globals& globals);

}  // namespace naru::cli
