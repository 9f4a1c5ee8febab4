import errno
import os
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from naru_tools import cache, packages, progress
from naru_tools.cache import Trouble


def write_one(folder):
    (folder / "file").write_text("whole", encoding="ascii")


class Entries(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        patch = mock.patch.dict(os.environ, {"NARU_CACHE": folder.name})
        patch.start()
        self.addCleanup(patch.stop)

    def names(self):
        return sorted(p.name for p in self.root.iterdir() if p.suffix != ".lock")

    def test_makes_an_entry_once(self):
        made = []
        for _ in range(2):
            path = cache.entry("x", 1, lambda folder: (made.append(1), write_one(folder)))
        self.assertEqual((made, (path / "file").read_text(encoding="ascii")), ([1], "whole"))

    def test_leaves_nothing_of_an_entry_that_could_not_be_made(self):
        def half(folder):
            write_one(folder)
            raise OSError(errno.ENOSPC, "No space left on device")

        with self.assertRaisesRegex(Trouble, "disk full .* NARU_CACHE"):
            cache.entry("x", 1, half)
        self.assertEqual(self.names(), [])

    def test_clears_what_a_killed_run_left(self):
        (self.root / "x.part").mkdir()
        (self.root / "x.part/old").touch()
        path = cache.entry("x", 1, write_one)
        self.assertEqual(os.listdir(path), ["file"])
        self.assertEqual(self.names(), ["x"])

    def test_clears_a_file_in_the_place_of_what_it_makes(self):
        (self.root / "x.part").write_text("left", encoding="ascii")
        self.assertEqual(os.listdir(cache.entry("x", 1, write_one)), ["file"])

    def test_refuses_a_disk_too_full_before_it_starts(self):
        with self.assertRaisesRegex(Trouble, "this step needs"):
            cache.entry("x", 1 << 40, write_one)

    def test_lets_one_of_two_runs_make_it(self):
        made = []
        begun, go_on = threading.Event(), threading.Event()

        def slow(folder):
            made.append(1)
            begun.set()
            go_on.wait(10)
            write_one(folder)

        first = threading.Thread(target=cache.entry, args=("x", 1, slow))
        first.start()
        begun.wait(10)
        second = threading.Thread(target=cache.entry, args=("x", 1, slow))
        with mock.patch.object(cache, "say", side_effect=lambda text: go_on.set()) as said:
            second.start()
            second.join(10)
        first.join(10)
        self.assertIn("waiting", said.call_args[0][0])
        self.assertEqual((made, self.names()), ([1], ["x"]))


class Tools(unittest.TestCase):
    def outcome(self, main):
        """Exit status, and what was said."""
        with mock.patch.object(cache, "say") as said, self.assertRaises(SystemExit) as ended:
            cache.run_tool(main)
        return ended.exception.code, " ".join(call.args[0] for call in said.call_args_list)

    def test_says_what_stopped_it_in_one_sentence(self):
        def stop(error):
            def main():
                raise error
            return main

        for error, status, part in (
                (Trouble("no network; try again"), 1, "no network; try again"),
                (OSError(errno.ENOSPC, "No space left", "/build/log"), 2,
                 "disk full in /build/log; free some; then run again"),
                (PermissionError(errno.EACCES, "denied", "/build"), 2, "/build: no permission"),
                (FileExistsError(errno.EEXIST, "File exists", "build"), 2,
                 "build: File exists; mend that, then run again")):
            with self.subTest(error):
                got, said = self.outcome(stop(error))
                self.assertEqual(got, status)
                self.assertIn(part, said)

    def test_gives_the_status_of_main(self):
        self.assertEqual(self.outcome(lambda: 3), (3, ""))


class Progress(unittest.TestCase):
    def test_says_that_a_log_could_not_be_written(self):
        with self.assertRaisesRegex(cache.Refused, "x: disk full in .*; free some; then run again"):
            progress.run("x", ["echo", "one"], Path("/dev/full"))

    def test_keeps_what_was_printed_and_gives_the_status(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            self.assertEqual(progress.run("x", ["sh", "-c", "echo one; exit 3"], log), 3)
            self.assertEqual(log.read_text(encoding="ascii"), "$ sh -c echo one; exit 3\none\n")


class Messages(unittest.TestCase):
    package = packages.Package("thing", "1.0", ("a" * 64,))

    def explained(self, output):
        return packages.explain(self.package, output)

    def test_names_both_checksums(self):
        text = self.explained("THESE PACKAGES DO NOT MATCH THE HASHES\n"
                              f"  Expected sha256 {'a' * 64}\n  Got {'b' * 64}\n")
        self.assertIn(f"expected {'a' * 64}, got {'b' * 64}", text)

    def test_tells_network_disk_and_pip_apart(self):
        self.assertIn("no network", self.explained("NewConnectionError: [Errno -3] Temporary"))
        self.assertIn("disk full", self.explained("OSError: [Errno 28] No space left on device"))
        self.assertIn("tools/setup", self.explained("/usr/bin/python3: No module named pip"))

    def test_shows_what_it_does_not_know(self):
        self.assertIn("something new", self.explained("ERROR: something new"))

    def test_refuses_a_file_with_another_checksum(self):
        with tempfile.NamedTemporaryFile() as file:
            with self.assertRaisesRegex(Trouble, "got e3b0c442"):
                packages.check_sha256(Path(file.name), ("a" * 64,))


if __name__ == "__main__":
    unittest.main()
