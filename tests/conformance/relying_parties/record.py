"""Records ``tests/conformance/ocsp_requests`` anew (see the README there).

Each program asks about a good certificate. Between it and the server stands a listener that keeps
every octet of the request as it came; where a program asks more than once, the first.
"""

from __future__ import annotations

import socket
import tempfile
import threading
from pathlib import Path

from tests.conformance.programs import PATIENCE
from tests.conformance.published import Published
from tests.conformance.relying_parties.ocsp_clients import CLIENTS, GOOD, made, served

FOLDER = Path(__file__).parents[1] / "ocsp_requests"


class Between:
    """Passes each request on, one at a time, and the answer back; keeps the requests."""

    def __init__(self, listener: socket.socket, to: int) -> None:
        self.kept: list[bytes] = []
        self._listener, self._to = listener, to
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with client, socket.create_connection(("127.0.0.1", self._to)) as server:
                client.settimeout(PATIENCE)
                request = read(client)
                self.kept.append(request)
                server.sendall(close(request))
                while piece := server.recv(65536):
                    client.sendall(piece)


def read(client: socket.socket) -> bytes:
    """A whole request: its head, and as much body as the head announces."""
    request = b""
    while not complete(request):
        piece = client.recv(65536)
        assert piece, f"ended within {request!r}"
        request += piece
    return request


def complete(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return bool(end) and len(body) >= sum(lengths)


def close(request: bytes) -> bytes:
    """The same request, after which the server closes the connection."""
    head, end, body = request.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join((*kept, b"Connection: close")) + end + body


def record() -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        socket.create_server(("127.0.0.1", 0)) as outside,
        socket.create_server(("127.0.0.1", 0)) as inside,
    ):
        between = Between(outside, inside.getsockname()[1])
        port = outside.getsockname()[1]
        world = made(Path(name) / "world", port)
        held = Published(world).held(GOOD)
        with served(inside, world):
            for program, (client, _) in CLIENTS.items():
                folder = Path(name) / program
                folder.mkdir()
                between.kept.clear()
                verdict = client(held, f"http://127.0.0.1:{port}{held.ocsp}", folder)
                (FOLDER / f"{program}.bin").write_bytes(between.kept[0])
                print(program, verdict, len(between.kept))


if __name__ == "__main__":
    record()
