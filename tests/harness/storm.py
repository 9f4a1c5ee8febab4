"""A crowd at naru's door, and whether others are served meanwhile."""
import selectors
import socket
import ssl
import time

from . import wait
from .client import Client, place

RECOVERS = 5.0  # seconds until others must be served again
LIVE = b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n"


def burst(address: str, count: int, first_word: bytes) -> list[socket.socket]:
    """So many connections, as fast as they go, each with its first bytes on the way."""
    crowd = []
    for _ in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(place(address))
        crowd.append(connection)
    chooser = selectors.DefaultSelector()
    for connection in crowd:
        chooser.register(connection, selectors.EVENT_WRITE)
    give_up = time.monotonic() + wait.PATIENCE
    while chooser.get_map() and time.monotonic() < give_up:
        for key, _ in chooser.select(0.1):
            try:
                key.fileobj.send(first_word)
            except OSError:
                pass  # refused, or closed by naru already
            chooser.unregister(key.fileobj)
    return crowd


def close_all(crowd: list[socket.socket]) -> None:
    for connection in crowd:
        connection.close()


def is_served(address: str, tls: ssl.SSLContext | None = None) -> bool:
    try:
        with Client(address, tls) as client:
            return client.call("GET", "/health/live").status == 200
    except (OSError, AssertionError):
        return False


def seconds_to_serve(address: str, tls: ssl.SSLContext | None = None) -> float:
    began = time.monotonic()
    wait.until(lambda: is_served(address, tls), "naru serves again", 4 * RECOVERS)
    return time.monotonic() - began
