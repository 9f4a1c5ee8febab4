import unittest

from naru_tools import cpp_text


def functions_of(text):
    return [(f.name, f.lines) for f in cpp_text.functions(cpp_text.split(text))]


def code_of(text):
    return cpp_text.split(text).code


class Split(unittest.TestCase):
    def test_blanks_comments_and_strings_in_place(self):
        self.assertEqual(code_of('a("x;{"); // b\nc;'), 'a("   ");     \nc;')

    def test_keeps_a_comment_sign_inside_a_string(self):
        source = cpp_text.split('f("http://a"); /* one\ntwo */')
        self.assertEqual([(c.line, c.text) for c in source.comments],
                         [(1, "/* one"), (2, "two */")])

    def test_knows_the_lines_of_a_raw_string(self):
        source = cpp_text.split('a;\nauto x = R"x({\n"}\n)x";\nb;')
        self.assertEqual(source.raw_lines, {2, 3, 4})
        self.assertNotIn("{", source.code)

    def test_takes_a_digit_separator_for_no_character(self):
        self.assertEqual(code_of("f(1'000, 2'000);"), "f(1'000, 2'000);")

    def test_blanks_a_brace_character(self):
        self.assertNotIn("{", code_of("g('{', '\\'');"))


class Functions(unittest.TestCase):
    def test_counts_from_head_to_closing_brace(self):
        self.assertEqual(functions_of("int f(int a,\n      int b) {\n  return a;\n}\n"), [("f", 4)])

    def test_looks_into_namespaces_and_classes(self):
        text = "namespace a::b {\nclass X final : public Y {\n public:\n  void g() const {}\n};\n}"
        self.assertEqual(functions_of(text), [("g", 1)])

    def test_counts_inner_blocks_and_lambdas_with_their_function(self):
        text = "void f() {\n  if (a) {\n    run([&] { b(); });\n  }\n}\nvoid g() {}\n"
        self.assertEqual(functions_of(text), [("f", 5), ("g", 1)])

    def test_takes_a_braced_value_for_no_function(self):
        text = "const X x{1, 2};\nconst auto y = make(X{\n  1,\n});\nint z[] = {\n 1,\n};\n"
        self.assertEqual(functions_of(text), [])

    def test_finds_the_body_after_a_braced_member_initialiser(self):
        text = "X::X(int a) : a_{a}, b_(a) {\n  c();\n}\n"
        self.assertEqual(functions_of(text), [("X::X", 3)])

    def test_reads_default_arguments_and_trailing_return_types(self):
        text = "auto f(Options o = {}) -> std::vector<int> {\n  return {1};\n}\n"
        self.assertEqual(functions_of(text), [("f", 3)])

    def test_reads_operators_and_templates(self):
        text = ("template <class T = std::vector<int>>\nbool operator==(const T& a, const T& b) {\n"
                "  return a.x == b.x;\n}\nX& X::operator=(X&& o) noexcept { return *this; }\n")
        self.assertEqual([lines for _, lines in functions_of(text)], [4, 1])

    def test_leaves_out_a_constexpr_table_inside(self):
        text = "Row f() {\n  static constexpr Row kAll[] = {\n" + "    {1, 2},\n" * 80 + "  };\n}\n"
        self.assertEqual(functions_of(text), [("f", 2)])

    def test_counts_a_constexpr_lambda_inside(self):
        text = "int f() {\n  constexpr auto g = [](int a) {\n    return a;\n  };\n}\n"
        self.assertEqual(functions_of(text), [("f", 5)])

    def test_names_a_test_by_its_title(self):
        self.assertEqual(functions_of("TEST(Sse, joins_lines) {\n}\n"),
                         [("TEST(Sse, joins_lines)", 2)])

    def test_skips_macros(self):
        text = "#define A(x) \\\n  if (x) { \\\n  }\nint f() { return 1; }\n"
        self.assertEqual(functions_of(text), [("f", 1)])


if __name__ == "__main__":
    unittest.main()
