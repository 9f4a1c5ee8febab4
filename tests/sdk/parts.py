"""What a model is told and says, whatever dialect its provider speaks."""
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

EXPECTED = json.loads(Path(__file__).with_name("expected.json").read_text(encoding="utf-8"))
UNCACHED, CACHED, OUTPUT = (EXPECTED["usage"][kind] for kind in ("uncached", "cached", "output"))


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Reasoning:
    text: str  # empty: hidden
    seal: str = ""


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: str  # JSON, spelled as the model has spelled it

    def plainly(self) -> "Call":
        """The same in one spelling."""
        return Call(self.id, self.name, compact(json.loads(self.arguments)))


@dataclass(frozen=True)
class Image:
    source: str  # `url` or a media type
    data: str    # its address or base64


@dataclass(frozen=True)
class Result:
    id: str
    text: str
    images: tuple[Image, ...] = ()


Part = Text | Reasoning | Call | Image | Result


@dataclass(frozen=True)
class Turn:
    """Who speaks: system, user, assistant, or `results` of tools."""
    role: str
    parts: tuple[Part, ...]

    def plainly(self) -> "Turn":
        return Turn(self.role, tuple(part.plainly() if isinstance(part, Call) else part
                                     for part in self.parts))


def said(turns: list[Turn]) -> str:
    return " ".join(f"{turn.role}={''.join(part.text for part in turn.parts)}" for turn in turns)


def joined(turns: list[Turn], *roles: str) -> list[Turn]:
    """Neighbours of one of these roles as one turn."""
    found: list[Turn] = []
    for turn in turns:
        if found and found[-1].role == turn.role and turn.role in roles:
            found[-1] = Turn(turn.role, found[-1].parts + turn.parts)
        else:
            found.append(turn)
    return found


def pieces(text: str) -> list[str]:
    return [text[at:at + 5] for at in range(0, len(text), 5)]


def compact(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stamp(value) -> str:
    """The end of an id: another for other content."""
    return f"{zlib.crc32(compact(value).encode()):08x}"


def image_at(address: str) -> Image:
    """Of an address as OpenAI takes it, which may hold the image itself."""
    if not address.startswith("data:"):
        return Image("url", address)
    kind, _, data = address.removeprefix("data:").partition(";base64,")
    return Image(kind, data)


def own_name(asked: dict) -> str:
    """What the provider calls the model; a client of naru never sees it."""
    return f"{asked['model']}-2026-11-01"
