"""HAProxy staples what is published, by the names of the files alone; curl demands a staple."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conformance.programs import PATIENCE, Said, run
from tests.conformance.published import Held, Published, an_hour_old
from tests.conformance.relying_parties.tls import handed_over

pytestmark = pytest.mark.debian("haproxy", "curl", "git")

CONFIG = """\
global
  log stdout format raw local0
  maxconn 64
defaults
  mode http
  timeout connect 10s
  timeout client 10s
  timeout server 10s
frontend stapling
  bind fd@{handle} ssl crt {pem}
  http-request return status 200 content-type text/plain string "welcome\\n"
"""
SERVICE, HOST = "vcc/argus-backend", "argus-backend.vcc.local"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    return Published(an_hour_old(tmp_path_factory.mktemp("haproxy"))).held(SERVICE)


def fetched(held: Held, folder: Path) -> Path:
    """What a host downloads, and its key beside it, as the README of the publishers says."""
    folder.mkdir()
    beside = held.staple.parent
    for path in (held.fullchain, beside / "fullchain.pem.ocsp", beside / "fullchain.pem.issuer"):
        shutil.copy(path, folder)
    key = folder / "fullchain.pem.key"
    key.touch(mode=0o600)
    key.write_bytes(held.key.read_bytes())
    return folder / "fullchain.pem"


@contextmanager
def serving(pem: Path) -> Iterator[int]:
    config = pem.parent / "haproxy.cfg"
    with (pem.parent / "log").open("wb") as log, handed_over() as (port, handle):
        config.write_text(CONFIG.format(handle=handle, pem=pem))
        process = subprocess.Popen(
            ["haproxy", "-db", "-f", str(config)],
            env={"PATH": os.environ["PATH"]},
            pass_fds=[handle],
            stdout=log,
            stderr=log,
        )
    with process:
        try:
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE)


def asked(held: Held, port: int) -> Said:
    return run(
        *("curl", "--silent", "--show-error", "--cert-status", "--cacert", held.anchor),
        *("--resolve", f"{HOST}:{port}:127.0.0.1", f"https://{HOST}:{port}/"),
    )


def test_the_staple_is_found_and_good(held: Held, tmp_path: Path) -> None:
    with serving(fetched(held, tmp_path / "host")) as port:
        said = asked(held, port)
    assert (said.code, said.stdout) == (0, "welcome\n"), said.text


def test_without_the_file_there_is_none(held: Held, tmp_path: Path) -> None:
    """So it is this file that the other test has seen."""
    pem = fetched(held, tmp_path / "host")
    pem.with_name("fullchain.pem.ocsp").unlink()
    with serving(pem) as port:
        said = asked(held, port)
    assert said.code == 91, said.text
