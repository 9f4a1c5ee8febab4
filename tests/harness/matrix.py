"""The translation matrix: what each dialect says of a feature, and what must come of it."""
import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "matrix"
CREATED = 1700000000
MARK = re.compile("«([^»]*)»")
# What a Responses answer tells; its other members repeat the request.
OF_RESPONSES = {"id", "object", "created_at", "status", "error", "incomplete_details", "model",
                "output", "usage", "service_tier"}


@dataclass
class Feature:
    name: str                     # `tools/strict`
    title: str
    heads: dict[str, str] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        return self.heads.get("model", "m")

    def names(self, head: str, dialect: str) -> bool:
        return dialect in self.heads.get(head, "").split()

    def fields(self, head: str, one: str, other: str) -> list[str]:
        """Of a line `loses anthropic from openai_chat`, else of `loses anthropic`."""
        wide = self.heads.get(f"{head} {one}", "")
        listed = self.heads.get(f"{head} {one} from {other}", wide)
        return sorted(name.strip() for name in listed.split(",") if name.strip())

    def find(self, *headings: str) -> str | None:
        return next((self.sections[h] for h in headings if h in self.sections), None)


def name_of(dialect: str) -> str:
    """Of the upstream that speaks it."""
    return dialect.replace("_", "-")


def read(path: Path) -> Feature:
    name = str(path.relative_to(FOLDER).with_suffix(""))
    feature, section = Feature(name, ""), None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("--- "):
            section = line[4:]
            feature.sections[section] = ""
        elif section is not None:
            feature.sections[section] += line + "\n"
        elif line.startswith("# "):
            feature.title = feature.title or line[2:]
        elif line:
            head, _, value = line.partition(":")
            feature.heads[head] = value.strip()
    return feature


def read_dialects() -> dict[str, dict[str, str]]:
    """What `dialects.txt` says of each, by its name. A word that comes again goes on."""
    told: dict[str, dict[str, str]] = {}
    for name, text in read(FOLDER / "dialects.txt").sections.items():
        said = told[name] = {}
        for word, value in (line.split(": ", 1) for line in text.splitlines() if line):
            said[word] = f"{said[word]} {value}" if word in said else value
    return told


DIALECTS = read_dialects()
PAIRS = tuple((client, upstream) for client in DIALECTS for upstream in DIALECTS)


def said_of(dialect: str, word: str) -> str:
    """Empty where `dialects.txt` does not say it."""
    return DIALECTS[dialect].get(word, "")


def upstream_path(dialect: str) -> str:
    """Where naru calls an upstream whose base URL ends in `/v1`."""
    return said_of(dialect, "upstream path") or said_of(dialect, "path")


def read_words() -> dict[str, str]:
    lines = (FOLDER / "words.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" = ", 1) for line in lines if not line.startswith("#"))


def add_said(feature: Feature, dialect: str) -> None:
    """What `dialects.txt` says of the feature, as if its file said so. Where the file has a `loses`
    or `shows not` for the dialect, that holds alone."""
    own = set(feature.heads)
    for word, listed in DIALECTS[dialect].items():
        if not any(fnmatchcase(feature.name, pattern) for pattern in listed.split()):
            continue
        if word in ("lacks", "never from", "never to"):
            feature.heads[word] = f"{feature.heads.get(word, '')} {dialect}"
        if line := re.fullmatch("(loses|shows not) (.+?)(?: from (.+))?", word):
            add_losses(feature, f"{line[1]} {dialect}", line[2], own,
                       {line[3]} if line[3] else DIALECTS.keys() - {dialect})


def add_losses(feature: Feature, head: str, lost: str, own: set[str], others: set[str]) -> None:
    for narrow in (f"{head} from {other}" for other in others):
        if head not in own and narrow not in own:
            feature.heads[narrow] = f"{feature.heads.get(narrow, '')}, {lost}"


def read_feature(path: Path) -> Feature:
    feature = read(path)
    for dialect in DIALECTS:
        add_said(feature, dialect)
    return feature


def features() -> list[Feature]:
    return [read_feature(path) for path in sorted(FOLDER.glob("*/*.txt"))]


@dataclass
class Side:
    """Whose text a section is to become."""
    dialect: str                  # of the section
    upstream: str                 # dialect of the upstream
    model: str                    # as this side calls it
    id: str                       # of the answer
    made_by_naru: bool = False    # a client's side of a crossing: items are naru's, seals wrapped


class Cell:
    """A feature between a client's dialect and an upstream's."""

    def __init__(self, feature: Feature, usual: Feature, client: str, upstream: str):
        self.feature, self.usual, self.client, self.upstream = feature, usual, client, upstream
        self.same = client == upstream
        self.words = read_words()

    @property
    def id(self) -> str:
        return f"{self.feature.name}-{self.client}-{self.upstream}"

    @property
    def public_model(self) -> str:
        return f"{self.upstream}/{self.feature.model}"

    # Which sections stand for this cell

    def holder(self, kind: str) -> Feature:
        """The feature's own file, or the usual one where it has no such section at all."""
        return self.feature if any(kind in h.split() for h in self.feature.sections) else self.usual

    def asked(self) -> str | None:
        return self.holder("request").find(f"{self.client} request")

    def expected_request(self) -> str | None:
        """What is left where the upstream's dialect lacks the feature is the usual, unless told."""
        crossed = "" if self.same else f"{self.upstream} crossed request"
        usual = f"{self.upstream} request"
        found = self.holder("request").find(f"{usual} from {self.client}", crossed, usual)
        lacks = self.feature.names("lacks", self.upstream)
        return self.usual.find(usual) if found is None and lacks else found

    def sent(self, kind: str) -> str | None:
        return self.holder(kind).find(f"{self.upstream} {kind}")

    def expected(self, kind: str) -> str | None:
        if self.same:
            return self.sent(kind)
        return self.holder(kind).find(f"{self.client} {kind} from {self.upstream}",
                                      f"{self.client} crossed {kind}", f"{self.client} {kind}")

    def is_asked(self) -> bool:
        """Its client can say it. What becomes of that is told whatever the upstream answers."""
        return not (self.asks() and self.feature.names("lacks", self.client))

    def is_answered(self) -> bool:
        return not (self.feature.names("never from", self.upstream) or
                    self.feature.names("never to", self.client))

    def is_applicable(self) -> bool:
        return self.is_asked() and (self.asks() or self.is_answered())

    def asks(self) -> bool:
        """The feature is one of requests; else the usual one is asked."""
        return self.holder("request") is self.feature

    def missing(self) -> set[str]:
        """Headings this cell wants; without them it would prove nothing."""
        wanted = set()
        if self.asked() is None:
            wanted.add(f"{self.client} request")
        if self.expected_request() is None:
            wanted.add(f"{self.upstream} request")
        for kind in ("answer", "stream") if self.is_answered() else ():
            if self.sent(kind) is None and not self.feature.names("lacks", self.upstream):
                wanted.add(f"{self.upstream} {kind}")
            if self.sent(kind) is not None and self.expected(kind) is None:
                wanted.add(f"{self.client} {kind}")
        return wanted

    def is_told(self, kind: str) -> bool:
        return self.is_answered() and \
            self.sent(kind) is not None and self.expected(kind) is not None

    def answered(self, kind: str) -> tuple[str, str]:
        """What the upstream sends and the client is to get; the usual where a feature of requests
        has no answer of that upstream, or none to that client."""
        if not self.is_told(kind):
            return Cell(self.usual, self.usual, self.client, self.upstream).answered(kind)
        return (self.sent(kind).replace("«answer»", self.sent("answer").strip()),
                self.expected(kind).replace("«answer»", self.expected("answer").strip()))

    # What is lost

    def request_losses(self) -> list[str]:
        return self.holder("request").fields("loses", self.upstream, self.client)

    def answer_losses(self) -> list[str]:
        told = self.holder("answer") if self.is_told("answer") else self.usual
        return told.fields("shows not", self.client, self.upstream)

    # Text

    def upstream_side(self) -> Side:
        return Side(self.upstream, self.upstream, self.feature.model,
                    said_of(self.upstream, "ids") + "far")

    def client_side(self, id: str = "") -> Side:
        own = said_of(self.upstream, "ids") + "far"
        return Side(self.client, self.upstream, self.public_model, own if self.same else id,
                    not self.same)

    def rendered(self, text: str, side: Side) -> str:
        while match := MARK.search(text):
            text = text[:match.start()] + self.mark(match[1], side) + text[match.end():]
        return text

    def mark(self, mark: str, side: Side) -> str:
        word, _, number = mark.partition(" ")
        if word in ("seal", "hidden"):
            return seal(word, number, side)
        if word == "item":
            return ("item" if side.made_by_naru else "far") + number
        own = {"model": side.model, "upstream": name_of(side.upstream), "id": side.id,
               "created": str(CREATED)}
        return own[mark] if mark in own else self.words[mark]

    def streamed(self, text: str, side: Side) -> str:
        """One event a line, as the bytes of its dialect; «n» is the line's number."""
        out = ""
        for number, line in enumerate(filter(None, text.split("\n"))):
            line = self.rendered(line.replace("«n»", str(number)), side)
            named = said_of(side.dialect, "events") == "typed"
            out += f"event: {json.loads(line)['type']}\n" if named else ""
            out += f"data: {line}\n\n"
        return out


def seal(word: str, number: str, side: Side) -> str:
    """`naru1:KIND:UPSTREAM:ID:SEAL`, as a client of another dialect holds it."""
    raw = f"c2VhbA{number}=="
    if not side.made_by_naru:
        return raw
    prefix = said_of(side.upstream, "seal id")
    item = prefix + number if prefix else ""
    return f"naru1:{said_of(side.upstream, word)}:{name_of(side.upstream)}:{item}:{raw}"


def cells() -> list[Cell]:
    usual = read_feature(FOLDER / "default.txt")
    return [Cell(feature, usual, *pair) for feature in features() for pair in PAIRS]


# Values in one spelling

def spelled(value, of_request: bool = False):
    """Without what merely spells out that there is nothing."""
    if isinstance(value, list):
        return lone_text(value, of_request) if of_request else [spelled(one) for one in value]
    if not isinstance(value, dict):
        return value
    told = OF_RESPONSES if value.get("object") == "response" else None
    out = {}
    for key, member in value.items():
        if key == "usage":
            out[key] = usage(member or {})
        elif says_something(key, member, value, of_request) and (told is None or key in told):
            out[key] = spelled(member, of_request)
    if out.get("type") == "message_start":  # counts are not known there, but for a provider's own
        tier = value["message"]["usage"].get("service_tier")
        out["message"]["usage"] = {"service_tier": tier}
    if of_request and "input" in out:
        out["input"] = lone_question(out["input"])
    return {key: member for key, member in out.items() if key != "usage" or member}


def says_something(key: str, member, holder: dict, of_request: bool) -> bool:
    if member is None or (member == [] and key == "logprobs") or \
            (key == "status" and holder.get("type") == "reasoning"):
        return False
    if not of_request:
        return True
    return not (member == [] and key == "annotations") and \
        (key, member) != ("detail", "auto") and \
        not (key == "type" and member == "message" and "role" in holder)


def usage(counts: dict) -> dict:
    """Counts of nothing are as good as none."""
    inner = {key: usage(count) if isinstance(count, dict) else count
             for key, count in counts.items()}
    return {key: count for key, count in inner.items() if count not in (0, None, {})}


def lone_text(parts: list, of_request: bool):
    """`[{"type": "text", "text": "hello"}]` as `"hello"`."""
    plain = [spelled(one, of_request) for one in parts]
    is_text = len(plain) == 1 and isinstance(plain[0], dict) and \
        set(plain[0]) == {"type", "text"} and \
        plain[0]["type"] in ("text", "input_text", "output_text")
    return plain[0]["text"] if is_text else plain


def lone_question(value):
    """The whole input of Responses may be the user's one text."""
    is_one = isinstance(value, list) and len(value) == 1 and \
        set(value[0]) == {"role", "content"} and value[0]["role"] == "user" and \
        isinstance(value[0]["content"], str)
    return value[0]["content"] if is_one else value


def events(text: str) -> list:
    """A stream as names and values of its events."""
    found = []
    for frame in text.split("\n\n"):
        lines = [line for line in frame.split("\n") if line and not line.startswith(":")]
        fields = dict(line.split(": ", 1) for line in lines)
        if "data" in fields:
            data = fields["data"]
            found.append((fields.get("event"),
                          data if data == "[DONE]" else spelled(json.loads(data))))
    return found


def with_items_counted(text: str, dialect: str) -> str:
    """The ids naru gives the items of an answer, as `msg_item0`, counted as they come."""
    prefixes = "|".join(said_of(dialect, "items").split())
    seen: dict[str, int] = {}
    return re.sub(f'"({prefixes})[^"]*"', lambda match: '"%sitem%d"' % (
        match[1], seen.setdefault(match[0], len(seen))), text) if prefixes else text
