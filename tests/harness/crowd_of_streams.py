"""Paced streams through naru against `naru mock`: whole, in time, in flat memory."""
from pathlib import Path

from . import crowd, documents
from .client import request
from .gateway import Gateway
from .mock import Mock

SPACING_MS = 100


def of_dialect(index: int, key: str) -> bytes:
    """Half of the clients speak OpenAI, half Anthropic; half of each cross."""
    headers = {"authorization": f"Bearer {key}"}
    model = ("openai", "anthropic")[index // 2 % 2]
    body = {"model": model, "stream": True, "max_tokens": 1000,
            "messages": [{"role": "user", "content": f"stream {index}"}]}
    path = "/v1/chat/completions" if index % 2 == 0 else "/v1/messages"
    return request("POST", path, body, headers)


def run(folder: Path, streams: int, seconds: float, most_growth_kib: int) -> None:
    chunks = int(seconds * 1000 / SPACING_MS)
    paced = f"m?chunks={chunks}&spacing={SPACING_MS}ms"
    with Mock() as mock:
        text = documents.upstream("openai", mock.url) + \
            documents.upstream("anthropic", mock.url, provider="anthropic") + \
            documents.model("openai", f"{{upstream: openai, model: '{paced}'}}") + \
            documents.model("anthropic", f"{{upstream: anthropic, model: '{paced}'}}")
        with Gateway(folder / "naru", text) as naru:
            check(naru, streams, seconds, chunks, most_growth_kib)


def check(naru: Gateway, streams: int, seconds: float, chunks: int, most_growth_kib: int) -> None:
    key = naru.key()
    sizes: list[tuple[float, int]] = []
    members = crowd.stream_together(naru.address, [of_dialect(i, key) for i in range(streams)],
                                    seconds * 2 + 30,
                                    lambda gone: sizes.append((gone, naru.rss_kib())))
    for index, member in enumerate(members):
        data = bytes(member.data)
        last = b"data: [DONE]\n\n" if index % 2 == 0 else b"event: message_stop\n"
        mark = b'"content":' if index % 2 == 0 else b'"text_delta"'
        assert member.ended, f"stream {index} did not end: …{data[-200:]!r}"
        assert data.count(last) == 1, f"stream {index} has no end of its own: …{data[-400:]!r}"
        assert data.count(mark) >= chunks, f"stream {index} is short: {data.count(mark)}"
    # All are under way after a fifth of the time; from there memory stays.
    early = max(size for gone, size in sizes if gone <= seconds * 0.4)
    late = max(size for _, size in sizes)
    assert late - early <= most_growth_kib, f"memory grew from {early} to {late} KiB: {sizes}"
    rows = naru.admin("GET", "/admin/v1/usage?by=key")["usage"]
    assert rows[0]["exchanges"] == streams and rows[0]["failed"] == 0
    assert rows[0]["tokens"]["output"] == streams * chunks
