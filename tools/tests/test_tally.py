import tempfile
import unittest
from pathlib import Path

from naru_tools import tally

GTEST = """<testsuites><testsuite name="A">
<testcase name="works" status="run" result="completed" classname="A"/>
<testcase name="breaks" status="run" classname="A">
<failure message="cut">a.cpp:3</failure></testcase>
<testcase name="waits" status="run" result="skipped" classname="A"><skipped/></testcase>
<testcase name="DISABLED_x" status="notrun" classname="A"/>
</testsuite></testsuites>"""


def ctest_of(*cases):
    """A ctest file of (name, status, message) cases."""
    body = "".join(
        f'<testcase name="{name}" status="{status}">'
        + (f'<failure message="{message}"/>' if message else "")
        + "<system-out>last words</system-out></testcase>" for name, status, message in cases)
    return f"<testsuite>{body}</testsuite>"


def counts(t):
    return t.passed, t.failed, t.skipped


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return path

    def test_counts_cases_and_names_the_failed_one(self):
        got = tally.read_cases(self.write("a.xml", GTEST))
        self.assertEqual(counts(got), (1, 1, 2))
        self.assertIn("A.breaks\n    a.cpp:3", got.reasons[0])

    def test_counts_a_ctest_entry_by_its_cases_or_as_one(self):
        self.write("net_test.xml", GTEST)
        junit = self.write("c.xml", ctest_of(("net", "fail", "Failed"), ("sse_fuzz", "run", "")))
        self.assertEqual(counts(tally.read_ctest(junit, self.root)), (2, 1, 2))

    def test_counts_a_crash_though_it_left_no_cases(self):
        got = tally.read_ctest(self.write("c.xml", ctest_of(("net", "fail", "SEGFAULT"))),
                               self.root)
        self.assertEqual(counts(got), (0, 1, 0))
        self.assertIn("net: SEGFAULT\n    last words", got.reasons[0])

    def test_counts_a_bad_end_after_good_cases(self):
        self.write("net_test.xml", '<t><testcase name="a" classname="A"/></t>')
        junit = self.write("c.xml", ctest_of(("net", "fail", "leak")))
        self.assertEqual(counts(tally.read_ctest(junit, self.root)), (1, 1, 0))

    def test_counts_a_test_that_was_not_built(self):
        junit = self.write("c.xml", ctest_of(("net", "notrun", "")))
        self.assertEqual(counts(tally.read_ctest(junit, self.root)), (0, 1, 0))


class Outputs(unittest.TestCase):
    def test_reads_nodes_totals(self):
        text = "ok 1 - a\nnot ok 2 - b\n  ---\n  error: 'no'\n  ...\n" \
               "# tests 2\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 0\n# todo 0\n"
        got = tally.read_tap(text)
        self.assertEqual(counts(got), (1, 1, 0))
        self.assertIn("not ok 2 - b", got.reasons[0])

    def test_fails_when_node_died(self):
        self.assertEqual(counts(tally.read_tap("ok 1 - a\n")), (0, 1, 0))

    def test_reads_unittest(self):
        self.assertEqual(counts(tally.read_unittest("Ran 5 tests in 0.1s\n\nOK (skipped=1)\n")),
                         (4, 0, 1))
        got = tally.read_unittest("Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=2)\n")
        self.assertEqual(counts(got), (2, 3, 0))
        self.assertEqual(counts(tally.read_unittest("ImportError: no\n")), (0, 1, 0))


if __name__ == "__main__":
    unittest.main()
