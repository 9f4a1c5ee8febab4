"""Transcripts: one text file a case, read into bytes to send and patterns to expect."""
import base64
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from . import wire

FOLDER = Path(__file__).resolve().parents[1] / "transcripts"
MARK = re.compile("«([^»]*)»")
# What an expectation may leave open; the same name stands for the same text within one message.
PATTERNS = {
    "any": r".+?",
    "id": r"req_[0-9a-hjkmnp-tv-z]{13}",
    "chatcmpl": r"chatcmpl-[0-9A-Za-z]{24}",
    "cmpl": r"cmpl-[0-9A-Za-z]{24}",
    "msg": r"msg_[0-9A-Za-z]{24}",
    "number": r"[0-9]+",
}


class Wrong(AssertionError):
    """A transcript that cannot be read."""


@dataclass
class Section:
    """Bytes one side sends: pieces with real cuts between them, and what ends the connection."""
    title: str
    text: str

    def lines(self) -> tuple[list[str], str]:
        head, _, body = self.text.partition("\n\n")
        if not body.startswith(("data:", "event:", ":")):
            body = body.removesuffix("\n")
        return head.strip("\n").split("\n"), body


@dataclass
class Case:
    path: Path
    name: str
    description: str
    options: dict[str, str]
    client: list[Section] = field(default_factory=list)
    upstream: list[tuple[str, Section | None, Section | None]] = field(default_factory=list)
    answers: list[Section] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.path.relative_to(FOLDER).with_suffix(""))

    @property
    def setup(self) -> str:
        return self.options.get("setup", "default")


def read(path: Path) -> Case:
    title, options, description, sections = None, {}, [], []
    for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
        if line.startswith("--- "):
            sections.append([line[4:].strip(), []])
        elif sections:
            sections[-1][1].append(line)
        elif line.startswith("# "):
            title, description = (title or line[2:]), description + ([line[2:]] if title else [])
        elif line:
            name, _, value = line.partition(":")
            options[name.strip()] = value.strip()
    if not title or not description:
        raise Wrong(f"{path}: the first lines say name and description, each after '# '")
    case = Case(path, title, " ".join(description), options)
    for heading, lines in sections:
        add_section(case, Section(heading, "\n".join([*lines, ""])))
    if not case.client or not case.answers:
        raise Wrong(f"{path}: a case has '--- client' and '--- client gets'")
    return case


def add_section(case: Case, section: Section) -> None:
    words = section.title.split()
    if section.title == "client":
        case.client.append(section)
    elif section.title == "client gets":
        case.answers.append(section)
    elif words[-1] == "gets" and len(words) == 2:
        case.upstream.append((words[0], section, None))
    elif len(words) == 2 and words[1] == "sends":
        if not case.upstream or case.upstream[-1][0] != words[0] or case.upstream[-1][2]:
            raise Wrong(f"{case.path}: '{section.title}' stands behind no '{words[0]} gets'")
        name, gets, _ = case.upstream[-1]
        case.upstream[-1] = (name, gets, section)
    else:
        raise Wrong(f"{case.path}: '--- {section.title}' is no section; there are 'client', "
                    "'NAME gets', 'NAME sends', 'client gets'")


def cases() -> list[Case]:
    return [read(path) for path in sorted(FOLDER.rglob("*.txt"))]


# Bytes to send

@dataclass
class Bytes:
    pieces: list[bytes]   # a real cut between each two
    ending: str = ""      # close, reset, stall, or nothing
    held: frozenset[int] = frozenset()  # pieces that wait for the peer's 100 Continue

    @property
    def whole(self) -> bytes:
        return b"".join(self.pieces)


def parts_of(text: str, words: dict[str, str]) -> list[bytes | str]:
    """Bytes, and names of marks that are no bytes."""
    parts: list[bytes | str] = []
    for index, part in enumerate(MARK.split(text)):
        if index % 2 == 0:
            parts.append(part.encode())
        elif part.startswith("hex "):
            parts.append(bytes.fromhex(part[4:]))
        elif part.startswith("file "):
            parts.append(base64.b64decode((FOLDER / part[5:]).read_bytes()))
        elif part in words:
            parts.append(words[part].encode())
        elif part in ("cut", "continue", "close", "reset", "stall"):
            parts.append(part)
        else:
            raise Wrong(f"'«{part}»' means nothing")
    return parts


def to_send(section: Section, words: dict[str, str]) -> Bytes:
    lines, body = section.lines()
    data, ending, held = [b""], "", set()
    for part in parts_of(body, words):
        if part in ("cut", "continue"):
            data.append(b"")
            held |= {len(data) - 1} if part == "continue" else set()
        elif isinstance(part, str):
            ending = part
            break
        else:
            data[-1] += part
    names = {line.partition(":")[0].lower() for line in lines[1:]}
    is_request = " HTTP/" in lines[0] and not lines[0].startswith("HTTP/")
    if is_request and "host" not in names:
        lines.insert(1, "host: naru")
    chunked = any(line.lower() == "transfer-encoding: chunked" for line in lines)
    length = sum(len(piece) for piece in data)
    if not chunked and "content-length" not in names and (length or not is_request):
        lines.append(f"content-length: {length}")
    head = b"".join(part if isinstance(part, bytes) else b"" for line in lines
                    for part in [*parts_of(line, words), b"\r\n"]) + b"\r\n"
    if chunked:
        data = [wire.chunk(piece) if piece else b"" for piece in data]
        data[-1] += b"" if ending else wire.LAST_CHUNK
    return Bytes([head + data[0], *data[1:]], ending, frozenset(held))


def cut_at(data: Bytes, places: list[int]) -> Bytes:
    if data.held:
        raise Wrong("a transcript with «continue» says 'cuts: none'")
    whole, pieces, last = data.whole, [], 0
    for place in sorted(set(places)):
        pieces.append(whole[last:place])
        last = place
    return Bytes([*pieces, whole[last:]], data.ending)


def random_cuts(data: Bytes, chance: random.Random, most: int = 40) -> Bytes:
    length = len(data.whole)
    count = chance.randint(1, min(most, max(1, length - 1)))
    return cut_at(data, [chance.randint(1, max(1, length - 1)) for _ in range(count)])


# Expectations

def pattern(text: str, words: dict[str, str]) -> re.Pattern:
    regex, seen = "", set()
    for index, part in enumerate(MARK.split(text)):
        if index % 2 == 0:
            regex += re.escape(part)
        elif part in words:
            regex += re.escape(words[part])
        elif part.startswith("re "):
            regex += part[3:]
        elif part in ("any", "number"):
            regex += PATTERNS[part]
        elif part in PATTERNS:
            regex += f"(?P={part})" if part in seen else f"(?P<{part}>{PATTERNS[part]})"
            seen.add(part)
        else:
            raise Wrong(f"'«{part}»' means nothing in an expectation")
    return re.compile(regex, re.DOTALL)


def check(section: Section, message: wire.Message, words: dict[str, str], who: str) -> None:
    """Compares a message with what a section expects of it."""
    lines, body = section.lines()
    assert pattern(lines[0], words).match(message.start), \
        f"{who}: expected {lines[0]!r}, got {message.start!r} {message.body[:600]!r}"
    for line in lines[1:]:
        check_header(line, message, words, who)
    if any(part == "cut off" for part in MARK.findall(body)):
        assert not message.whole, f"{who}: the answer ended in order: {message.raw!r}"
        body = body.replace("«cut off»", "")
    else:
        assert message.whole, f"{who}: the answer was cut off: {message.raw!r}"
    got = message.body.decode("utf-8", errors="backslashreplace")
    if not pattern(body, words).fullmatch(got):
        raise AssertionError(f"{who}: the body differs\nexpected: {body!r}\n     got: {got!r}")


def check_header(line: str, message: wire.Message, words: dict[str, str], who: str) -> None:
    if line.startswith("!"):
        values = message.all(line[1:].strip())
        assert not values, f"{who}: header {line[1:]} must not be there, is {values}"
        return
    name, _, value = line.partition(":")
    values = message.all(name.strip())
    assert len(values) == 1, f"{who}: header {name} is there {len(values)} times: {message.headers}"
    assert pattern(value.strip(), words).fullmatch(values[0]), \
        f"{who}: header {name} is {values[0]!r}, expected {value.strip()!r}"
