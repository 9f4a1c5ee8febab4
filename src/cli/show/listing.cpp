#include "cli/show/listing.h"

namespace naru::cli {
namespace {

std::string written(json::ValueView value) {
  if (value.is_string()) return std::string(value.text());
  if (value.is_bool()) return value.boolean().value_or(false) ? "yes" : "no";
  if (!value.is_array()) return value.is_null() ? std::string() : std::string(value.raw());
  std::string items;
  for (const json::ValueView item : value)
    items += fmt::format("{}{}", items.empty() ? "" : ", ", written(item));
  return items;
}

}  // namespace

std::string cell(json::ValueView object, std::string_view name) {
  const auto value = object.find(name);
  std::string text = value ? written(*value) : std::string();
  return text.empty() ? std::string(kNone) : text;
}

void print_answer(Globals& globals, const std::string& answer,
                  std::string (*show)(json::ValueView answer)) {
  if (globals.json) return say(answer + "\n");
  const auto tree = json::Tree::parse(answer);
  if (!tree) return report(globals, tree.error());
  say(show(tree->root()));
}

void print_listing(Globals& globals, const Order& order,
                   std::string (*show)(json::ValueView answer)) {
  const auto answer = give(globals, order);
  if (!answer) return report(globals, answer.error());
  print_answer(globals, *answer, show);
}

}  // namespace naru::cli
