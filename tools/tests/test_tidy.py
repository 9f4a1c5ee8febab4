import tempfile
import unittest
from pathlib import Path

from naru_tools import tidy

CMAKE = "naru_room(base LINK fmt)\nadd_executable(naru app/main.cpp)\n"


def problems_of(text, name="src/base/a.cpp"):
    return tidy.check_text(Path(name), text)


def tree_problems(files):
    """Problems of a tree given as {path: text}; a README and the CMake file are added."""
    files = {"CMakeLists.txt": CMAKE, "src/base/README.md": "# base\n", **files}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        report = tidy.check_tree(root, sorted(map(Path, files)))
        return report.problems, report.warnings


class Text(unittest.TestCase):
    def assert_one(self, text, part, name="src/base/a.cpp"):
        problems = problems_of(text, name)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(part, problems[0])

    def test_finds_a_line_too_wide(self):
        self.assert_one("// " + "a" * 98 + "\n", "101 columns")
        self.assertEqual(problems_of("// " + "가" * 97 + "\n"), [])

    def test_leaves_raw_strings_and_hand_laid_tables_wide(self):
        self.assertEqual(problems_of('auto x = R"(' + "a" * 120 + ')";\n'), [])
        table = "// clang-format off\n" + "x" * 120 + "\n// clang-format on\n"
        self.assertEqual(problems_of(table), [])
        self.assert_one(table + "y" * 120 + "\n", ":4: 120 columns")

    def test_finds_a_long_function_and_a_long_file(self):
        body = "void f() {\n" + "  g();\n" * 58 + "}\n"
        self.assertEqual(problems_of(body), [])
        self.assert_one(body.replace("}", "  g();\n}"), "f has 61 lines")
        self.assert_one("g();\n" * 501, "501 lines")

    def test_names_the_remedy_of_each_banned_word(self):
        for text in ("std::regex r;", "#include <iostream>", "spawn(x, asio::detached);",
                     "std::format(\"\");", "std::atomic<std::shared_ptr<int>> a;",
                     "assert(x);"):
            with self.subTest(text):
                self.assert_one(text + "\n", "; ")

    def test_finds_an_await_in_a_condition_but_not_behind_it(self):
        self.assert_one("if (a &&\n    (co_await f())) {\n}\n", "co_await in a condition")
        self.assert_one("for (auto& x : co_await f()) g(x);\n", "co_await in a condition")
        self.assertEqual(problems_of("if (f(a)) a = co_await g();\n"), [])

    def test_wants_a_lifetime_for_a_const_reference_in_a_coroutine(self):
        takes = "net::Task<Result<void>> send(Loop& loop,\n    const Call& call);\n"
        self.assert_one("/// Sends.\n" + takes, ":2: a coroutine", "src/net/a.h")
        self.assertEqual(problems_of("/// Sends. Lifetime: caller's.\n" + takes, "src/net/a.h"), [])
        self.assertEqual(problems_of("Task<void> f(Loop& l, const X* x);\n", "src/net/a.h"), [])
        self.assertEqual(problems_of("Result<void> f(const X& x);\n", "src/net/a.h"), [])

    def test_reads_no_banned_word_in_comments_and_strings(self):
        self.assertEqual(problems_of('// std::regex is slow\nf("std::cout");\n'), [])

    def test_allows_near_misses(self):
        self.assertEqual(problems_of("static_assert(x);\n\nstd::function<X> f;\n"),
                         [])

    def test_bans_using_namespace_in_headers_only(self):
        self.assert_one("using namespace naru;\n", "name what you use", "src/base/a.h")
        self.assertEqual(problems_of("using namespace std::chrono_literals;\n"), [])

    def test_bans_sleep_in_tests_only(self):
        text = "std::this_thread::sleep_for(1s);\n"
        self.assert_one(text, "fake clock", "src/base/a_test.cpp")
        self.assert_one("  sleep(1);\n", "fake clock", "tests/gateway/run.cpp")
        self.assertEqual(problems_of(text), [])

    def test_bans_sleep_in_tests_that_are_scripts_but_where_they_wait(self):
        self.assert_one("time.sleep(1)\n", "wait.until", "tests/gateway/test_a.py")
        self.assert_one("await setTimeout(5);\n", "wait.until", "tests/sdk/a.test.mjs")
        for name in ("tests/harness/wait.py", "tools/naru_tools/progress.py"):
            self.assertEqual(problems_of("time.sleep(1)\n", name), [])
        self.assertEqual(problems_of('ENGINE = "exec sleep 600"\n', "tests/gateway/a.py"), [])

    def test_wants_an_issue_beside_an_open_end(self):
        self.assert_one("// " + "TODO: later\n", "TODO(issue-id)")
        self.assertEqual(problems_of("// TODO(12): widen\n"), [])

    def test_finds_code_in_comments_but_no_prose(self):
        self.assert_one("// send(x, 1);\n", "code in a comment")
        self.assert_one("// auto x = y + 1;\n", "code in a comment")
        self.assertEqual(problems_of("// Sends (if asked) two events;\n// for ever;\n"
                                     "/// `send(x);` sends.\n")[1:], [])


class Tree(unittest.TestCase):
    def test_is_content_with_a_clean_tree(self):
        self.assertEqual(tree_problems({"src/base/a.cpp": "int a;\n", "app/main.cpp": "\n"}),
                         ([], []))

    def test_wants_a_short_readme_in_each_room(self):
        problems, _ = tree_problems({"src/net/a.h": "\n", "src/base/a.h": "\n",
                                     "src/base/README.md": "x\n" * 41})
        self.assertEqual([p.split(":")[0] for p in problems],
                         ["src/base/README.md", "src/net"])

    def test_finds_files_no_target_builds(self):
        problems, _ = tree_problems({"src/base/b.cc": "", "src/lost/a.cpp": "",
                                     "src/lost/README.md": "", "app/other.cpp": ""})
        self.assertEqual(sorted(p.split(":")[0] for p in problems),
                         ["app/other.cpp", "src/base/b.cc", "src/lost/a.cpp"])

    def test_wants_seeds_for_a_fuzz_target(self):
        problems, _ = tree_problems({"src/base/sse_fuzz.cpp": "\n"})
        self.assertIn("src/base/corpus/sse/", problems[0])
        self.assertEqual(tree_problems({"src/base/sse_fuzz.cpp": "\n",
                                        "src/base/corpus/sse/one": "x"})[0], [])

    def test_finds_a_registry_in_a_lock_file(self):
        lock = '{"packages": {"node_modules/a": {"resolved": "https://host/a.tgz"}}}'
        problems, _ = tree_problems({"tests/sdk/package-lock.json": lock})
        self.assertIn("names a registry", problems[0])

    def test_warns_of_a_crowded_folder(self):
        crowd = {f"src/base/f{i}.cpp": "\n" for i in range(16)}
        self.assertEqual(len(tree_problems(crowd)[1]), 1)


if __name__ == "__main__":
    unittest.main()
