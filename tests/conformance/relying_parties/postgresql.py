"""PostgreSQL, with ``clientcert=verify-ca`` and a CRL file; its own client comes with each."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conformance.programs import PATIENCE, run
from tests.conformance.relying_parties.evidence import Presented
from tests.conformance.relying_parties.tls import ALERTS, Ask, by_server
from tests.conformance.relying_parties.verdicts import Verdict, told

READY = "database system is ready to accept connections"
ASKED = "SELECT 'welcome'"


@contextmanager
def opened(server: Presented, trusting: Presented, folder: Path) -> Iterator[Ask]:
    """A cluster of the test's own. It refuses to run as root, hence as Debian's ``postgres``."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        home = Path(name)
        command, owner = _as_nobody_important()
        os.chown(home, owner, -1)
        given = {
            "ssl_cert_file": server.fullchain,
            "ssl_key_file": server.key,
            "ssl_ca_file": trusting.anchor,
            "ssl_crl_file": trusting.crls,
        }
        for option, file in given.items():
            copied = Path(shutil.copyfile(file, home / option))
            copied.chmod(0o600)
            os.chown(copied, owner, -1)
        initdb = ("initdb", "-D", "data", "-U", "pki", "-A", "trust", "--no-sync", "--locale=C")
        _run([*command, _program(initdb[0]), *initdb[1:]], home)
        rules = home / "data" / "pg_hba.conf"
        rules.write_text("hostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n")
        port = _free_port()
        options = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "ssl": "on",
            "fsync": "off",
            "max_connections": 8,
            "shared_buffers": "1MB",
            **{option: home / option for option in given},
        }
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(*command, _program("postgres"), "-D", "data"),
                    *(f"--{option}={value}" for option, value in options.items()),
                ],
                cwd=home,
                stdout=log,
                stderr=log,
            )
        with process:
            try:
                _wait(process, folder / "log")
                yield lambda client: _connect(server, port, client)
            finally:
                process.terminate()
                process.wait(PATIENCE)


def _connect(server: Presented, port: int, client: Presented) -> Verdict:
    said = run(
        *("psql", "--no-psqlrc", "-tAc", ASKED),
        f"host={server.host} hostaddr=127.0.0.1 port={port} user=pki dbname=postgres "
        f"sslmode=verify-full sslrootcert={server.anchor} sslcrl={server.crls} "
        f"sslcert={client.fullchain} sslkey={client.key}",
    )
    if said.code == 0:
        assert said.stdout == "welcome\n", said.text
        return Verdict.ACCEPTED
    return told(said.stderr, ALERTS)


def _as_nobody_important() -> tuple[tuple[str, ...], int]:
    """What a command begins with so that it does not run as root, and who it runs as then."""
    if os.getuid():
        return (), os.getuid()
    user = pwd.getpwnam("postgres")
    change = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    return change, user.pw_uid


def _program(name: str) -> str:
    """Debian keeps the server's programs off the PATH, in a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else name


def _free_port() -> int:
    """It takes no socket from others, so the port may be lost again; then it does not start."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(PATIENCE * 20):
        if READY in log.read_text():
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"postgres did not begin: {log.read_text()}")


judge = by_server(opened)
