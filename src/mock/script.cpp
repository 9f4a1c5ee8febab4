#include "mock/script.h"

#include "base/text.h"
#include "registry/yaml.h"

namespace naru::mock {
namespace {

using settings::Fields;

struct Sheet {
  std::vector<Rule> answers;
};

const Fields<Rule>& rule_fields() {
  static const auto fields =
      Fields<Rule>{}
          .text("model", &Rule::model, settings::some_text, "Pattern of the model's name.")
          .text("path", &Rule::path, settings::some_text, "Pattern of the path.")
          .integer("times", &Rule::times, 0, 1'000'000'000,
                   "How many requests the rule is for; 0: all.")
          .object("answer", &Rule::answer, plan_fields(), "What is done with them.");
  return fields;
}

const Fields<Sheet>& sheet_fields() {
  static const auto fields = Fields<Sheet>{}.objects(
      "answers", &Sheet::answers, rule_fields(), "Rules; the first that fits a request counts.");
  return fields;
}

}  // namespace

std::vector<Rule> Script::read(std::string_view text, std::string_view file,
                               std::vector<Problem>& problems) {
  const registry::YamlFile yaml = registry::read_yaml(text);
  problems.insert(problems.end(), yaml.problems.begin(), yaml.problems.end());
  Sheet sheet;
  for (const registry::YamlDocument& document : yaml.documents) {
    problems.insert(problems.end(), document.problems.begin(), document.problems.end());
    settings::Report report(problems, std::string(file), "script");
    sheet_fields().read(document.root, sheet, "", report);
  }
  for (Problem& problem : problems) problem.file = file;
  return std::move(sheet.answers);
}

std::vector<settings::Description> Script::describe() {
  std::vector<settings::Description> rows;
  sheet_fields().describe({}, "", rows);
  return rows;
}

std::vector<std::uint32_t> Script::times_of(const std::vector<Rule>& rules) {
  std::vector<std::uint32_t> times;
  for (const Rule& rule : rules) times.push_back(rule.times);
  return times;
}

Plan Script::next(const Ask& ask, std::string_view path) {
  const std::lock_guard hold(lock_);
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const Rule& rule = rules_[i];
    const bool used_up = rule.times > 0 && left_[i] == 0;
    if (used_up || !matches_pattern(rule.model, ask.model) || !matches_pattern(rule.path, path))
      continue;
    if (rule.times > 0) --left_[i];
    return rule.answer;
  }
  return {};
}

}  // namespace naru::mock
