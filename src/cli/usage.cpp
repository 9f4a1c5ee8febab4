#include "cli/show/listing.h"
#include "cli/verbs.h"

namespace naru::cli {
namespace {

struct UsageWish {
  std::vector<std::string> by = {"model"};
  std::string from;
  std::string until;
  std::string key;
  std::string model;
};

std::string milliseconds(json::ValueView row, std::string_view name) {
  const auto value = row.find(name);
  const std::int64_t micros = value ? value->integer().value_or(0) : 0;
  return micros == 0 ? "-" : fmt::format("{:.0f} ms", static_cast<double>(micros) / 1'000);
}

std::int64_t tokens(json::ValueView row, std::initializer_list<std::string_view> names) {
  std::int64_t sum = 0;
  const auto counts = row.find("tokens");
  for (const std::string_view name : names)
    if (const auto count = counts ? counts->find(name) : std::nullopt)
      sum += count->integer().value_or(0);
  return sum;
}

std::vector<std::string> cells_of(json::ValueView row, const std::vector<std::string>& headings) {
  std::vector<std::string> cells;
  for (const std::string& heading : headings) cells.push_back(cell(row, heading));
  cells.push_back(cell(row, "exchanges"));
  cells.push_back(cell(row, "failed"));
  cells.push_back(std::to_string(tokens(row, {"input"})));
  cells.push_back(std::to_string(tokens(row, {"cache_read", "cache_write_5m", "cache_write_1h"})));
  cells.push_back(std::to_string(tokens(row, {"output"})));
  cells.push_back(cell(row, "estimated"));
  cells.push_back(milliseconds(row, "mean_first_token_us"));
  cells.push_back(milliseconds(row, "mean_total_us"));
  return cells;
}

/// Columns of what rows are grouped by, which the first row tells, then of the figures.
std::string show_usage(json::ValueView answer) {
  const auto rows = answer.find("usage");
  if (!rows || rows->size() == 0) return "no exchanges in that time\n";
  std::vector<std::string> headings;
  std::vector<Column> columns;
  for (const char* heading : {"day", "key", "model"}) {
    if (!(*rows->begin()).find(heading)) continue;
    headings.emplace_back(heading);
    columns.push_back({std::string(heading) == "day"   ? "DAY"
                       : std::string(heading) == "key" ? "KEY"
                                                       : "MODEL"});
  }
  for (const char* figure :
       {"EXCHANGES", "FAILED", "INPUT", "CACHED", "OUTPUT", "ESTIMATED", "FIRST TOKEN", "TOTAL"})
    columns.push_back({figure, Align::Right});
  Table table(std::move(columns));
  for (const json::ValueView row : *rows) table.add(cells_of(row, headings));
  return table.text();
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

}  // namespace

void add_usage(CLI::App& app, Globals& globals) {
  auto wish = std::make_shared<UsageWish>();
  CLI::App* verb = app.add_subcommand("usage", "exchanges and tokens, from the ledger");
  verb->add_option("--by", wish->by, "one row for each key, model or day, or several of them")
      ->delimiter(',')
      ->check(CLI::IsMember({"key", "model", "day"}))
      ->capture_default_str();
  verb->add_option("--from", wish->from, "first day, as 2026-11-23 (UTC)");
  verb->add_option("--until", wish->until, "the day before which it ends");
  verb->add_option("--key", wish->key, "of that key alone, by its name");
  verb->add_option("--model", wish->model, "of that model alone");
  verb->footer(
      "INPUT leaves out what a provider's cache served or took in (CACHED). ESTIMATED counts "
      "exchanges whose tokens no upstream reported. Times are means.\n"
      "Example: naru usage --by key,day --from 2026-11-01");
  verb->callback([wish, &globals] {
    print_listing(globals,
                  {.path = "/admin/v1/usage",
                   .query = {{"by", joined(wish->by)},
                             {"from", wish->from},
                             {"until", wish->until},
                             {"key", wish->key},
                             {"model", wish->model}},
                   .alone = Alone::Read},
                  show_usage);
  });
}

}  // namespace naru::cli
