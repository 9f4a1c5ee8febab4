"""Many streams at once in one thread: what each got, and when it ended."""
import selectors
import socket
import time
from dataclasses import dataclass, field

from .client import place


@dataclass
class Member:
    connection: socket.socket
    data: bytearray = field(default_factory=bytearray)
    ended: float = 0.0


def stream_together(address: str, requests: list[bytes], seconds: float, look=lambda _: None,
                    between: float = 0.5) -> list[Member]:
    """Sends each request on a connection of its own and reads all answers to the end of their
    chunks; calls `look` with the seconds gone by, about every `between`."""
    chooser = selectors.DefaultSelector()
    members = []
    for data in requests:
        connection = socket.create_connection(place(address))
        connection.sendall(data)
        members.append(Member(connection))
        chooser.register(connection, selectors.EVENT_READ, members[-1])
    began = looked = time.monotonic()
    left = len(members)
    while left and time.monotonic() - began < seconds:
        for key, _ in chooser.select(between):
            member = key.data
            piece = member.connection.recv(65536)
            member.data += piece
            if not piece or member.data.endswith(b"\r\n0\r\n\r\n"):
                member.ended = time.monotonic() - began
                chooser.unregister(member.connection)
                member.connection.close()
                left -= 1
        if time.monotonic() - looked >= between:
            looked = time.monotonic()
            look(looked - began)
    for member in members:
        member.connection.close()
    return members
