"""HAProxy, as a server that demands a certificate of its clients."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conformance.programs import PATIENCE
from tests.conformance.relying_parties.evidence import Presented
from tests.conformance.relying_parties.tls import Ask, by_server, handed_over, knock

CONFIG = """\
global
  log stdout format raw local0
  maxconn 64
defaults
  mode http
  log global
  timeout connect 10s
  timeout client 10s
  timeout server 10s
frontend mutual
  bind fd@{handle} ssl crt {pem} ca-file {anchor} crl-file {crls} verify required
  http-request return status 200 content-type text/plain string "welcome\\n"
"""


@contextmanager
def opened(server: Presented, trusting: Presented, folder: Path) -> Iterator[Ask]:
    folder.mkdir()
    pem, config = folder / "server.pem", folder / "haproxy.cfg"
    pem.touch(mode=0o600)
    pem.write_bytes(server.fullchain.read_bytes() + server.key.read_bytes())
    with (folder / "log").open("wb") as log, handed_over() as (port, handle):
        config.write_text(
            CONFIG.format(handle=handle, pem=pem, anchor=trusting.anchor, crls=trusting.crls)
        )
        process = subprocess.Popen(
            ["haproxy", "-db", "-f", str(config)],
            env={"PATH": os.environ["PATH"]},
            pass_fds=[handle],
            stdout=log,
            stderr=log,
        )
    with process:
        try:
            yield lambda client: knock(server, port, client)
        finally:
            process.terminate()
            process.wait(PATIENCE)


judge = by_server(opened)
