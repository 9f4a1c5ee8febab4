#include <optional>

#include "base/json_writer.h"
#include "base/settings/report.h"
#include "cli/show/listing.h"
#include "cli/show/span.h"
#include "cli/verbs.h"

namespace naru::cli {
namespace {

struct KeyWish {
  std::string name;
  std::optional<std::string> expires = {};  ///< as it was typed; none: never
  std::vector<std::string> models = {};
  bool replace = false;
};

Result<std::string> order_text(const KeyWish& wish) {
  std::string body;
  json::Writer out(body);
  out.object().field("name", wish.name);
  if (wish.expires) {
    NARU_TRY(const auto length, read_span(*wish.expires));
    out.field("expires_in_s", static_cast<std::int64_t>(length.count()));
  }
  out.key("models").array();
  for (const std::string& model : wish.models) out.text(model);
  out.end_array().field("replace", wish.replace).end_object();
  return body;
}

std::string show_made(json::ValueView key) {
  return fmt::format(
      "key      {}\nname     {}\nexpires  {}\nmodels   {}\n\n"
      "It is shown this once; naru keeps a hash of it only.\n",
      cell(key, "key"), without_controls(cell(key, "name")), cell(key, "expires"),
      cell(key, "models"));
}

std::string show_keys(json::ValueView answer) {
  Table table(
      {{"ID", Align::Right}, {"NAME"}, {"KEY"}, {"CREATED"}, {"EXPIRES"}, {"REVOKED"}, {"MODELS"}});
  if (const auto keys = answer.find("keys"))
    for (const json::ValueView key : *keys)
      table.add({cell(key, "id"), cell(key, "name"), "…" + cell(key, "hint"), cell(key, "created"),
                 cell(key, "expires"), cell(key, "revoked"), cell(key, "models")});
  return table.empty() ? "no keys; naru keys create NAME makes one\n" : table.text();
}

std::string show_revoked(json::ValueView key) {
  return fmt::format("{} (…{}) is revoked; calls with it fail within a second\n",
                     without_controls(cell(key, "name")), cell(key, "hint"));
}

void create(Globals& globals, const KeyWish& wish) {
  auto body = order_text(wish);
  if (!body) return report(globals, body.error());
  print_listing(
      globals,
      {.method = "POST", .path = "/admin/v1/keys", .body = *std::move(body), .alone = Alone::Make},
      show_made);
  const std::string name = settings::shown(wish.name);
  if (!all_said(fmt::format("the key {0} was made and nobody can know it: end it with naru keys "
                            "revoke {0}",
                            name)))
    globals.exit_code = 1;
}

void add_create(CLI::App& keys, Globals& globals) {
  auto wish = std::make_shared<KeyWish>();
  CLI::App* verb = keys.add_subcommand("create", "make a key; it is shown once");
  verb->add_option("name", wish->name, "whose key it is, as usage will call it")->required();
  verb->add_option("--expires", wish->expires,
                   "how long it lives, as 12h, 30d or 2w; else forever");
  verb->add_option("--model,-m", wish->models,
                   "a model it may use, or a pattern as gpt-*; may be given again; else all")
      ->allow_extra_args(false);
  verb->add_flag("--replace", wish->replace, "revoke a live key of that name first");
  verb->footer("Example: naru keys create laptop --expires 30d --model 'gpt-*' --model smollm2");
  verb->callback([wish, &globals] { create(globals, *wish); });
}

void add_revoke(CLI::App& keys, Globals& globals) {
  auto name = std::make_shared<std::string>();
  CLI::App* verb = keys.add_subcommand("revoke", "end a key, by its name or id");
  verb->add_option("name", *name, "name or id, as naru keys list shows it")->required();
  verb->footer("Example: naru keys revoke laptop");
  verb->callback([name, &globals] {
    print_listing(
        globals,
        {.method = "DELETE", .path = "/admin/v1/keys/*", .tail = *name, .alone = Alone::Read},
        show_revoked);
  });
}

}  // namespace

void add_keys(CLI::App& app, Globals& globals) {
  CLI::App* keys = app.add_subcommand("keys", "make, list and revoke API keys");
  keys->require_subcommand(1);
  add_create(*keys, globals);
  keys->add_subcommand("list", "all keys, without their text")->callback([&globals] {
    print_listing(globals, {.path = "/admin/v1/keys", .alone = Alone::Read}, show_keys);
  });
  add_revoke(*keys, globals);
  keys->footer("Example: naru keys create laptop --expires 30d");
}

}  // namespace naru::cli
