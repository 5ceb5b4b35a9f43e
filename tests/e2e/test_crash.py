"""A killed reconcile: after a restart everything is as if nothing had happened.

One reconcile of more than twenty mixed changes runs as a process of its own and is killed at its
n-th durable call, before that call takes effect. A second process then finds what the first one
left. What must hold stands in the reconciler's README, "What a crash leaves".
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from pki_reconciler.grounds import unknown_crashes
from pki_reconciler.ledger import confirmations
from pki_reconciler.ledger.confirmations import Word
from pki_schema.instants import Instant
from tests.e2e.busy_day import NOW, WRITE, Day, path, reconciling, remove
from tests.e2e.evidence import Evidence, differences
from tests.e2e.mortals import REPOSITORY, Mortals, Point
from tests.e2e.polling import Poller
from tests.e2e.reconcile_once import stored
from tests.e2e.seccomp import DURABLE

SAMPLED = 60
"""Kill points of an ordinary run, with the first and the last; the slow test takes the rest."""

PARTS = 30
"""The points of either test are shared out to as many."""

READS_A_SECOND = 200

HELD = 3
"""How a reconcile ends that holds something back."""


COMMAND = (sys.executable, "-m", "tests.e2e.reconcile_once")


# Running, and being killed


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )


def _kill(mortals: Mortals, root: Path, point: Point, now: Instant = NOW) -> None:
    """Reconcile, and die on entering a call, before it does anything."""
    run = mortals.run(reconciling(root, now), root, at=point)
    assert run.code == -signal.SIGKILL, f"{point}: {run.code} {run.stderr}"


def _die_signing(mortals: Mortals, root: Path, signatures: int) -> None:
    """Reconcile, and die once the services' CA has made so many signatures, before one more.

    The first is its responder's. After it all leaves are intended and none is signed; after nine,
    eight of them are, and not one is recorded.
    """
    with stored(root, NOW).reader() as reader:
        [key] = [k for k, one in reader.authorities().items() if one.name == "vcc-services"]
    run = mortals.run(reconciling(root, NOW, key, str(signatures)), root)
    assert run.code == -signal.SIGKILL, run.stderr


def _restart(mortals: Mortals, root: Path, now: Instant) -> None:
    """The next reconcile, with nothing but what is on disk; it ends like any other."""
    run = mortals.run(reconciling(root, now), root)
    assert run.code == 0, run.stdout + run.stderr


def _confirm(root: Path) -> None:
    """A person has looked why writers end while they sign; the next one takes note of it."""
    world = stored(root, NOW)
    with world.reader() as reader:
        newest = unknown_crashes(reader)[-1]
    confirmations.leave(world.ledger_path, Word("crashes", newest))


def _is_over(root: Path, now: Instant) -> Evidence:
    """What is there once nothing is left to do, and nothing was lost on the way."""
    found = Evidence.gathered(root, root.parent)
    assert found.contradictions() == []
    assert found.unrest() == []
    again = stored(root, now).reconcile()
    done = again.done
    assert (done.signed, done.crls, done.answers, done.revoked) == (0, 0, 0, 0)
    assert (done.written, done.published, again.held) == (0, 0, False)
    return found


def _survive(day: Day, mortals: Mortals, root: Path, point: Point, *, later: int) -> None:
    """Killed at a point and started again: the same end, the same future."""
    day.again(root)
    _kill(mortals, root, point)
    assert Evidence.gathered(root, root.parent).contradictions() == [], point
    now = NOW + timedelta(seconds=later)
    _restart(mortals, root, now)
    assert differences(_is_over(root, now).picture(), day.expected) == [], point
    for left in root.parent.iterdir():
        shutil.rmtree(left)


def _evenly(points: Sequence[Point], count: int) -> list[Point]:
    """The first, the last, and evenly between."""
    return [points[i * (len(points) - 1) // (count - 1)] for i in range(count)]


def _sample(points: Sequence[Point]) -> list[Point]:
    """A third are renames of published files, which are most; the others ledger, keys, phases."""
    renames = [p for p in points if p.call == "renameat"]
    others = [p for p in points if p.call != "renameat"]
    return [*_evenly(others, SAMPLED - SAMPLED // 3), *_evenly(renames, SAMPLED // 3)]


# What must hold


@pytest.mark.debian("git")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_killed_reconcile_leaves_no_trace(
    day: Day, mortals: Mortals, quick: Path, part: int
) -> None:
    """The state after a restart is that of an undisturbed run; then there is nothing left to do."""
    for number, point in enumerate(_sample(day.points)[part::PARTS]):
        _survive(day, mortals, quick / "world", point, later=7 * (number % 2))


@pytest.mark.slow
@pytest.mark.debian("git")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_durable_call_is_a_wrong_moment_to_die(
    day: Day, mortals: Mortals, quick: Path, part: int
) -> None:
    """The same at all other durable calls of the reconcile."""
    sampled = set(_sample(day.points))
    others = [point for point in day.points if point not in sampled]
    for number, point in enumerate(others[part::PARTS]):
        _survive(day, mortals, quick / "world", point, later=7 * (number % 2))


@pytest.mark.slow
@pytest.mark.debian("git")
@pytest.mark.parametrize("part", range(4))
def test_half_a_transaction_is_none(day: Day, mortals: Mortals, quick: Path, part: int) -> None:
    """The same in the midst of what the database writes: also after signatures whose result is
    on its way.
    """
    # How much is written differs a little from run to run: new serials lie on other pages.
    writes = [Point(WRITE, 1 + n) for n in range(day.writes * 95 // 100)]
    for number, point in enumerate(_evenly(writes, 24)[part::4]):
        _survive(day, mortals, quick / "world", point, later=7 * (number % 2))


@pytest.mark.slow
@pytest.mark.debian("strace", "git")
def test_strace_counts_the_same_calls(day: Day, quick: Path) -> None:
    """No durable call escapes the filter that kills: a foreign program sees as many of each."""
    root, log = day.again(quick / "world"), quick / "calls"
    _, *arguments = reconciling(root)
    calls = f"trace={','.join(DURABLE)}"
    run = _run(
        ["strace", "-qq", "-e", "signal=none", "-o", str(log), "-e", calls, *COMMAND, *arguments]
    )
    assert run.returncode == 0, run.stderr
    found = Counter(line.partition("(")[0] for line in log.read_text().splitlines())
    assert found == Counter(point.call for point in day.points)


@pytest.mark.debian("git")
@pytest.mark.parametrize("signatures", [1, 9], ids=["before a signature", "before its result"])
def test_what_was_intended_is_signed_as_it_was(
    day: Day, mortals: Mortals, quick: Path, signatures: int
) -> None:
    """Between intent and result nobody knows whether a signature exists: the same bytes again."""
    root = day.again(quick / "world")
    _die_signing(mortals, root, signatures)
    left = Evidence.gathered(root, quick).left_open()
    _restart(mortals, root, NOW)
    found = _is_over(root, NOW)
    assert len(left) > 10
    assert left.keys() <= set(found.issued.values())
    assert found.burnt == set()
    assert differences(found.picture(), day.expected) == []


@pytest.mark.debian("git")
def test_what_is_no_longer_wanted_is_burnt(day: Day, mortals: Mortals, quick: Path) -> None:
    """The service went while nobody was there: its serial may be out, so it is on the CRL, its
    answer says revoked, and no file of its is published. Everything else is signed as intended.
    """
    root = day.again(quick / "world", authors=True)
    _die_signing(mortals, root, 9)
    left = Evidence.gathered(root, quick).left_open()
    world = stored(root, NOW)
    remove(world, "new-2")
    world.commit("Not after all")
    _restart(mortals, root, NOW)
    found = _is_over(root, NOW)
    assert found.burnt == {
        key for key, intent in left.items() if intent.meaning.subject.name == "new-2/default"
    }
    assert left.keys() - found.burnt <= set(found.issued.values())
    [(_, serial)] = found.burnt
    crl = world.crl("vcc-services")
    assert crl.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None
    answers = [a for _, a in found.published_answers() if a.serial_number == int(serial, 16)]
    assert {a.certificate_status.name for a in answers} == {"REVOKED"}
    assert not [path for path in found.files if path.startswith("svc/vcc/new-2/")]


@pytest.mark.debian("git")
def test_what_came_after_the_crash_counts(day: Day, mortals: Mortals, quick: Path) -> None:
    """Signed, not yet published, and changed again before the restart: nothing waits for ever."""
    root = day.again(quick / "world", authors=True)
    _kill(mortals, root, Point("renameat", 1 + sum(p.call == "renameat" for p in day.points) // 5))
    world = stored(root, NOW)
    world.edit(path("renamed"), "other.vcc.local", "another.vcc.local")
    world.new_key("vcc", "rekeyed")
    remove(world, "new-3")
    world.commit("Second thoughts")
    _restart(mortals, root, NOW)
    found = _is_over(root, NOW)
    names = {path.split("/")[2] for path in found.files if path.startswith("svc/vcc/")}
    assert "new-3" in names
    assert "another.vcc.local" in str(world.certificates("vcc", "renamed")[-1].der)


@pytest.mark.debian("git")
@pytest.mark.parametrize("hours", [50, pytest.param(2, marks=pytest.mark.slow)])
def test_a_long_time_after(day: Day, mortals: Mortals, quick: Path, hours: int) -> None:
    """However late the restart is, nothing is left open and nothing is lost."""
    root = day.again(quick / "world")
    _die_signing(mortals, root, 9)
    later = NOW + timedelta(hours=hours)
    _restart(mortals, root, later)
    _is_over(root, later)


@pytest.mark.debian("git")
@pytest.mark.parametrize(
    "count", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, 4, 9, 18))]
)
def test_dying_again_while_recovering(day: Day, mortals: Mortals, quick: Path, count: int) -> None:
    """A second death, on the way back, changes nothing either; only where it left intents of its
    own a person has to look first.
    """
    root = day.again(quick / "world")
    _die_signing(mortals, root, 9)
    _kill(mortals, root, Point("fdatasync", count))
    if mortals.run(reconciling(root), root).code == HELD:
        _confirm(root)
    _restart(mortals, root, NOW)
    found = _is_over(root, NOW)
    assert differences(found.picture(), day.expected) == []


@pytest.mark.debian("git")
def test_a_second_batch_left_within_a_day_opens_the_breaker(
    day: Day, mortals: Mortals, quick: Path
) -> None:
    """What was left is made up for, nothing new is certified, and lists go on; until a person has
    looked.
    """
    root = day.again(quick / "world", authors=True)
    _die_signing(mortals, root, 9)
    _restart(mortals, root, NOW)
    world = stored(root, NOW)
    world.edit(path("renamed"), "other.vcc.local", "second.vcc.local")
    world.commit("Another name")
    _die_signing(mortals, root, 0)
    _restart(mortals, root, NOW)
    assert "second.vcc.local" in str(world.certificates("vcc", "renamed")[-1].der)
    world.edit(path("renamed"), "second.vcc.local", "third.vcc.local")
    world.revoke("after-all", "{tenant: vcc, service: unchanged}", "superseded")
    world.commit("A third one")
    run = mortals.run(reconciling(root), root)
    assert run.code == HELD
    assert "PKI6032" in run.stdout
    assert "third.vcc.local" not in str(world.certificates("vcc", "renamed")[-1].der)
    [revoked] = world.certificates("vcc", "unchanged")
    crl = world.crl("vcc-services")
    assert crl.get_revoked_certificate_by_serial_number(revoked.serial) is not None
    _confirm(root)
    _restart(mortals, root, NOW)
    assert "third.vcc.local" in str(world.certificates("vcc", "renamed")[-1].der)
    assert len(world.certificates("vcc", "unchanged")) == 2
    _is_over(root, NOW)


@pytest.mark.debian("strace", "git")
def test_a_killed_git_is_no_obstacle(day: Day, mortals: Mortals, quick: Path) -> None:
    """It dies while it moves the branch. The clock's work goes on, and the next fetch does not trip
    over what is left of this one.
    """
    root = day.again(quick / "world")
    lock = root / "state/repository.git/refs/heads/main.lock"
    inject = ("-e", "trace=rename", "-e", "inject=rename:signal=KILL:when=1", "-P", str(lock))
    _, *arguments = reconciling(root)
    run = _run(["strace", "-f", "-qq", "-o", os.devnull, *inject, *COMMAND, *arguments])
    assert json.loads(run.stdout)["accepted"] == []
    assert lock.exists()
    _restart(mortals, root, NOW)
    found = _is_over(root, NOW).picture()
    # Not the whole picture: what was renewed without Git was issued again, or revoked, with it.
    assert differences(found["subjects"], day.expected["subjects"]) == []


@pytest.mark.debian("git")
@pytest.mark.parametrize(
    "share", [None, 0.4, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.1, 0.7, 0.9, 0.99))]
)
def test_readers_notice_nothing(
    day: Day, mortals: Mortals, quick: Path, share: float | None
) -> None:
    """Whoever reads all the time, before, during and after a crash, sees whole objects only, which
    never go back and never go missing until their time is over.
    """
    root = day.again(quick / "world")
    with Poller(root / "public") as poller:
        if share is not None:
            _kill(mortals, root, _evenly(day.points, 101)[round(100 * share)])
        run = mortals.run(reconciling(root), root)
    assert run.code == 0, run.stderr
    assert poller.faults == []
    assert poller.missing <= day.gone
    assert poller.rate >= READS_A_SECOND
