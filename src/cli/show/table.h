#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace naru::cli {

/// Cells a terminal shows `text` in: Hangul and other East Asian characters take two, combining
/// ones none. Source: Unicode Standard Annex 11, in its broad strokes.
std::size_t shown_width(std::string_view text);

/// `text` without what would steer a terminal: control characters but newline and tab.
std::string without_controls(std::string_view text);

/// How the cells of a column stand.
enum class Align : std::uint8_t { Left, Right };

struct Column {
  std::string title;
  Align align = Align::Left;
};

/// Rows of text in columns that line up, two spaces apart, under their titles.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// One cell a column; control characters become spaces.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  /// A line a row; without trailing spaces.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace naru::cli
