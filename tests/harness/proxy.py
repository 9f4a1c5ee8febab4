"""An HTTP proxy that takes CONNECT alone and leads every tunnel to one place."""
import socket
import threading

from . import wire


class Proxy:
    """Keeps the targets it was asked for; the names in them need not exist."""

    def __init__(self, port: int):
        self.targets: list[str] = []
        self._leads_to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._leads_to)) as server:
            asked = wire.Reader(client).head()
            if asked is None:
                return
            if asked.method != "CONNECT":
                client.sendall(b"HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n")
                return
            self.targets.append(asked.target)
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=carry, args=(server, client), daemon=True)
            back.start()
            carry(client, server)
            back.join()


def carry(source: socket.socket, sink: socket.socket) -> None:
    """Bytes one way until that side ends."""
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one end is gone, and the tunnel with it
