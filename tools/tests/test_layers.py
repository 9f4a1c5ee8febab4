import tempfile
import unittest
from pathlib import Path

from naru_tools import layers

TABLE = layers.read_table("""
line base
line sys chat
line net dialect
line gateway
line mock
line app
only dialect base chat
never mock dialect     ; author the bytes
stages gateway         ; use the Exchange
header boost/beast net ; use HttpClient
sources simdjson
most 1 boost/beast
""")


def problems_of(*includes):
    """Problems of (file, included) pairs."""
    return layers.check(TABLE, [layers.Include(Path(file), 1, name) for file, name in includes])


class Rooms(unittest.TestCase):
    def assert_fine(self, file, name):
        self.assertEqual(problems_of((file, name)), [])

    def assert_breach(self, file, name, part):
        problems = problems_of((file, name))
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(part, problems[0])

    def test_looks_downwards_and_at_itself(self):
        self.assert_fine("src/net/a.cpp", "base/result.h")
        self.assert_fine("src/net/a.cpp", "net/loop.h")
        self.assert_fine("app/main.cpp", "gateway/pipeline.h")
        self.assert_fine("src/net/a.cpp", "vector")

    def test_never_looks_up_or_sideways(self):
        self.assert_breach("src/base/a.cpp", "net/loop.h", "not below it")
        self.assert_breach("src/sys/a.cpp", "chat/event.h", "not below it")

    def test_narrows_a_room(self):
        self.assert_breach("src/dialect/a.cpp", "sys/file.h", "sees only base and chat")

    def test_parts_two_rooms_for_a_reason(self):
        self.assert_breach("src/mock/a.cpp", "dialect/dialect.h", "author the bytes")

    def test_parts_stages_but_not_from_the_pipeline(self):
        self.assert_breach("src/gateway/route/a.cpp", "gateway/call/b.h", "use the Exchange")
        self.assert_fine("src/gateway/route/a.cpp", "gateway/route/b.h")
        self.assert_fine("src/gateway/route/a.cpp", "gateway/exchange.h")
        self.assert_fine("src/gateway/pipeline.cpp", "gateway/call/b.h")

    def test_wants_every_room_in_the_table(self):
        self.assert_breach("src/attic/a.cpp", "vector", "stands on no line")

    def test_keeps_third_party_headers_in_their_room(self):
        self.assert_fine("src/net/a.cpp", "boost/beast/http.hpp")
        self.assert_breach("src/gateway/a.cpp", "boost/beast/http.hpp", "use HttpClient")

    def test_keeps_json_out_of_headers(self):
        self.assert_fine("src/base/json.cpp", "simdjson.h")
        self.assert_breach("src/base/json.h", "simdjson.h", "in a header")

    def test_counts_costly_includes_by_file(self):
        twice = [("src/net/a.cpp", f"boost/beast/{name}.hpp") for name in ("core", "http")]
        self.assertEqual(problems_of(*twice), [])
        self.assertIn("2 files", problems_of(*twice, ("src/net/b.cpp", "boost/beast/x.hpp"))[0])


class Reading(unittest.TestCase):
    def test_reads_both_spellings_and_resolves_a_name_beside_the_file(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "src/net").mkdir(parents=True)
            (root / "src/net/b.h").touch()
            (root / "src/net/a.cpp").write_text(
                '#include "b.h"\n#  include <sys/stat.h>\n#include <net/b.h>\n// #include "c.h"\n',
                encoding="ascii")
            found = layers.includes_of(root)
        self.assertEqual([(i.line, i.target, i.quoted) for i in found],
                         [(1, "net/b.h", True), (2, "sys/stat.h", False), (3, "net/b.h", True)])

    def test_takes_no_system_header_for_a_room(self):
        include = layers.Include(Path("src/dialect/a.cpp"), 1, "sys/stat.h", quoted=False)
        self.assertEqual(layers.check(TABLE, [include]), [])

    def test_names_a_line_of_the_table_that_is_no_rule(self):
        with self.assertRaisesRegex(ValueError, "layers.txt:2: 'lin base' is no rule"):
            layers.read_table("line sys\nlin base\n")


if __name__ == "__main__":
    unittest.main()
