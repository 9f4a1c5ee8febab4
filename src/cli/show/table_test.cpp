#include "cli/show/table.h"

#include <gtest/gtest.h>

namespace naru::cli {
namespace {

TEST(Width, counts_cells_of_a_terminal) {
  struct Case {
    std::string_view text;
    std::size_t width;
  };
  for (const auto& [text, width] : std::initializer_list<Case>{
           {"", 0},
           {"laptop", 6},
           {"나루", 4},
           {"e\u0301", 1},  // an accent of its own sits above its letter
           {"…", 1},
           {"日本", 4},
           {"🚢", 2},
           {"\xEB\x82", 2},  // a character cut off counts byte by byte
       })
    EXPECT_EQ(shown_width(text), width) << text;
}

TEST(Table, lines_columns_up_under_their_titles) {
  Table table({{"NAME"}, {"COUNT", Align::Right}});
  table.add({"laptop", "7"});
  table.add({"ci", "1200"});
  EXPECT_EQ(table.text(),
            "NAME    COUNT\n"
            "laptop      7\n"
            "ci       1200\n");
}

TEST(Table, lines_up_hangul_which_takes_two_cells) {
  Table table({{"NAME"}, {"MODEL"}});
  table.add({"나루터", "a"});
  table.add({"ferry", "b"});
  EXPECT_EQ(table.text(),
            "NAME    MODEL\n"
            "나루터  a\n"
            "ferry   b\n");
}

TEST(Table, ends_no_line_in_spaces) {
  Table table({{"A"}, {"LONG TITLE"}});
  table.add({"x", ""});
  EXPECT_EQ(table.text(), "A  LONG TITLE\nx\n");
}

TEST(Table, keeps_a_cell_on_one_line_and_lets_it_steer_no_terminal) {
  Table table({{"FAULT"}});
  table.add({"a\nb\x1b[31mc"});
  EXPECT_EQ(table.text(), "FAULT\na b [31mc\n");
}

TEST(Controls, leave_a_terminal_alone_and_lines_as_they_are) {
  EXPECT_EQ(without_controls("one\n\ttwo \x1b]0;title\x07"), "one\n\ttwo ]0;title");
  EXPECT_EQ(without_controls("\xC2\x9B"
                             "31m"),
            "31m");  // CSI as one character
  EXPECT_EQ(without_controls("안녕, 나루"), "안녕, 나루");
}

}  // namespace
}  // namespace naru::cli
