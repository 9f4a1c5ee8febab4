"""Splits a C++ text into code and comments, and finds its functions. Heuristic, without a parser:
good for text that clang-format has laid out."""
import re
from dataclasses import dataclass

# What is not code: comments, raw strings, strings, characters (not the ' of 1'000).
TOKEN = re.compile(
    r'(?P<line>//(?:\\\n|[^\n])*)'
    r'|(?P<block>/\*.*?\*/)'
    r'|(?P<raw>R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)")'
    r'|(?P<text>"(?:\\.|[^"\\\n])*")'
    r"|(?P<char>(?<![0-9A-Fa-f])'(?:\\.[^'\n]*|[^'\\\n])')",
    re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
CONTAINER = re.compile(
    r'^(?:inline\s+)?namespace\b|^extern\s+""\s*$'
    r"|^(?:typedef\s+)?(?:class|struct|union|enum)\b"
    r"(?!.*\)\s*(?:const|noexcept|override)*\s*$)", re.DOTALL)
CONDITION = re.compile(r"\b(?:if(?:\s+constexpr)?|while|for|switch)\s*\(")
TABLE = re.compile(r"(?<!if )\b(?:constexpr|static const)\b")
LAMBDA_HEAD = re.compile(r"\]\s*(?:\([^()]*\)[^()=]*)?$")
ASSIGNED = re.compile(r"(?<![=!<>+*/|&^-])=(?!=)")
IN_INIT = re.compile(r"\)[^:]*[^:]:[^:].*[\w>]$", re.DOTALL)  # X() : a_{1}
BEFORE_HEAD = re.compile(r"\s*(?:(?:public|private|protected)\s*:\s*)*")
HEAD_NOISE = re.compile(
    r"\[\[[^\]]*\]\]|\boperator\s*[=!<>]=?>?|\b(?:public|private|protected)\s*:"
    r"|\balignas\s*\([^)]*\)")


@dataclass(frozen=True)
class Comment:
    line: int
    text: str


@dataclass(frozen=True)
class Function:
    line: int  # where its head begins
    name: str
    lines: int  # head and closing brace included, lines of constexpr tables inside it not


@dataclass(frozen=True)
class Source:
    code: str  # comments, strings and characters blanked; every character keeps its place
    comments: tuple[Comment, ...]
    raw_lines: frozenset[int]  # lines that a raw string covers


def blank(text: str, keep_ends: int = 0) -> str:
    """Spaces in place of all but line ends and `keep_ends` characters on either side."""
    inner = text[keep_ends:len(text) - keep_ends]
    spaces = "".join(c if c == "\n" else " " for c in inner)
    return text[:keep_ends] + spaces + text[len(text) - keep_ends:]


def split(text: str) -> Source:
    comments: list[Comment] = []
    raw_lines: set[int] = set()

    def replace(match: re.Match) -> str:
        whole = match[0]
        line = text.count("\n", 0, match.start()) + 1
        if match["line"] or match["block"]:
            comments.extend(Comment(line + i, part) for i, part in enumerate(whole.split("\n")))
            return blank(whole)
        if match["raw"]:
            raw_lines.update(range(line, line + whole.count("\n") + 1))
            return "  " + blank(whole[2:], 0)[:-1] + " "
        return blank(whole, 1)

    return Source(TOKEN.sub(replace, text), tuple(comments), frozenset(raw_lines))


def functions(source: Source) -> list[Function]:
    """The functions at the outermost level of namespaces and classes, not those within others."""
    code = DIRECTIVE.sub(lambda match: blank(match[0]), source.code)
    found: list[Function] = []
    open_blocks: list[tuple[str, int, int]] = []  # kind, where its head begins, lines of tables
    tables = 0
    head = 0
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        kind = ""
        if match[0] == "{":
            text = code[head:at]
            kind = kind_of(text, [outer for outer, _, _ in open_blocks])
            open_blocks.append((kind, head + BEFORE_HEAD.match(text).end(), tables))
        elif match[0] == "}" and open_blocks:
            kind, start, before = open_blocks.pop()
            lines = code.count("\n", start, at) + 1
            if kind == "table":
                tables = before + lines
            elif kind == "function":
                found.append(Function(code.count("\n", 0, start) + 1, name_of(code[start:at]),
                                      lines - (tables - before)))
                tables = before
        if kind != "value" and not any(outer == "value" for outer, _, _ in open_blocks):
            head = at + 1
    return found


def kind_of(head: str, outer: list[str]) -> str:
    """What a brace opens: container, function, table, value, or a block inner to a function."""
    text = drop_templates(HEAD_NOISE.sub(" ", head)).strip()
    if "value" in outer:
        return "value"
    if "function" in outer:
        return "table" if TABLE.search(text) and not LAMBDA_HEAD.search(text) else "inner"
    if CONTAINER.match(text):
        return "container"
    flat = outermost(text)
    is_value = flat is None or "()" not in flat or ASSIGNED.search(flat) or IN_INIT.search(flat)
    return "value" if is_value else "function"


def outermost(text: str) -> str | None:
    """The text with what stands between parentheses taken out; None when one is still open."""
    depth, kept = 0, []
    for c in text:
        depth -= c == ")"
        if depth == 0:
            kept.append(c)
        depth += c == "("
    return "".join(kept) if depth == 0 else None


def conditions(source: Source) -> list[tuple[int, str]]:
    """Line and text of what stands between the parentheses of each if, while, for and switch."""
    found = []
    for match in CONDITION.finditer(source.code):
        depth, at = 1, match.end()
        while at < len(source.code) and depth:
            depth += {"(": 1, ")": -1}.get(source.code[at], 0)
            at += 1
        line = source.code.count("\n", 0, match.start()) + 1
        found.append((line, source.code[match.end():at - 1]))
    return found


def drop_templates(text: str) -> str:
    """The text without leading `template <...>`."""
    while match := re.match(r"\s*template\s*<", text):
        depth, at = 1, match.end()
        while at < len(text) and depth:
            depth += {"<": 1, ">": -1}.get(text[at], 0)
            at += 1
        text = text[at:]
    return text


def name_of(function: str) -> str:
    match = re.search(r"(operator\s*[^\s\w]+|[\w:~]+)\s*\(([^(){}]*)", drop_templates(function))
    if not match:
        return "?"
    if match[1].startswith("TEST"):
        return f"{match[1]}({' '.join(match[2].split())})"
    return match[1]
