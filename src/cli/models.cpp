#include "cli/show/listing.h"
#include "cli/verbs.h"

namespace naru::cli {
namespace {

/// `openai as gpt-4o, weight 3, tier 1`; what is usual is left out.
std::string show_target(json::ValueView target, std::string_view model) {
  std::string text = cell(target, "upstream");
  const std::string theirs = cell(target, "model");
  if (theirs != "-" && theirs != model) text += " as " + theirs;
  if (const std::string weight = cell(target, "weight"); weight != "1") text += " weight " + weight;
  if (const std::string tier = cell(target, "tier"); tier != "0") text += " tier " + tier;
  return text;
}

std::string show_targets(json::ValueView model) {
  std::string text;
  const std::string name = cell(model, "name");
  if (const auto targets = model.find("targets"))
    for (const json::ValueView target : *targets)
      text += fmt::format("{}{}", text.empty() ? "" : ", ", show_target(target, name));
  return text;
}

std::string show_models(json::ValueView answer) {
  Table table({{"MODEL"}, {"ALIASES"}, {"TARGETS"}, {"OWNED BY"}});
  if (const auto models = answer.find("models"))
    for (const json::ValueView model : *models)
      table.add({cell(model, "name"), cell(model, "aliases"), show_targets(model),
                 cell(model, "owned_by")});
  return table.empty() ? "no models; a document of kind Model declares one\n" : table.text();
}

}  // namespace

void add_models(CLI::App& app, Globals& globals) {
  CLI::App* verb =
      app.add_subcommand("models", "the models clients may ask for, and their targets");
  verb->footer("Example: naru models --output json");
  verb->callback([&globals] { print_listing(globals, {.path = "/admin/v1/models"}, show_models); });
}

}  // namespace naru::cli
