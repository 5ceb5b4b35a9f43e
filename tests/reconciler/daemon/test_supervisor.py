"""What systemd is told, at its own socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pki_reconciler.daemon.supervisor import ALIVE, READY, notify, patience


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told_at_the_socket_it_names(tmp_path: Path, abstract: bool) -> None:
    name = f"vcc-pki-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}" if abstract else name)
        notify({"NOTIFY_SOCKET": f"@{name}" if abstract else name}, READY, ALIVE)
        assert listener.recv(1024) == b"READY=1\nWATCHDOG=1"


@pytest.mark.parametrize("address", ["", "relative", "/nobody/listens/here"])
def test_without_one_nothing_happens(address: str) -> None:
    notify({"NOTIFY_SOCKET": address}, READY)
    notify({}, READY)


def test_the_watchdogs_patience_is_in_microseconds() -> None:
    assert patience({"WATCHDOG_USEC": "30000000"}) == 30
    assert patience({}) is None
