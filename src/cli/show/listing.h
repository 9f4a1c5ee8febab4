#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/ask/order.h"
#include "cli/show/output.h"
#include "cli/show/table.h"

namespace naru::cli {

/// What stands where there is nothing.
inline constexpr std::string_view kNone = "-";

/// A member of an answer as a cell: its text, its number as written, items of a list joined by
/// commas, `yes` or `no`; `kNone` where there is none, null, or nothing in it.
std::string cell(json::ValueView object, std::string_view name);

/// Prints an answer: the JSON itself, or what `show` makes of it.
void print_answer(Globals& globals, const std::string& answer,
                  std::string (*show)(json::ValueView answer));

/// Gives the order and prints what came. Faults are reported.
void print_listing(Globals& globals, const Order& order,
                   std::string (*show)(json::ValueView answer));

}  // namespace naru::cli
