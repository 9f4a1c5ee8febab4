"""Plain calls at a rate, from many clients at once; what failed of them, and what was answered."""
import threading
import time

from .client import Client, request


class Load:
    """Calls until `stop`. Every other client keeps its connection, as long as naru lets it; the
    others make one for each call. Nothing is tried twice: every failure counts."""

    def __init__(self, address: str, path: str, body, key: str, rate: float, clients: int = 8):
        self.address = address
        self.data = request("POST", path, body, {"authorization": f"Bearer {key}"})
        self.failures: list[str] = []
        self.ids: list[str] = []
        self.late = 0.0  # seconds that the longest call took
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._call_on, daemon=True,
                                          args=(index % 2 == 0, index / rate, clients / rate))
                         for index in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _call_on(self, keeps: bool, first: float, every: float) -> None:
        client = None
        due = time.monotonic() + first
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due = max(due + every, time.monotonic())  # a server that is slow is not run over
            began = time.monotonic()
            try:
                client = client or Client(self.address)
                client.send(self.data)
                answer = client.answer()
                if answer.status != 200:
                    raise AssertionError(f"{answer.start} {answer.body!r}")
                self.ids.append(answer.header("x-request-id"))
                closes = (answer.header("connection") or "") == "close"
            except Exception as failure:  # whatever it is, the client has no answer
                self.failures.append(f"{type(failure).__name__}: {failure} "
                                     f"({'kept' if keeps else 'fresh'} connection)")
                closes = True
            self.late = max(self.late, time.monotonic() - began)
            if closes or not keeps:
                if client is not None:
                    client.close()
                client = None
        if client is not None:
            client.close()
