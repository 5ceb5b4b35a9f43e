"""A disk that is full or fails at any one moment: told, never believed, and made up for.

``vcc-pki apply`` runs while one of its system calls fails: writing, syncing, renaming, creating.
It says so and ends with 1, or rides it out; nothing torn is published, nothing is acknowledged that
does not stand there; and the next ``apply`` on a sound disk ends where an undisturbed one would.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.busy_day import WRITE
from tests.e2e.eve import Eve, digest
from tests.e2e.evidence import Evidence, differences
from tests.e2e.mortals import Ended, Mortals, Point
from tests.e2e.seccomp import CHANGING
from tests.e2e.storage import Disk, contents, recorded
from tests.installation import Installation

FOLDERS = ("state", "public")
GIT = "state/repository.git"
PROMISED = ("public/", "state/keys/", "state/offline-keys/", "state/ledger.sqlite3")
SYNCS = frozenset({"fsync", "fdatasync", "syncfs"})
SAMPLED = 16
PARTS = 12


@dataclass(frozen=True)
class Fault:
    """A call that fails with an error, once or from then on."""

    point: Point
    error: str
    for_ever: bool = False

    def __str__(self) -> str:
        return f"{self.error} at {self.point}{' and later' if self.for_ever else ''}"


# What is left, and what comes of it


def _acknowledged_wrongly(host: Installation, eve: Eve, aside: Path) -> list[str]:
    """Paths that the ledger takes for published and that are not, and files that are torn: other
    octets than those that stood there, were acknowledged or are on their way.
    """
    evidence = Evidence.gathered(host.root, aside)
    with closing(sqlite3.connect(evidence.ledger)) as ledger:
        published = dict(ledger.execute("SELECT path, digest FROM published"))
        underway = dict(ledger.execute("SELECT path, digest FROM outbox"))
    found = {path: digest(body) for path, body in evidence.files.items()}
    whole = eve.before.union(published.values(), underway.values())
    return [
        *(p for p, d in published.items() if found.get(p) not in {d, underway.get(p)}),
        *(p for p, d in found.items() if d not in whole),
        *evidence.contradictions(),
    ]


def _fail(mortals: Mortals, host: Installation, fault: Fault, **more: object) -> Ended:
    run = mortals.run(
        ["apply"], host.root, at=fault.point, error=fault.error, for_ever=fault.for_ever, **more
    )
    assert run.code in (0, 1), f"{fault}: {run}"
    assert "Traceback" not in run.stderr, fault
    assert run.code == 0 or "FAILED" in run.stdout or "vcc-pki: " in run.stderr, fault
    return run


def _survive(eve: Eve, mortals: Mortals, folder: Path, fault: Fault) -> int:
    """Returns the exit code of the run with the fault."""
    host = eve.host.copy(folder / "host")
    run = _fail(mortals, host, fault)
    assert _acknowledged_wrongly(host, eve, folder) == [], fault
    again = mortals.run(["apply"], host.root)
    assert again.code == 0, f"{fault}: {again.stdout}{again.stderr}"
    assert _acknowledged_wrongly(host, eve, folder) == [], fault
    end = Evidence.gathered(host.root, folder)
    assert end.unrest() == [], fault
    assert differences(end.picture(), eve.expected) == [], fault
    for left in folder.iterdir():
        shutil.rmtree(left)
    return run.code


def _faults(calls: Sequence[Point]) -> list[Fault]:
    """At every call but the database's writes; syncs fail in both ways, others by turns."""
    return [
        Fault(point, error)
        for point in calls
        if point.call != WRITE
        for error in (("EIO", "ENOSPC") if point.call in SYNCS else (_by_turns(point),))
    ]


def _writes(calls: Sequence[Point]) -> list[list[Point]]:
    """The database's writes, by what comes between two other calls."""
    bursts: list[list[Point]] = [[]]
    for point in calls:
        if point.call == WRITE:
            bursts[-1].append(point)
        elif bursts[-1]:
            bursts.append([])
    return [burst for burst in bursts if burst]


def _ends(calls: Sequence[Point]) -> list[Fault]:
    """The first, a middle and the last write of each burst."""
    chosen = [
        point
        for burst in _writes(calls)
        for point in dict.fromkeys((burst[0], burst[len(burst) // 2], burst[-1]))
    ]
    return [Fault(point, _by_turns(point)) for point in chosen]


def _by_turns(point: Point) -> str:
    return ("ENOSPC", "EIO")[point.count % 2]


def _sample(calls: Sequence[Point]) -> list[Fault]:
    """Some of every kind of call."""
    found = [*_faults(calls), *_ends(calls)]
    found.sort(key=lambda fault: fault.point.call)
    return [found[i * (len(found) - 1) // (SAMPLED - 1)] for i in range(SAMPLED)]


@pytest.mark.debian("git")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_failing_disk_is_told_and_made_up_for(
    eve: Eve, mortals: Mortals, quick: Path, part: int
) -> None:
    for fault in _sample(eve.calls)[part::PARTS]:
        _survive(eve, mortals, quick, fault)


@pytest.mark.slow
@pytest.mark.debian("git")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_call_is_a_wrong_moment_to_fail(
    eve: Eve, mortals: Mortals, quick: Path, part: int
) -> None:
    """Every call but the database's writes, and the ends of every burst of those."""
    sampled = set(_sample(eve.calls))
    faults = [*_faults(eve.calls), *_ends(eve.calls)]
    for fault in [fault for fault in faults if fault not in sampled][part::PARTS]:
        _survive(eve, mortals, quick, fault)


@pytest.mark.soak
@pytest.mark.debian("git")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_write_of_the_database_is_a_wrong_moment_to_fail(
    eve: Eve, mortals: Mortals, quick: Path, part: int
) -> None:
    """All of them, in both ways."""
    writes = [point for point in eve.calls if point.call == WRITE]
    for point in writes[part::PARTS]:
        for error in ("ENOSPC", "EIO"):
            _survive(eve, mortals, quick, Fault(point, error))


@pytest.mark.debian("git")
@pytest.mark.parametrize(
    ("call", "error"),
    [("write", "ENOSPC"), (WRITE, "ENOSPC"), ("fsync", "EIO"), ("fdatasync", "EIO")],
)
def test_a_disk_that_goes_on_failing_is_told(
    eve: Eve, mortals: Mortals, quick: Path, call: str, error: str
) -> None:
    """It stays full, or broken, from the middle of the run on."""
    count = sum(point.call == call for point in eve.calls)
    assert _survive(eve, mortals, quick, Fault(Point(call, count // 2), error, True)) == 1


# What a failed sync leaves


@pytest.mark.debian("git")
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 24))]
)
def test_what_was_not_synced_is_written_again(
    eve: Eve, mortals: Mortals, quick: Path, part: int
) -> None:
    """After a failed sync the kernel forgets what it could not write, and the next one succeeds
    nevertheless. So nothing may be acknowledged by syncing once more: after the next run everything
    that is published, and every key, was written anew and synced.
    """
    syncs = [point for point in eve.calls if point.call in SYNCS]
    for point in syncs[part::24]:
        host = eve.host.copy(quick / "host")
        disk = Disk.holding(contents(host.root, FOLDERS, without=GIT))
        run = _fail(mortals, host, Fault(point, "EIO"), watched=CHANGING, record=quick / "1")
        again = mortals.run(["apply"], host.root, watched=CHANGING, record=quick / "2")
        assert again.code == 0, f"{point}: {again.stdout}"
        for log in (quick / "1", quick / "2"):
            for effect in recorded(log, host.root):
                disk.take(effect)
        left = disk.after_power_failure(lambda: False, lambda: False, random.Random())
        there = contents(host.root, FOLDERS, without=GIT)
        lost = [path for path, body in there.items() if body not in (None, left.get(path))]
        assert [path for path in lost if path.startswith(PROMISED)] == [], f"{point}: {run}"
        shutil.rmtree(host.root)
