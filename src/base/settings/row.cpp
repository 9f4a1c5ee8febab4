#include "base/settings/row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace naru::settings {
namespace {

constexpr std::size_t kMaxScalarBytes = 4'096;  // longer texts are no setting

std::vector<std::string> names_of(std::span<const RowHead* const> rows) {
  std::vector<std::string> names;
  for (const RowHead* row : rows) names.push_back(row->name);
  return names;
}

void unknown(const Node& member, const std::string& path, std::span<const RowHead* const> rows,
             std::span<const Refused> refused, Report& report) {
  const auto known = std::ranges::find(refused, member.name, &Refused::name);
  const std::string text =
      known != refused.end()
          ? fmt::format("is not taken; {}", known->why)
          : fmt::format("is unknown{}", did_you_mean(member.name, names_of(rows)));
  report.add(member.name_line, member.name_column, join(path, clipped(member.name)), text);
}

}  // namespace

void Place::wrong(std::string_view remedy) const {
  if (head.hidden) return report.add(node, path, fmt::format("is not right; {}", remedy));
  report.add(node, path, fmt::format("is {}; {}", shown(node.text), remedy));
}

const std::string* Place::scalar() const {
  if (node.is(NodeType::Empty)) {
    report.add(node, path, "has no value; give one, or leave the line out");
    return nullptr;
  }
  if (!node.is(NodeType::Scalar)) {
    report.add(node, path, fmt::format("must be one value: {}", head.type));
    return nullptr;
  }
  if (node.text.size() <= kMaxScalarBytes) return &node.text;
  wrong(fmt::format("at most {} bytes are taken", kMaxScalarBytes));
  return nullptr;
}

bool is_map(const Node& node, std::string_view path, Report& report) {
  if (node.is(NodeType::Map) || node.is(NodeType::Empty)) return true;
  report.add(node, path, "must be lines of 'name: value' below it");
  return false;
}

bool is_list(const Node& node, std::string_view path, Report& report) {
  if (node.is(NodeType::List) || node.is(NodeType::Empty)) return true;
  report.add(node, path, "must be a list; begin each item with '- '");
  return false;
}

std::vector<Match> match(const Node& map, const std::string& path,
                         std::span<const RowHead* const> rows, std::span<const Refused> refused,
                         Report& report) {
  std::vector<Match> matches;
  for (const Node& member : map.children) {
    const auto row = std::ranges::find(rows, member.name, &RowHead::name);
    const auto index = static_cast<std::size_t>(row - rows.begin());
    if (row == rows.end()) {
      unknown(member, path, rows, refused, report);
    } else if (std::ranges::find(matches, index, &Match::row) == matches.end()) {
      matches.push_back({index, &member});
    }
  }
  for (const RowHead* row : rows)
    if (!row->example.empty() && map.find(row->name) == nullptr)
      report.add(map, join(path, row->name),
                 fmt::format("is missing; add a line as '{}: {}'", row->name, row->example));
  return matches;
}

void place(const std::vector<Problem>& found, const Node& node, const std::string& path,
           Report& report) {
  for (const Problem& problem : found) {
    const bool whole = problem.path.empty();
    report.add(locate(node, problem.path), whole ? path : join(path, problem.path), problem.text);
  }
}

std::vector<std::string> read_texts(const Place& at, TextRule rule) {
  std::vector<std::string> texts;
  if (!is_list(at.node, at.path, at.report)) return texts;
  for (std::size_t i = 0; i < at.node.children.size(); ++i) {
    const std::string path = join(at.path, i);
    const Place item{at.node.children[i], path, at.head, at.report};
    const std::string* text = item.scalar();
    if (text == nullptr) continue;
    const std::string_view remedy = rule(*text);
    if (remedy.empty()) {
      texts.push_back(*text);
    } else {
      item.wrong(remedy);
    }
  }
  return texts;
}

std::string write_texts(const std::vector<std::string>& texts) {
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

}  // namespace naru::settings
