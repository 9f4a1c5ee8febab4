"""Counts of passed and failed tests, read from what the test programs leave behind."""
import re
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

SHOWN_LINES = 25  # of one failure's text


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: list[str] = field(default_factory=list)  # one text a failure, or more

    def add(self, other: "Tally") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons += other.reasons

    def fail(self, reason: str) -> None:
        self.failed += 1
        self.reasons.append(reason)


def failure(reason: str) -> Tally:
    return Tally(failed=1, reasons=[reason])


def last_lines(text: str, count: int = SHOWN_LINES) -> str:
    return "\n".join("    " + line for line in text.strip().splitlines()[-count:])


def read_cases(file: Path) -> Tally:
    """The cases of one JUnit file as GoogleTest and pytest write it."""
    tally = Tally()
    for case in xml.parse(file).iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error")]
        if bad:
            text = "\n".join(child.text or child.get("message", "") for child in bad)
            tally.fail(f"{case.get('classname')}.{case.get('name')}\n{last_lines(text)}")
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally


def read_ctest(junit: Path, cases: Path) -> Tally:
    """Each of ctest's tests: by the cases in `cases`/<name>_test.xml, else as one."""
    tally = Tally()
    for test in xml.parse(junit).iter("testcase"):
        name = test.get("name")
        ended_well = test.get("status") == "run"
        file = cases / f"{name}_test.xml"
        counted = read_cases(file) if file.is_file() else Tally()
        tally.add(counted)
        if not ended_well and counted.failed == 0:
            said = test.findtext("system-out") or ""
            end = test.find("failure")
            why = end.get("message", "") if end is not None else "not run"
            tally.fail(f"{name}: {why or 'ended badly'}\n{last_lines(said)}")
        elif ended_well and not file.is_file():
            tally.passed += 1
    return tally


def read_tap(text: str) -> Tally:
    """Node's test runner: totals at the end, failures as `not ok`."""
    totals = {word: int(n) for word, n in
              re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", text, re.MULTILINE)}
    if "pass" not in totals:
        return failure(f"node's tests did not end\n{last_lines(text)}")
    reasons = re.findall(r"^ *not ok \d+ - .*(?:\n(?! *(?:not )?ok ).*){0,20}", text, re.MULTILINE)
    return Tally(totals["pass"], totals["fail"] + totals["cancelled"],
                 totals["skipped"] + totals["todo"], reasons)


def read_unittest(text: str) -> Tally:
    """Python's unittest: `Ran 9 tests`, `FAILED (failures=1, errors=1, skipped=2)`."""
    ran = re.search(r"^Ran (\d+) tests?", text, re.MULTILINE)
    if not ran:
        return failure(f"unittest did not end\n{last_lines(text)}")
    count = {word: int(n) for word, n in re.findall(r"(failures|errors|skipped)=(\d+)", text)}
    failed = count.get("failures", 0) + count.get("errors", 0)
    skipped = count.get("skipped", 0)
    return Tally(int(ran[1]) - failed - skipped, failed, skipped,
                 [last_lines(text)] if failed else [])
