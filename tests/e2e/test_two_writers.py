"""Two processes on one state, and the lock that would have kept them apart is gone.

One is stopped at a bad moment, the other one goes on for both, and then the first one wakes up and
knows nothing of it. What protects is the fence: a number that every transaction compares.
"""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import pytest

from pki_reconciler.ledger.read import Reader
from tests.e2e.eve import Eve
from tests.e2e.evidence import Evidence
from tests.e2e.mortals import Ended, Mortals, Point
from tests.e2e.polling import Poller
from tests.installation import COMMAND, ENVIRONMENT, Installation

LOCK = "state/ledger.sqlite3.lock"
SET = re.compile(r"svc/[^/]+/[^/]+/[^/]+/[0-9a-f]{16}/")
TAKEN_OVER = "another vcc-pki has taken over this state"
DAEMON = '\n[daemon]\nlisten = "127.0.0.1:0"\npoll = "1h"\n'


@pytest.fixture(scope="module")
def others() -> Iterator[Mortals]:
    """The second process comes from a server of its own: the first one's waits."""
    with Mortals() as others:
        yield others


def _revoke_more(host: Installation) -> None:
    """What the first process has on its way is out of date once this is published."""
    host.revoke("exchange-2", "{tenant: partner, service: exchange}", "superseded")
    host.revoke("pki-1", "{tenant: vcc, service: pki-server}", "superseded")
    host.commit("More revocations")


def _overtaken(
    host: Installation, mortals: Mortals, others: Mortals, at: Point, where: str
) -> tuple[Ended, Ended, list[str]]:
    """One ``apply`` is stopped on entering a call; meanwhile another one revokes and publishes.
    How the first and the second one end, and what readers saw.
    """
    with Poller(host.public) as poller:
        mortals.hold(["apply"], host.root, at=at, counted=host.root / where)
        (host.root / LOCK).unlink()
        _revoke_more(host)
        second = others.run(["apply"], host.root)
        first = mortals.go_on()
    return first, second, poller.faults


@pytest.mark.debian("git")
@pytest.mark.parametrize(
    ("at", "where"),
    [
        pytest.param(Point("renameat", 1), "state/keys", id="with a key half made"),
        pytest.param(Point("renameat", 1), "public", id="before its renames"),
        pytest.param(
            *(Point("renameat", 9), "public"), id="between two renames", marks=pytest.mark.slow
        ),
    ],
)
def test_a_writer_that_was_overtaken_ends(
    eve: Eve,
    mortals: Mortals,
    others: Mortals,
    quick: Path,
    at: Point,
    where: str,
) -> None:
    """The other one waits for what it is writing to. Then it finishes that write, signs nothing any
    more and says why; the next run brings everything up to date.
    """
    host = eve.host.copy(quick / "host")
    first, second, faults = _overtaken(host, mortals, others, at, where)
    assert faults == []
    assert second.code == 1
    assert "another vcc-pki is writing here" in second.stdout + second.stderr
    assert first.code == 1
    assert TAKEN_OVER in first.stdout + first.stderr
    _is_sound(host, others, quick)


def _is_sound(host: Installation, others: Mortals, aside: Path) -> None:
    assert Evidence.gathered(host.root, aside).contradictions() == []
    last = others.run(["apply"], host.root)
    assert last.code == 0, last.stdout
    end = Evidence.gathered(host.root, aside)
    assert end.contradictions() == []
    orphans = {f"{path} is not what was acknowledged" for path in _orphans(end)}
    assert set(end.unrest()) <= orphans


def _orphans(end: Evidence) -> set[str]:
    """Sets that nothing names: replaced by the one writer before the other one could say that they
    were written (a known limit, reconciler/README.md).
    """
    with Reader.open(end.ledger) as reader:
        known = reader.published("public").keys()
    return {path for path in end.files.keys() - known if SET.match(path)}


@pytest.mark.debian("git")
def test_a_writer_that_was_overtaken_puts_nothing_older_in_place(
    eve: Eve, mortals: Mortals, others: Mortals, quick: Path
) -> None:
    """It was stopped after its last transaction, before it wrote the first file of a phase."""
    host = eve.host.copy(quick / "host")
    first, second, faults = _overtaken(host, mortals, others, Point("openat", 1), "public")
    assert faults == []
    assert (first.code, second.code) == (1, 0)


@pytest.mark.debian("git")
def test_a_writer_that_was_overtaken_takes_no_file_of_the_other(
    eve: Eve, mortals: Mortals, others: Mortals, quick: Path
) -> None:
    """Stopped between writing temporary files and renaming them, while the other one dies there."""
    host = eve.host.copy(quick / "host")
    with Poller(host.public) as poller:
        at = Point("renameat", 3)
        mortals.hold(["apply"], host.root, at=at, counted=host.public)
        (host.root / LOCK).unlink()
        _revoke_more(host)
        others.run(["apply"], host.root, at=at)
        mortals.go_on()
    assert poller.faults == []


# Daemons


@dataclass
class Daemon:
    """A ``vcc-pki run`` of which one may ask what it has told."""

    process: subprocess.Popen[str]
    told: SimpleQueue[str] = field(default_factory=SimpleQueue)
    listener: Thread = field(default_factory=Thread)

    @classmethod
    def started(cls, host: Installation) -> Daemon:
        """Beside another one: without the lock nothing keeps it waiting."""
        (host.root / LOCK).unlink(missing_ok=True)
        process = subprocess.Popen(
            [*COMMAND, "run"],
            cwd=host.root,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        daemon = cls(process)
        daemon.listener = Thread(target=daemon._listen)
        daemon.listener.start()
        daemon.hear(10, until="woken")
        return daemon

    def _listen(self) -> None:
        assert self.process.stderr
        with self.process.stderr as log:
            for line in log:
                self.told.put(json.loads(line)["event"] if line.startswith("{") else line)
        self.told.put("")

    def hear(self, seconds: float, until: str = "") -> str:
        """Listen for an event for at most so long; the last one heard, empty when it has ended."""
        last = "nothing"
        with suppress(Empty):
            while last not in (until, ""):
                last = self.told.get(timeout=seconds)
        return last

    def signal(self, which: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(which)

    def stop(self) -> int:
        """Its exit code: 1 for one that was overtaken; while that one ends, SIGTERM may hit it."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(60)
        self.signal(signal.SIGKILL)
        self.listener.join()
        return self.process.wait()


SERVICE = "tenants/vcc/services/argus-backend.yaml"


def _commit(host: Installation, number: int) -> None:
    """Another certificate; now and then a revocation, and so another CRL."""
    file = host.tree / SERVICE
    lines = [x for x in file.read_text().splitlines() if not x.startswith(("  dur", "  renewB"))]
    more = [f"  duration: {40 + number % 9}d", "  renewBefore: 15d", ""]
    file.write_text("\n".join([*lines, *more]))
    if number % 40 == 1:
        host.revoke(f"again-{number}", "{tenant: partner, service: exchange}", "superseded")
    host.commit(f"Change {number}")


def _stopped_and_continued(host: Installation, chance: random.Random, cycles: int) -> list[str]:
    """Two daemons get the same commits; by turns one is stopped in the middle of its work, and
    whichever was overtaken is started again. What readers saw.
    """
    with host.config.open("a") as config:
        config.write(DAEMON)
    codes = []
    with Poller(host.public) as poller:
        pair = [Daemon.started(host), Daemon.started(host)]
        try:
            for number in range(cycles):
                for which, one in enumerate(pair):
                    if one.process.poll() is not None:
                        codes.append(one.stop())
                        pair[which] = Daemon.started(host)
                sleeper, other = pair[number % 2], pair[1 - number % 2]
                _commit(host, number)
                sleeper.hear(chance.uniform(0, 0.6), until="cycle")
                sleeper.signal(signal.SIGSTOP)
                other.hear(4, until="cycle")  # more than it needs on a busy machine
                sleeper.signal(signal.SIGCONT)
        finally:
            codes += [one.stop() for one in pair]
    assert set(codes) <= {0, 1, -signal.SIGTERM}
    assert codes.count(1) > cycles // 20
    return poller.faults


@pytest.mark.debian("git")
@pytest.mark.parametrize(
    ("part", "cycles"),
    [
        pytest.param(0, 10, marks=pytest.mark.slow),
        *(pytest.param(part, 40, marks=pytest.mark.soak) for part in range(1, 6)),
    ],
)
def test_two_daemons_sign_nothing_twice(
    eve: Eve, others: Mortals, quick: Path, part: int, cycles: int
) -> None:
    """However often they are stopped: no two contents for a serial or a CRL number."""
    host = eve.host.copy(quick / "host")
    faults = _stopped_and_continued(host, random.Random(part), cycles)
    _is_sound(host, others, quick)
    assert faults == []
