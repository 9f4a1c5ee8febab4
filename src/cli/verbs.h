#pragma once
#include "cli/verb.h"

/// The verbs of the table in `all.cpp`, a file each.
namespace naru::cli {

void add_serve(CLI::App& app, Globals& globals);

}  // namespace naru::cli
