"""Calls that come when they come, however the earlier ones fare: offered load, as users are."""
import asyncio
import time
from dataclasses import dataclass, field
from typing import Iterable

from . import wire
from .client import place


@dataclass
class Call:
    """One call, and what came of it; times are seconds behind the first arrival."""
    kind: str
    due: float
    data: bytes = field(repr=False)
    began: float = 0.0
    ended: float = 0.0
    answer: wire.Message | None = None   # its head; whole if the body came whole
    trouble: str = ""                    # why there is no whole answer

    @property
    def status(self) -> int:
        return self.answer.status if self.answer else 0

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def offer(address: str, calls: Iterable[Call], patience: float = 60.0) -> list[Call]:
    """Makes each call when it is due, on a kept connection if one is free, and waits for all."""
    return asyncio.run(_offer(address, list(calls), patience))


async def _offer(address: str, calls: list[Call], patience: float) -> list[Call]:
    free: list[tuple] = []
    made: list[asyncio.Task] = []
    all_begun, loop = asyncio.Event(), asyncio.get_running_loop()
    start = time.monotonic()

    def begin(call: Call) -> None:
        made.append(loop.create_task(_make(call, start, place(address), free, patience)))
        if len(made) == len(calls):
            all_begun.set()
    for call in calls:
        loop.call_at(loop.time() + call.due, begin, call)
    await all_begun.wait()
    await asyncio.gather(*made)
    for _, writer in free:
        writer.close()
    return calls


async def _make(call: Call, start: float, address: tuple, free: list, patience: float) -> None:
    call.began = time.monotonic() - start
    try:
        async with asyncio.timeout(patience):
            reader, writer = free.pop() if free else await asyncio.open_connection(*address)
            try:
                writer.write(call.data)
                call.answer = await _answer(reader)
            except BaseException:
                writer.close()
                raise
            if (call.answer.header("connection") or "").lower() == "close":
                writer.close()
            else:
                free.append((reader, writer))
    except (OSError, EOFError, TimeoutError, ValueError) as e:
        call.trouble = f"{type(e).__name__}: {e}"
    call.ended = time.monotonic() - start


async def _answer(reader: asyncio.StreamReader) -> wire.Message:
    message = wire.read_head(await reader.readuntil(wire.HEAD_END))
    if (message.header("transfer-encoding") or "").lower() != "chunked":
        message.body = await reader.readexactly(int(message.header("content-length") or 0))
        return message
    while size := int(await reader.readuntil(b"\r\n"), 16):
        message.body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return message


def percentile(values: Iterable[float], share: float) -> float:
    """The value that so large a share of `values` does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
