import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).resolve().parents[1] / "setup"
LOCKED = "dpkg: error: dpkg frontend lock was locked by another process with pid 7"
LISTS = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"


@unittest.skipUnless(os.geteuid() == 0, "tools/setup installs as root alone")
class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = Path(folder.name)
        self.stand_in("dpkg-query", "exit 1")  # no package is there
        self.stand_in("sleep", "")
        self.stand_in("dpkg", "")
        self.stand_in("apt-get", "")

    def stand_in(self, name, script):
        """A program in the place of a real one, which writes down how it was called."""
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>{self.bin}/calls\n{script}\n',
                        encoding="ascii")
        path.chmod(0o755)

    def fails_at_first(self, name, times, said):
        self.stand_in(name, f"(($(grep -c '^{name} ' {self.bin}/calls) > {times})) && exit 0\n"
                            f"echo '{said}' >&2; exit 100")

    def run_setup(self):
        """Exit status, what it said, and how often each program was called."""
        done = subprocess.run([SETUP, "serve"], capture_output=True, text=True, check=False,
                              env={"PATH": f"{self.bin}:/usr/bin:/bin"})
        calls = (self.bin / "calls").read_text(encoding="ascii").splitlines()
        return done.returncode, done.stderr, [call.split()[0] for call in calls]

    def test_installs_what_is_missing(self):
        status, said, calls = self.run_setup()
        self.assertEqual((status, said), (0, ""))
        self.assertEqual(calls, ["dpkg-query", "dpkg", "apt-get", "apt-get"])

    def test_waits_for_another_program_that_installs(self):
        self.fails_at_first("dpkg", 2, LOCKED)
        self.fails_at_first("apt-get", 1, LISTS)
        status, said, calls = self.run_setup()
        self.assertEqual(status, 0)
        self.assertEqual((calls.count("dpkg"), calls.count("apt-get")), (3, 3))
        self.assertIn("waiting for it", said)

    def test_says_what_to_do_when_the_lock_is_never_free(self):
        self.fails_at_first("dpkg", 1000, LOCKED)
        status, said, calls = self.run_setup()
        self.assertEqual((status, calls.count("dpkg"), "apt-get" in calls), (1, 60, False))
        self.assertIn("end it, or wait for it", said)

    def test_waits_for_no_other_fault(self):
        self.fails_at_first("apt-get", 1000, "E: Unable to fetch some archives")
        status, said, calls = self.run_setup()
        self.assertEqual((status, calls.count("apt-get")), (1, 1))
        self.assertIn("check the network", said)


if __name__ == "__main__":
    unittest.main()
