#include <charconv>
#include <map>
#include <optional>

#include "base/json_writer.h"
#include "base/settings/report.h"
#include "cli/show/listing.h"
#include "cli/show/span.h"
#include "cli/verbs.h"
#include "store/rows.h"

namespace naru::cli {
namespace {

/// Limits as they were typed, by name; those that were not are absent.
using LimitWish = std::map<std::string_view, std::string>;

struct KeyWish {
  std::string name;
  std::optional<std::string> expires = {};  ///< as it was typed; none: never
  std::vector<std::string> models = {};
  bool replace = false;
  LimitWish limits = {};
  std::string priority = {};  ///< empty: not given
};

/// `requests_per_minute` → `--requests-per-minute`.
std::string option_of(const store::KeyLimit& limit) {
  std::string option = fmt::format("--{}", limit.name);
  std::ranges::replace(option, '_', '-');
  return option;
}

Result<void> write_limits(json::Writer& out, const LimitWish& wish) {
  for (const store::KeyLimit& limit : store::kKeyLimits) {
    const auto typed = wish.find(limit.name);
    if (typed == wish.end()) continue;
    const std::string& text = typed->second;
    out.key(limit.name);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text == "none")
      out.null();
    else if (error == std::errc{} && end == text.data() + text.size() && number >= 1 &&
             number <= limit.most)
      out.integer(number);
    else
      return fail(FaultKind::InvalidRequest, "{} is {}; it takes a number from 1 to {}, or none",
                  option_of(limit), settings::shown(text), limit.most);
  }
  return {};
}

void add_limits(CLI::App& verb, LimitWish& wish) {
  constexpr auto kPurposes = std::to_array<const char*>(
      {"calls it may begin in a minute, of any kind", "tokens it may use in a minute, in and out",
       "calls it may have at once"});
  static_assert(kPurposes.size() == store::kKeyLimits.size());
  for (std::size_t i = 0; i < kPurposes.size(); ++i) {
    const store::KeyLimit& limit = store::kKeyLimits[i];
    verb.add_option_function<std::string>(
            option_of(limit),
            [&wish, name = limit.name](const std::string& typed) { wish[name] = typed; },
            kPurposes[i])
        ->option_text("N|none");
  }
}

void add_priority(CLI::App& verb, std::string& priority) {
  verb.add_option(
          "--priority", priority,
          fmt::format("who goes first where not all calls can go at once: {}", kPriorityChoice))
      ->check(
          CLI::IsMember(std::vector<std::string>(kPriorityWords.begin(), kPriorityWords.end())));
}

std::string limits_cell(json::ValueView key) {
  std::string text;
  for (const store::KeyLimit& limit : store::kKeyLimits)
    if (const std::string most = cell(key, limit.name); most != kNone)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", limit.name, most);
  return text.empty() ? std::string(kNone) : text;
}

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
  out.end_array().field("replace", wish.replace);
  NARU_TRY_VOID(write_limits(out, wish.limits));
  if (!wish.priority.empty()) out.field("priority", wish.priority);
  out.end_object();
  return body;
}

std::string show_made(json::ValueView key) {
  return fmt::format(
      "key      {}\nname     {}\nexpires  {}\nmodels   {}\nlimits   {}\n"
      "priority {}\n\n"
      "It is shown this once; naru keeps a hash of it only.\n",
      cell(key, "key"), without_controls(cell(key, "name")), cell(key, "expires"),
      cell(key, "models"), limits_cell(key), cell(key, "priority"));
}

std::string show_keys(json::ValueView answer) {
  Table table({{"ID", Align::Right},
               {"NAME"},
               {"KEY"},
               {"CREATED"},
               {"EXPIRES"},
               {"REVOKED"},
               {"REQUESTS/MIN", Align::Right},
               {"TOKENS/MIN", Align::Right},
               {"AT ONCE", Align::Right},
               {"PRIORITY"},
               {"MODELS"}});
  if (const auto keys = answer.find("keys"))
    for (const json::ValueView key : *keys)
      table.add({cell(key, "id"), cell(key, "name"), "…" + cell(key, "hint"), cell(key, "created"),
                 cell(key, "expires"), cell(key, "revoked"), cell(key, "requests_per_minute"),
                 cell(key, "tokens_per_minute"), cell(key, "concurrency"), cell(key, "priority"),
                 cell(key, "models")});
  return table.empty() ? "no keys; naru keys create NAME makes one\n" : table.text();
}

std::string show_revoked(json::ValueView key) {
  return fmt::format("{} (…{}) is revoked; calls with it fail within a second\n",
                     without_controls(cell(key, "name")), cell(key, "hint"));
}

std::string show_limited(json::ValueView key) {
  return fmt::format("{} (…{}) has the limits {} and the class {}; they bind within a second\n",
                     without_controls(cell(key, "name")), cell(key, "hint"), limits_cell(key),
                     cell(key, "priority"));
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
  add_limits(*verb, wish->limits);
  add_priority(*verb, wish->priority);
  verb->add_flag("--replace", wish->replace, "revoke a live key of that name first");
  verb->footer("Example: naru keys create laptop --expires 30d --model 'gpt-*' --model smollm2");
  verb->callback([wish, &globals] { create(globals, *wish); });
}

void limit(Globals& globals, const KeyWish& wish) {
  std::string body;
  json::Writer out(body);
  out.object();
  if (const auto written = write_limits(out, wish.limits); !written)
    return report(globals, written.error());
  if (!wish.priority.empty()) out.field("priority", wish.priority);
  out.end_object();
  print_listing(globals,
                {.method = "PATCH",
                 .path = "/admin/v1/keys/*",
                 .tail = wish.name,
                 .body = std::move(body),
                 .alone = Alone::Read},
                show_limited);
}

void add_limit(CLI::App& keys, Globals& globals) {
  auto wish = std::make_shared<KeyWish>();
  CLI::App* verb = keys.add_subcommand("limit", "change the limits and the class of a live key");
  verb->add_option("name", wish->name, "name or id, as naru keys list shows it")->required();
  add_limits(*verb, wish->limits);
  add_priority(*verb, wish->priority);
  verb->footer(
      "Limits that are not named stay; none takes one away.\n"
      "Example: naru keys limit laptop --requests-per-minute 60 --tokens-per-minute none");
  verb->callback([wish, &globals] { limit(globals, *wish); });
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
  CLI::App* keys = app.add_subcommand("keys", "make, list, limit and revoke API keys");
  keys->require_subcommand(1);
  add_create(*keys, globals);
  keys->add_subcommand("list", "all keys, without their text")->callback([&globals] {
    print_listing(globals, {.path = "/admin/v1/keys", .alone = Alone::Read}, show_keys);
  });
  add_limit(*keys, globals);
  add_revoke(*keys, globals);
  keys->footer("Example: naru keys create laptop --expires 30d");
}

}  // namespace naru::cli
