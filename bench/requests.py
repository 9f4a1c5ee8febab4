"""What is asked: bodies of a client's dialect, and how a whole answer to them looks."""
import json
from dataclasses import dataclass

MARK = '"~"'  # the text of each event, as JSON: the upstream says nothing but tildes
WORDS = "The ferry leaves from the landing at noon and comes back before the tide turns. "
CHAT_BYTES = 2200


@dataclass(frozen=True)
class Dialect:
    path: str
    end: str  # of a stream


DIALECTS = {"openai_chat": Dialect("/v1/chat/completions", "data: [DONE]"),
            "anthropic": Dialect("/v1/messages", '"type":"message_stop"}')}


def plain(dialect: str, model: str, size: int = CHAT_BYTES) -> bytes:
    """A chat of that many bytes."""
    empty = _body(dialect, model, "", stream=False)
    return _body(dialect, model, _text(size - len(empty)), stream=False)


def stream(dialect: str, model: str, size: int = CHAT_BYTES) -> bytes:
    empty = _body(dialect, model, "", stream=True)
    return _body(dialect, model, _text(size - len(empty)), stream=True)


def _text(size: int) -> str:
    return (WORDS * (max(size, 1) // len(WORDS) + 1))[:max(size, 1)]


def _body(dialect: str, model: str, text: str, stream: bool) -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 4096}
    if stream:
        body["stream"] = True
    if stream and dialect == "openai_chat":
        body["stream_options"] = {"include_usage": True}
    return json.dumps(body).encode()
