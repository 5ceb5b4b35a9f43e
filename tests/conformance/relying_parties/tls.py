"""Both ends of a connection to a program: who admits clients, and what a client is told.

A client that is refused learns why from the alert that ends its handshake (RFC 8446 section 6.2),
whichever program sends it.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from tests.conformance.programs import PATIENCE, run
from tests.conformance.relying_parties.evidence import Evidence, Presented, Role, Situation
from tests.conformance.relying_parties.verdicts import Judge, Verdict, told

ALERTS = {
    "alert certificate revoked": Verdict.REVOKED,
    "alert certificate expired": Verdict.EXPIRED,
    "alert unknown ca": Verdict.UNTRUSTED,
    "alert unsupported certificate": Verdict.MISUSED,
}

Ask = Callable[[Presented], Verdict]
Open = Callable[[Presented, Presented, Path], AbstractContextManager[Ask]]
"""A server with the first one's certificate, which trusts and checks as the second one says."""


def by_server(opened: Open) -> Judge:
    """The judge that shows clients to a running server; one server for each root."""

    def judge(
        evidence: Evidence, presented: Iterable[Presented], folder: Path
    ) -> dict[str, Verdict]:
        server = evidence.of(Situation.GOOD, Role.SERVER)
        by_root: dict[tuple[Path, Path], list[Presented]] = defaultdict(list)
        for each in presented:
            by_root[each.anchor, each.crls].append(each)
        found: dict[str, Verdict] = {}
        for number, group in enumerate(by_root.values()):
            with opened(server, group[0], folder / str(number)) as ask:
                found |= {each.name: ask(each) for each in group}
        return found

    return judge


def knock(server: Presented, port: int, client: Presented) -> Verdict:
    """What curl is told as a client."""
    said = run(
        *("curl", "--silent", "--show-error", "--cacert", server.anchor),
        *("--resolve", f"{server.host}:{port}:127.0.0.1"),
        *("--cert", client.fullchain, "--key", client.key, f"https://{server.host}:{port}/"),
    )
    if said.code == 0:
        assert said.stdout == "welcome\n", said.text
        return Verdict.ACCEPTED
    return told(said.stderr, ALERTS)


@contextmanager
def handed_over() -> Iterator[tuple[int, int]]:
    """A port and the handle of its socket, for a program that takes one: it cannot be lost."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        yield listener.getsockname()[1], listener.fileno()


@contextmanager
def answering(server: Presented) -> Iterator[int]:
    """A server in this process that welcomes whoever completes the handshake; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.fullchain, server.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        thread = threading.Thread(target=_welcome, args=(listener, context))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(PATIENCE)


def _welcome(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One connection; a client that refuses just leaves."""
    plain, _ = listener.accept()
    plain.settimeout(PATIENCE)
    with suppress(ssl.SSLError, ConnectionError), context.wrap_socket(plain, True) as secure:
        secure.recv(4096)
        secure.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nwelcome\n"
        )
