"""Checks every #include of src/ and app/ against tools/layers.txt."""
import re
from dataclasses import dataclass, field
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SUFFIXES = {".h", ".cpp"}


@dataclass
class Table:
    level: dict[str, int] = field(default_factory=dict)
    only: dict[str, set[str]] = field(default_factory=dict)
    never: dict[tuple[str, str], str] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    headers: list[tuple[str, set[str], str]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    most: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)


@dataclass(frozen=True)
class Include:
    file: Path  # relative to the root
    line: int
    target: str
    quoted: bool = True


def read_table(text: str) -> Table:
    """Fails: ValueError naming the line that is no rule."""
    table = Table()
    lines = 0
    for number, raw in enumerate(text.splitlines(), 1):
        rule, _, remedy = (part.strip() for part in raw.split("#")[0].partition(";"))
        words = rule.split()
        match words:
            case []:
                continue
            case ["line", *rooms] if rooms:
                lines += 1
                table.level.update(dict.fromkeys(rooms, lines))
            case ["only", room, *rooms]:
                table.only[room] = set(rooms)
            case ["never", room, other]:
                table.never[room, other] = remedy
            case ["stages", room]:
                table.stages[room] = remedy
            case ["header", prefix, *rooms] if rooms:
                table.headers.append((prefix, set(rooms), remedy))
            case ["sources", *prefixes]:
                table.sources += prefixes
            case ["most", count, *prefixes]:
                table.most.append((int(count), tuple(prefixes)))
            case _:
                raise ValueError(f"layers.txt:{number}: '{rule}' is no rule")
    return table


def includes_of(root: Path) -> list[Include]:
    found = []
    files = (path for top in ("src", "app") for path in sorted((root / top).rglob("*")))
    for path in files:
        if path.suffix in SUFFIXES:
            text = path.read_text(encoding="utf-8", errors="replace")
            found += includes_in(path.relative_to(root), text, root)
    return found


def includes_in(file: Path, text: str, root: Path) -> list[Include]:
    """A quoted name that lies beside the file is given as its path below src; a name in angle
    brackets that src holds counts as quoted."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match[2]
        quoted = match[1] == '"' or (root / "src" / target).is_file()
        if match[1] == '"' and (root / file.parent / target).is_file():
            beside = (root / file.parent / target).resolve()
            target = beside.relative_to(root.resolve()).as_posix().removeprefix("src/")
        found.append(Include(file, number, target, quoted))
    return found


def place(file: Path) -> tuple[str, str]:
    """Room and, for a file in a folder of that room, the folder's name."""
    parts = file.parts if file.parts[0] == "app" else file.parts[1:]
    return parts[0], parts[1] if len(parts) > 2 else ""


def check(table: Table, includes: list[Include]) -> list[str]:
    problems = []
    for include in includes:
        wrong = check_room(table, include) or check_header(table, include)
        if wrong:
            problems.append(f"{include.file}:{include.line}: {wrong}")
    return problems + check_counts(table, includes)


def check_room(table: Table, include: Include) -> str:
    room, stage = place(include.file)
    if room not in table.level:
        return f"room '{room}' stands on no line; add it to tools/layers.txt"
    other, _, rest = include.target.partition("/")
    if not include.quoted or not rest or other not in table.level:
        return ""
    if other == room:
        return check_stage(table, include, stage)
    if (room, other) in table.never:
        return f"{room} includes {include.target}: {table.never[room, other]}"
    if room in table.only and other not in table.only[room]:
        return (f"{room} includes {include.target}, but sees only "
                f"{' and '.join(sorted(table.only[room]))}; hand it in as a value")
    if table.level[other] >= table.level[room]:
        return (f"{room} includes {include.target}, which is not below it; move what both need "
                "into a lower room, or hand it in through an interface")
    return ""


def check_stage(table: Table, include: Include, stage: str) -> str:
    room, *rest = include.target.split("/")
    if room not in table.stages or not stage or len(rest) < 2 or rest[0] == stage:
        return ""
    return f"stage {stage} includes {include.target}: {table.stages[room]}"


def check_header(table: Table, include: Include) -> str:
    room, _ = place(include.file)
    for prefix, rooms, remedy in table.headers:
        if include.target.startswith(prefix) and room not in rooms:
            return f"<{include.target}> belongs to {' and '.join(sorted(rooms))}; {remedy}"
    if include.file.suffix == ".h" and include.target.startswith(tuple(table.sources)):
        return f"<{include.target}> in a header; move it to a .cpp behind a declaration"
    return ""


def check_counts(table: Table, includes: list[Include]) -> list[str]:
    problems = []
    for most, prefixes in table.most:
        files = sorted({i.file.as_posix() for i in includes if i.target.startswith(prefixes)})
        if len(files) > most:
            problems.append(f"{len(files)} files include {' or '.join(prefixes)}, {most} are "
                            f"allowed; join some: {', '.join(files)}")
    return problems
