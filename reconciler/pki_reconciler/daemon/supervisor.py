"""What systemd is told (sd_notify(3)): a datagram to the socket it names, nothing without one."""

from __future__ import annotations

import socket
from collections.abc import Mapping

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


def notify(environ: Mapping[str, str], *words: str) -> None:
    """Tell it; a supervisor that does not listen is no reason to fail."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # A leading "@" stands for a socket in the abstract namespace (unix(7)).
    where = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(where)
            channel.sendall("\n".join(words).encode())
    except OSError:
        return


def patience(environ: Mapping[str, str]) -> float | None:
    """How many seconds the watchdog waits for a sign of life, if there is one."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1_000_000 if microseconds.isdecimal() else None
