"""Layout and wording rules of the tree that a compiler does not check; each names its remedy."""
import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import cpp_text

MAX_COLUMNS = 100
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 500
MAX_README_LINES = 40
MAX_FOLDER_SOURCES = 15  # aim; only warned of

CODE = {".h", ".cpp"}
WRAPPED = CODE | {".py", ".sh", ".cmake", ".mjs", ".js", ".ts"}
OTHER_CPP = {".cc", ".cxx", ".c", ".hpp", ".hh", ".hxx"}
SIDE = re.compile(r"_(test|bench|fuzz)$")


@dataclass(frozen=True)
class Ban:
    pattern: re.Pattern
    remedy: str
    where: str = "code"  # or header, or test


def ban(pattern: str, remedy: str, where: str = "code") -> Ban:
    return Ban(re.compile(pattern), remedy, where)


BANS = (
    ban(r"\bstd::regex\b|<regex>", "write a small scanner, or use RE2: std::regex backtracks"),
    ban(r"<iostream>|\bstd::(cout|cerr|clog)\b", "print with fmt, log through telemetry"),
    ban(r"\bstd::endl\b", "write '\\n'"),
    ban(r"\bdetached\b", "spawn in a TaskGroup that is joined at stop"),
    ban(r"\bstd::(format|print|println)\b|<(format|print)>", "use fmt: libstdc++ 12 has none"),
    ban(r"\bstd::ranges::to\b|\bviews::zip\b", "write the loop: libstdc++ 12 has none"),
    ban(r"\bstd::async\b", "use a std::jthread we own, or a task"),
    ban(r"\bstd::atomic<\s*std::shared_ptr", "publish through Published<T>: TSan reports this one"),
    ban(r"<boost/asio\.hpp>|<boost/beast\.hpp>", "include the few headers that are used"),
    ban(r"\bnlohmann\b", "use base/json.h"),
    ban(r"(?<!_)\bassert\s*\(", "use NARU_CHECK(condition, \"why it must hold\")"),
    ban(r"\busing\s+namespace\b", "name what you use, or alias the namespace", "header"),
    ban(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w:.])sleep\s*\(",
        "use the fake clock, or wait for the event itself", "test"),
)
# In tests that are scripts; `wait.py` is where they wait for something to become true.
SCRIPTS = {".py", ".mjs"}
SCRIPT_SLEEP = re.compile(r"\bsleep\s*\(|\bsetTimeout\s*\(|timers/promises")
WAITS = Path("tests/harness/wait.py")
TODO = re.compile(r"\bTODO\b(?!\(\d+\):)|\b(FIXME|XXX)\b")
DEAD_CODE = re.compile(
    r"^//\s*(?:[\w:.\->]+\([^ ].*\);|[\w:<>*&]+\s+\w+\s*=\s.*;"
    r"|(?:return|if|for|while)\b.*[;{])\s*$")


COROUTINE = re.compile(
    r"^[ \t]*(?:\[\[\w+\]\]\s*)?(?:virtual |static |inline )*(?:net::)?Task<[^;{}()]*?\s"
    r"\w+\((?P<parameters>[^;{}]*?)\)\s*(?:const)?\s*(?:override|final|= 0)?\s*[;{]", re.MULTILINE)
CONST_REFERENCE = re.compile(r"\bconst [\w:]+(?:<[^&]*>)?&(?!&)")


@dataclass
class Report:
    problems: list[str]
    warnings: list[str]
    files: int = 0


def check_tree(root: Path, files: list[Path]) -> Report:
    """`files` are paths below `root`, relative to it."""
    report = Report([], [], len(files))
    for file in files:
        text = (root / file).read_text(encoding="utf-8", errors="replace")
        if is_code(file, text):
            report.problems += check_text(file, text)
        if file.name == "package-lock.json":
            report.problems += check_lock(file, text)
    report.problems += check_rooms(root, files) + check_targets(root, files)
    report.warnings += check_folders(files)
    return report


def is_code(file: Path, text: str) -> bool:
    return file.suffix in WRAPPED or file.name == "CMakeLists.txt" or \
        (file.suffix == "" and text.startswith("#!"))


def check_text(file: Path, text: str) -> list[str]:
    lines = text.splitlines()
    source = cpp_text.split(text) if file.suffix in CODE else None
    wide = (source.raw_lines if source else frozenset()) | hand_laid(lines)
    problems = [
        f"{file}:{number}: {len(line)} columns; wrap at {MAX_COLUMNS}"
        for number, line in enumerate(lines, 1)
        if len(line) > MAX_COLUMNS and number not in wide and not line.startswith("#include")]
    if len(lines) > MAX_FILE_LINES:
        problems.append(f"{file}: {len(lines)} lines; split it, {MAX_FILE_LINES} is the most")
    if file.suffix in SCRIPTS and file.parts[0] == "tests" and file != WAITS:
        problems += [f"{file}:{number}: '{match[0]}'; wait for the event itself, with wait.until"
                     for number, line in enumerate(lines, 1)
                     if (match := SCRIPT_SLEEP.search(line))]
    if source:
        problems += check_bans(file, lines, source) + check_comments(file, source)
        problems += check_functions(file, source) + check_conditions(file, source)
        problems += check_lifetimes(file, lines, source) if file.suffix == ".h" else []
    return problems


def hand_laid(lines: list[str]) -> frozenset[int]:
    """Lines between `clang-format off` and `on`: tables, whose rows stay whole."""
    found, off = set(), False
    for number, line in enumerate(lines, 1):
        if "clang-format o" in line:
            off = "clang-format off" in line
        if off:
            found.add(number)
    return frozenset(found)


def check_bans(file: Path, lines: list[str], source: cpp_text.Source) -> list[str]:
    kinds = {"code", "header" if file.suffix == ".h" else ""}
    if file.parts[0] == "tests" or file.stem.endswith("_test"):
        kinds.add("test")
    problems = []
    for number, code in enumerate(source.code.splitlines(), 1):
        written = lines[number - 1] if code.lstrip().startswith("#") else code
        for rule in BANS:
            match = rule.where in kinds and rule.pattern.search(written)
            if match:
                problems.append(f"{file}:{number}: '{match[0].strip()}'; {rule.remedy}")
    return problems


def check_comments(file: Path, source: cpp_text.Source) -> list[str]:
    problems = []
    for comment in source.comments:
        if TODO.search(comment.text):
            problems.append(f"{file}:{comment.line}: open end without an issue; do it, or write "
                            "// TODO(issue-id): what")
        if DEAD_CODE.match(comment.text) and not comment.text.startswith("///"):
            problems.append(f"{file}:{comment.line}: code in a comment; delete it, git keeps it")
    return problems


def check_functions(file: Path, source: cpp_text.Source) -> list[str]:
    return [f"{file}:{f.line}: {f.name} has {f.lines} lines; split it, {MAX_FUNCTION_LINES} is the "
            "most (25 the aim)"
            for f in cpp_text.functions(source) if f.lines > MAX_FUNCTION_LINES]


def check_conditions(file: Path, source: cpp_text.Source) -> list[str]:
    return [f"{file}:{line}: co_await in a condition; await into a variable before it"
            for line, text in cpp_text.conditions(source) if re.search(r"\bco_await\b", text)]


def check_lifetimes(file: Path, lines: list[str], source: cpp_text.Source) -> list[str]:
    """A coroutine that takes `const T&` may outlive a temporary bound to it: its comment says why
    it does not, with the word Lifetime. (`T&` binds no temporary.)"""
    problems = []
    for match in COROUTINE.finditer(source.code):
        line = source.code.count("\n", 0, match.start()) + 1
        first = line
        while first > 1 and lines[first - 2].lstrip().startswith("//"):
            first -= 1
        said = "\n".join(lines[first - 1:line])
        if CONST_REFERENCE.search(match["parameters"]) and "Lifetime" not in said:
            problems.append(f"{file}:{line}: a coroutine takes a const reference; take it by value, "
                            "or say after 'Lifetime:' in its comment who keeps it alive")
    return problems


def check_lock(file: Path, text: str) -> list[str]:
    packages = json.loads(text).get("packages", {})
    if any("resolved" in package for package in packages.values()):
        return [f"{file}: names a registry; make it with npm's omit-lockfile-registry-resolved"]
    return []


def check_rooms(root: Path, files: list[Path]) -> list[str]:
    rooms = sorted({file.parts[1] for file in files
                    if file.parts[0] == "src" and len(file.parts) > 2 and file.suffix in CODE})
    problems = []
    for room in rooms:
        readme = Path("src", room, "README.md")
        if readme not in files:
            problems.append(f"src/{room}: no README.md; say what it is for, what it never does, "
                            "task -> file, traps")
            continue
        count = len((root / readme).read_text(encoding="utf-8").splitlines())
        if count > MAX_README_LINES:
            problems.append(f"{readme}: {count} lines; {MAX_README_LINES} is the most")
    return problems


def check_targets(root: Path, files: list[Path]) -> list[str]:
    """Files no target builds: rooms are globbed by name, the rest must be named in CMake."""
    cmake = "\n".join((root / file).read_text(encoding="utf-8") for file in files
                      if file.name == "CMakeLists.txt" or file.suffix == ".cmake")
    rooms = set(re.findall(r"^\s*naru_room\((\w+)", cmake, re.MULTILINE))
    problems = []
    for file in files:
        if file.suffix in OTHER_CPP and file.parts[0] in ("src", "app", "tests"):
            problems.append(f"{file}: no target builds it; name it .cpp or .h")
        elif file.suffix == ".cpp" and not is_built(file, rooms, cmake):
            problems.append(f"{file}: no target builds it; add its room to CMakeLists.txt")
        elif file.stem.endswith("_fuzz") and file.suffix == ".cpp":
            corpus = file.parent / "corpus" / file.stem.removesuffix("_fuzz")
            if not any(corpus in other.parents for other in files):
                problems.append(f"{file}: no seed inputs; put some into {corpus}/")
    return problems


def is_built(file: Path, rooms: set[str], cmake: str) -> bool:
    if file.parts[0] == "src" and len(file.parts) > 2:
        return file.parts[1] in rooms
    return re.search(rf"\b{re.escape(file.name)}\b", cmake) is not None


def check_folders(files: list[Path]) -> list[str]:
    folders: dict[Path, int] = {}
    for file in files:
        if file.parts[0] == "src" and file.suffix == ".cpp" and not SIDE.search(file.stem):
            folders[file.parent] = folders.get(file.parent, 0) + 1
    return [f"{folder}: {count} sources; {MAX_FOLDER_SOURCES} is the aim, split it"
            for folder, count in sorted(folders.items()) if count > MAX_FOLDER_SOURCES]
