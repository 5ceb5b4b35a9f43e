"""The systemd units: sound, as confined as they can be, and no tighter than what runs in them."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pki_reconciler.keys import passphrase
from tests.installation import ENVIRONMENT, Installation
from tests.operations.units import DAEMON, IMAGES, SERVER, allowed_calls, settings

UNITS = pytest.mark.parametrize("unit", [DAEMON, SERVER], ids=lambda unit: unit.stem)
NEWER = ("RestartSteps", "RestartMaxDelaySec")
"""What systemd before version 254 passes over, and says so."""
MOST_EXPOSED = 12
"""In tenths; 100 is a service that may do anything."""


@pytest.mark.debian("systemd-analyze")
@UNITS
def test_systemd_has_nothing_to_say_about_it(unit: Path, tmp_path: Path) -> None:
    """Every key is known and in its place; where the command is installed is the host's matter."""
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/vcc-pki/bin/vcc-pki", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True
    )
    said = [line for line in done.stderr.splitlines() if not any(key in line for key in NEWER)]
    assert said == []


@pytest.mark.debian("systemd-analyze")
@UNITS
def test_it_may_do_next_to_nothing(unit: Path) -> None:
    done = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            f"--threshold={MOST_EXPOSED}",
            "--no-pager",
            unit,
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_daemon_finds_the_credential_by_its_name() -> None:
    [credential] = settings(DAEMON)["LoadCredential"]
    assert credential.partition(":")[0] == passphrase.CREDENTIAL


def test_the_server_sees_neither_state_nor_secrets() -> None:
    hidden = settings(SERVER)["InaccessiblePaths"][0].split()
    assert hidden == [f"-/var/lib/{settings(DAEMON)['StateDirectory'][0]}", "-/etc/vcc-pki"]
    assert "LoadCredential" not in settings(SERVER)


def test_wrong_usage_is_not_tried_again() -> None:
    from pki_reconciler.cli.entry import EXIT_USAGE

    for unit in (DAEMON, SERVER):
        assert settings(unit)["RestartPreventExitStatus"] == [str(EXIT_USAGE)]
        assert settings(unit)["Restart"] == ["on-failure"]


def test_the_user_and_the_published_folder_are_made() -> None:
    user, folder = settings(DAEMON)["User"][0], settings(DAEMON)["ReadWritePaths"][0]
    assert f"\nu {user} " in (IMAGES / "vcc-pki.sysusers.conf").read_text()
    made = (IMAGES / "vcc-pki.tmpfiles.conf").read_text()
    assert f"\nd {folder.removeprefix('-')} 0755 {user} {user}\n" in made


# The daemon in a cage as the unit makes it: a root that is read-only but for its own folder, umask
# 0077, memory that is never written and executed, traced.

CAGE = """\
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro /
umask 0077
cd "$1"
shift
exec "$@"
"""
UNWRITTEN = """\
import ctypes, sys
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE, where the kernel has it
from pki_reconciler.cli import main
main()
"""
TRACE = ["strace", "-D", "-f", "-qq", "-s", "0", "-e", "signal=none", "-o"]


def caged() -> list[str]:
    """The command in front of another that lets it write to one folder only."""
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", CAGE, "cage"]


@dataclass(frozen=True)
class Cage:
    """``calls`` are the system calls that were made, as strace writes them."""

    host: Installation
    status: int
    told: str
    calls: tuple[str, ...]


@pytest.fixture(scope="module")
def cage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cage]:
    """The shipped organisation from ``init`` to its first cycle, told to a supervisor, ended."""
    if subprocess.run([*caged()[:4], "true"], capture_output=True).returncode:
        pytest.skip("this kernel lets nobody make namespaces")
    root = tmp_path_factory.mktemp("cage") / "host"
    host = Installation.prepare(root)
    assert host.run("init").returncode == 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(root / "notify"))
        supervisor.settimeout(240)
        process = subprocess.Popen(
            [*caged(), root, *TRACE, root / "trace", sys.executable, "-c", UNWRITTEN, "run"],
            env=ENVIRONMENT
            | {
                "HOME": str(root),
                "PYTHONDONTWRITEBYTECODE": "1",
                "NOTIFY_SOCKET": str(root / "notify"),
                "TMPDIR": str(root),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            while b"WATCHDOG=1" not in supervisor.recv(1_024):
                pass
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=120)
        finally:
            with suppress(OSError):
                process.kill()
            process.wait()
    calls = tuple((root / "trace").read_text().splitlines())
    yield Cage(host, process.returncode, told, calls)


@pytest.mark.slow
@pytest.mark.debian("strace", "unshare")
def test_in_its_cage_it_signs_publishes_and_ends(cage: Cage) -> None:
    """Readers of what it publishes have other users; nobody else reads its state."""
    assert cage.status == 0, cage.told
    events = [json.loads(line) for line in cage.told.splitlines()]
    [cycle] = [one for one in events if one["event"] == "cycle"]
    assert cycle["result"] == "success"
    assert cycle["certificates"] > 20
    published = [path for path in cage.host.public.rglob("*") if ".fence" not in path.name]
    assert len(published) > 100
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in published)
    state = [path for path in cage.host.state.rglob("*") if path.is_file()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in state)


@pytest.mark.slow
@pytest.mark.debian("strace", "unshare", "systemd-analyze")
def test_every_system_call_it_makes_is_let_pass(cage: Cage) -> None:
    """Git's, too. SQLite gives its files to their owner when it is root, which it is in the cage
    and not in the unit.
    """
    made = {found[1] for line in cage.calls if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert len(made) > 40
    assert made - allowed_calls(DAEMON) <= {"fchown"}


@pytest.mark.slow
@pytest.mark.debian("strace", "unshare")
def test_no_memory_is_written_and_executed(cage: Cage) -> None:
    """The filter refuses PROT_EXEC together with PROT_WRITE, and adding it later."""
    made = [line for line in cage.calls if re.search(r"\b(mmap|mprotect|pkey_mprotect)\(", line)]
    assert len(made) > 100
    assert not [x for x in made if "PROT_EXEC" in x and ("mprotect" in x or "PROT_WRITE" in x)]


@pytest.mark.slow
@pytest.mark.debian("strace", "unshare")
def test_it_asks_for_no_other_kind_of_socket(cage: Cage) -> None:
    families = {family for line in cage.calls for family in re.findall(r"socket\((\w+)", line)}
    assert families <= {*settings(DAEMON)["RestrictAddressFamilies"][0].split()}
