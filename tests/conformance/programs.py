"""Programs that nobody here wrote, asked about published files; and our server as a process."""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.worlds import World

PATIENCE = 60
"""Seconds after which a program is taken to hang."""

REPOSITORY = Path(__file__).parents[2]

_PROXIES = re.compile(r"(?:https?|all|no)_proxy", re.IGNORECASE)
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not _PROXIES.fullmatch(name)}
_VCC_PKI = (sys.executable, "-c", "from pki_reconciler.cli import main; main()")
_SERVING = re.compile(rb"http://127\.0\.0\.1:(\d+) ")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a program said, on stdout and on stderr, and its exit code."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


def run(program: str, *arguments: str | Path, folder: Path | None = None) -> Said:
    """Run a program to its end, with no proxy between it and this machine."""
    return _run((program, *map(str, arguments)), folder)


def openssl(*arguments: str | Path) -> Said:
    return run("openssl", *arguments)


def vcc_pki(*arguments: str | Path, folder: Path | None = None) -> Said:
    """Run the command ``vcc-pki`` as its console script does."""
    return _run((*_VCC_PKI, *map(str, arguments)), folder)


def _run(command: Sequence[str], folder: Path | None) -> Said:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, env=_ENVIRONMENT, cwd=folder
    )
    return Said(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


@contextmanager
def served(world: World) -> Iterator[int]:
    """``vcc-pki serve`` over what a world has published; yields the port it chose itself."""
    config = world.root / "vcc-pki.toml"
    config.write_text(
        f'[repository]\nurl = "file://{world.tree}"\n\n'
        '[state]\nledger = "./state/ledger.sqlite3"\n'
        'keys = "./state/keys"\noffline_keys = "./state/offline-keys"\n\n'
        f'[[target]]\npublication = "public"\ndirectory = "{world.public}"\n'
    )
    command = [*_VCC_PKI, "--config", str(config), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=_ENVIRONMENT, bufsize=0) as process:
        try:
            yield _port(process)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _port(process: subprocess.Popen[bytes]) -> int:
    """The port that the server names on stderr once it takes connections."""
    assert process.stderr is not None
    with selectors.DefaultSelector() as ready:
        ready.register(process.stderr, selectors.EVENT_READ)
        said = b""
        while ready.select(PATIENCE) and (piece := process.stderr.read(4096)):
            said += piece
            if found := _SERVING.search(said):
                return int(found[1])
    raise AssertionError(f"vcc-pki serve did not begin: {said.decode()}")


@dataclass(frozen=True, kw_only=True)
class Nginx:
    """A running nginx: its port on 127.0.0.1 and its log."""

    port: int
    log: Path


@contextmanager
def nginx(folder: Path, servers: str) -> Iterator[Nginx]:
    """An nginx of the test's own, as a child in the foreground and without privileges.

    ``servers`` are its server blocks; they ``listen ADDRESS ssl``. The socket is made here and
    handed over (as nginx hands it to its successor), so that no other program can take the port,
    and the first connection waits for nginx instead of being refused.
    """
    folder.mkdir()
    log, config = folder / "error.log", folder / "nginx.conf"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, handle = listener.getsockname()[1], listener.fileno()
        config.write_text(
            "daemon off;\nworker_processes 1;\n"
            f"pid {folder}/nginx.pid;\nerror_log {log} info;\n"
            "events { worker_connections 64; }\n"
            "http {\n  access_log off;\n  ssl_protocols TLSv1.2 TLSv1.3;\n"
            "  ssl_session_cache off;\n  ssl_session_tickets off;\n"
            + "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in _TEMPORARY)
            + servers.replace("ADDRESS", f"127.0.0.1:{port}")
            + "}\n"
        )
        process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-c", str(config), "-e", str(log)],
            env={**_ENVIRONMENT, "NGINX": f"{handle};"},
            pass_fds=[handle],
        )
    with process:
        try:
            yield Nginx(port=port, log=log)
        finally:
            process.terminate()
            process.wait(PATIENCE)


_TEMPORARY = ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
