"""A killed reconcile: after a restart everything is as if nothing had happened.

One reconcile of more than twenty mixed changes runs as a process of its own and is killed by
``strace`` at its n-th durable call, before that call takes effect. A second process then finds what
the first one left. What must hold stands in the reconciler's README, "What a crash leaves".
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
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from pki_schema.instants import Instant, to_epoch
from tests.e2e.evidence import Evidence, differences
from tests.e2e.polling import Poller
from tests.e2e.reconcile_once import stored
from tests.fakes import EPOCH
from tests.worlds import World

DURABLE = ("fsync", "fdatasync", "syncfs", "rename", "renameat", "renameat2")
WRITE = "pwrite64"
YESTERDAY = EPOCH + timedelta(days=56, hours=20)
NOW = EPOCH + timedelta(days=60)
"""Three days on: every CRL, the responders, many answers and most services are due."""

SAMPLED = 20
"""Kill points of an ordinary run, among them the first and the last."""

PARTS = 32
"""The slow test takes all points, in parts of some ten."""

READS_A_SECOND = 200

REPOSITORY = Path(__file__).parents[2]

BEFORE = (
    "superseded",
    "ceased",
    "compromised",
    "lost",
    "resumed",
    "removed",
    "also-removed",
    "suspended",
    "renamed",
    "more-names",
    "shortened",
    "rekeyed",
    "withdrawn-later",
    "unchanged",
)


# The world before and after


def _service(name: str, tenant: str = "vcc", template: str = "vcc-service", more: str = "") -> str:
    return (
        f"apiVersion: pki.vcc.local/v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f"spec:\n  template: {template}\n{more}"
    )


def _path(name: str, tenant: str = "vcc") -> str:
    return f"tenants/{tenant}/services/{name}.yaml"


def _remove(world: World, name: str) -> None:
    world.remove(_path(name))
    world.remove(f"tenants/vcc/csr/{name}.pem")


def _live_until_yesterday(root: Path) -> None:
    """Eight weeks of an organisation: issued, renewed, revoked, rotated."""
    World.shipped(root)
    world = stored(root, EPOCH)
    world.reconcile()
    for name in BEFORE:
        world.write(_path(name), _service(name))
    world.write(_path("brief"), _service("brief", more="  duration: 18d\n  renewBefore: 1d\n"))
    world.make_requests()
    world.commit("More services")
    world.reconcile(days=40)
    world.revoke("resumed-1", "{tenant: vcc, service: resumed}", "cessationOfOperation")
    _remove(world, "brief")
    world.commit("An end, and a service that expires")
    world.clock.instant = YESTERDAY
    assert not world.reconcile().held


def _change_much(world: World) -> str:
    """More than twenty changes of every kind in one commit."""
    for name in ("new-1", "new-2", "new-3"):
        world.write(_path(name), _service(name))
    world.write(_path("new", "partner"), _service("new"))
    world.write(_path("renamed"), _service("renamed", more="  dnsNames: [other.vcc.local]\n"))
    names = '  dnsNames: [a.vcc.internal]\n  uris: ["spiffe://vcc.local/vcc/more-names"]\n'
    world.write(_path("more-names"), _service("more-names", more=names))
    world.write(_path("shortened"), _service("shortened", more="  duration: 45d\n"))
    world.edit("templates/vcc-tls-client.yaml", "duration: 90d", "duration: 80d")
    world.new_key("vcc", "rekeyed")
    _remove(world, "removed")
    _remove(world, "also-removed")
    world.revoke("superseded-1", "{tenant: vcc, service: superseded}", "superseded")
    world.revoke("ceased-1", "{tenant: vcc, service: ceased}", "cessationOfOperation")
    world.revoke("lost-1", "{tenant: vcc, service: lost}", "keyCompromise")
    world.revoke("compromised-1", "{tenant: vcc, service: compromised}", "keyCompromise")
    world.new_key("vcc", "compromised")
    world.revoke("exchange-1", "{tenant: partner, service: exchange}", "affiliationChanged")
    world.write(_path("resumed"), _service("resumed", more="  resumeAfter: [resumed-1]\n"))
    world.write(_path("suspended"), _service("suspended", more="  suspend: true\n"))
    # Certified again under its key: the chains of what it issued are new, and stand elsewhere.
    world.edit("cas/vcc-people.yaml", "policies: [{oid: 2.5.29.32.0}]", "policies: []")
    world.edit("cas/vcc-people.yaml", "refresh: 1d", "refresh: 12h")
    authority = (world.tree / "cas/vcc-services.yaml").read_text()
    template = (world.tree / "templates/vcc-service.yaml").read_text()
    world.write(
        "cas/vcc-devices.yaml",
        authority.replace("vcc-services", "vcc-devices").replace("Services CA", "Devices CA"),
    )
    world.write(
        "templates/vcc-device.yaml",
        template.replace("{name: vcc-service}", "{name: vcc-device}").replace(
            "[vcc-services, partner-services]", "[vcc-devices]"
        ),
    )
    world.edit(
        "tenants/vcc/tenant.yaml",
        "vcc-services, vcc-people",
        "vcc-services, vcc-devices, vcc-people",
    )
    world.edit(
        "tenants/vcc/tenant.yaml", "    - vcc-service\n", "    - vcc-service\n    - vcc-device\n"
    )
    world.write(_path("device"), _service("device", template="vcc-device"))
    world.make_requests()
    return world.commit("A busy day")


@dataclass(frozen=True)
class Point:
    """The ``count``-th call of a name, counted over one process."""

    call: str
    count: int

    def __str__(self) -> str:
        return f"{self.call} {self.count}"


@dataclass(frozen=True)
class Day:
    """A world just before the busy reconcile, and what that leads to when nothing disturbs it.

    ``points`` are its durable calls in order, ``writes`` says how often the database writes, and
    ``gone`` are the published paths whose time is over.
    """

    folder: Path
    points: tuple[Point, ...]
    writes: int
    expected: dict[str, object]
    gone: frozenset[str]

    def again(self, root: Path, *, authors: bool = False) -> Path:
        """A copy of the world; with ``authors`` also of the repository, to be committed to."""
        root.mkdir()
        for name in ("state", "keys", "offline", "public"):
            shutil.copytree(self.folder / name, root / name)
        for name in ("desired-state", "hosts"):
            if authors:
                shutil.copytree(self.folder / name, root / name)
            else:
                (root / name).symlink_to(self.folder / name)
        return root


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    folder = tmp_path_factory.mktemp("busy") / "world"
    _live_until_yesterday(folder)
    _change_much(stored(folder, NOW))
    before = Evidence.gathered(folder, folder.parent)
    day = Day(folder, (), 0, {}, frozenset())
    root = day.again(folder.parent / "undisturbed")
    calls = _traced(root, folder.parent / "calls")
    points = tuple(call for call in calls if call.call != WRITE)
    end = Evidence.gathered(root, folder.parent)
    assert end.contradictions() == []
    assert end.unrest() == []
    gone = frozenset(before.files.keys() - end.files.keys())
    return Day(folder, points, len(calls) - len(points), end.picture(), gone)


# Running, and being killed


def _command(root: Path, now: Instant, *mortal: str) -> list[str]:
    module = ("-m", "tests.e2e.reconcile_once")
    return [sys.executable, *module, str(root), str(to_epoch(now)), *mortal]


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )


def _traced(root: Path, log: Path) -> tuple[Point, ...]:
    """Reconcile undisturbed and list the reconciler's durable calls and the database's writes."""
    calls = ",".join((*DURABLE, WRITE))
    run = _run(["strace", "-qq", "-o", str(log), "-e", f"trace={calls}", *_command(root, NOW)])
    assert run.returncode == 0, run.stderr
    counts: Counter[str] = Counter()
    points = []
    for line in log.read_text().splitlines():
        call = line.partition("(")[0]
        if call in (*DURABLE, WRITE):
            counts[call] += 1
            points.append(Point(call, counts[call]))
    return tuple(points)


def _kill(root: Path, point: Point, now: Instant = NOW) -> None:
    """Reconcile, and die on entering a call, before it does anything.

    strace counts the calls of each name and process apart. Neither ``-f`` nor ``--seccomp-bpf``:
    the one would kill git as well, with the other strace 6.1 kills too late.
    """
    inject = f"inject={point.call}:signal=KILL:when={point.count}"
    strace = ["strace", "-qq", "-o", os.devnull]
    run = _run([*strace, "-e", f"trace={point.call}", "-e", inject, *_command(root, now)])
    assert run.returncode == -signal.SIGKILL, f"{point}: {run.returncode} {run.stderr}"


def _die_signing(root: Path, signatures: int) -> None:
    """Reconcile, and die once the services' CA has made so many signatures, before one more.

    The first is its responder's. After it all leaves are intended and none is signed; after nine,
    eight of them are, and not one is recorded.
    """
    with stored(root, NOW).reader() as reader:
        [key] = [k for k, one in reader.authorities().items() if one.name == "vcc-services"]
    run = _run(_command(root, NOW, key, str(signatures)))
    assert run.returncode == -signal.SIGKILL, run.stderr


def _restart(root: Path, now: Instant) -> None:
    """The next reconcile, with nothing but what is on disk; it ends like any other."""
    outcome = stored(root, now).reconcile()
    assert (outcome.observed.failed, outcome.done.failed, outcome.kept_back) == ("", [], ())


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


def _survive(day: Day, folder: Path, point: Point, *, later: int) -> None:
    """Killed at a point and started again: the same end, the same future."""
    folder.mkdir(exist_ok=True)
    root = day.again(folder / "world")
    _kill(root, point)
    assert Evidence.gathered(root, folder).contradictions() == [], point
    now = NOW + timedelta(seconds=later)
    _restart(root, now)
    assert differences(_is_over(root, now).picture(), day.expected) == [], point
    shutil.rmtree(folder)


def _evenly(points: Sequence[Point], count: int) -> list[Point]:
    """The first, the last, and evenly between."""
    return [points[i * (len(points) - 1) // (count - 1)] for i in range(count)]


def _sample(points: Sequence[Point]) -> list[Point]:
    """A third are renames of published files, which are most; the others ledger, keys, phases."""
    renames = [p for p in points if p.call == "renameat"]
    others = [p for p in points if p.call != "renameat"]
    return [*_evenly(others, SAMPLED - SAMPLED // 3), *_evenly(renames, SAMPLED // 3)]


# What must hold


@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize("sample", range(SAMPLED))
def test_a_killed_reconcile_leaves_no_trace(day: Day, tmp_path: Path, sample: int) -> None:
    """The state after a restart is that of an undisturbed run; then there is nothing left to do."""
    _survive(day, tmp_path / "one", _sample(day.points)[sample], later=7 * (sample % 2))


@pytest.mark.slow
@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_durable_call_is_a_wrong_moment_to_die(day: Day, tmp_path: Path, part: int) -> None:
    """The same at every durable call of the reconcile."""
    for number, point in enumerate(day.points[part::PARTS]):
        _survive(day, tmp_path / str(number), point, later=7 * (number % 2))


@pytest.mark.slow
@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize("part", range(8))
def test_half_a_transaction_is_none(day: Day, tmp_path: Path, part: int) -> None:
    """The same in the midst of what the database writes: also after signatures whose result is
    on its way.
    """
    # How much is written differs a little from run to run: new serials lie on other pages.
    writes = [Point(WRITE, 1 + n) for n in range(day.writes * 95 // 100)]
    for number, point in enumerate(_evenly(writes, 40)[part::8]):
        _survive(day, tmp_path / str(number), point, later=7 * (number % 2))


@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize("signatures", [1, 9], ids=["before a signature", "before its result"])
def test_what_was_intended_is_signed_as_it_was(day: Day, tmp_path: Path, signatures: int) -> None:
    """Between intent and result nobody knows whether a signature exists: the same bytes again."""
    root = day.again(tmp_path / "world")
    _die_signing(root, signatures)
    left = Evidence.gathered(root, tmp_path).left_open()
    _restart(root, NOW)
    found = _is_over(root, NOW)
    assert len(left) > 10
    assert left.keys() <= set(found.issued.values())
    assert found.burnt == set()
    assert differences(found.picture(), day.expected) == []


@pytest.mark.debian("strace", "git")
def test_what_is_no_longer_wanted_is_burnt(day: Day, tmp_path: Path) -> None:
    """The service went while nobody was there: its serial may be out, so it is on the CRL, its
    answer says revoked, and no file of its is published. Everything else is signed as intended.
    """
    root = day.again(tmp_path / "world", authors=True)
    _die_signing(root, 9)
    left = Evidence.gathered(root, tmp_path).left_open()
    world = stored(root, NOW)
    _remove(world, "new-2")
    world.commit("Not after all")
    _restart(root, NOW)
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


@pytest.mark.debian("strace", "git")
def test_what_came_after_the_crash_counts(day: Day, tmp_path: Path) -> None:
    """Signed, not yet published, and changed again before the restart: nothing waits for ever."""
    root = day.again(tmp_path / "world", authors=True)
    _kill(root, Point("renameat", 1 + sum(p.call == "renameat" for p in day.points) // 2))
    world = stored(root, NOW)
    world.edit(_path("renamed"), "other.vcc.local", "another.vcc.local")
    world.new_key("vcc", "rekeyed")
    _remove(world, "new-3")
    world.commit("Second thoughts")
    _restart(root, NOW)
    found = _is_over(root, NOW)
    names = {path.split("/")[2] for path in found.files if path.startswith("svc/vcc/")}
    assert "new-3" in names
    assert "another.vcc.local" in str(world.certificates("vcc", "renamed")[-1].der)


@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize("hours", [50, pytest.param(2, marks=pytest.mark.slow)])
def test_a_long_time_after(day: Day, tmp_path: Path, hours: int) -> None:
    """However late the restart is, nothing is left open and nothing is lost."""
    root = day.again(tmp_path / "world")
    _die_signing(root, 9)
    later = NOW + timedelta(hours=hours)
    _restart(root, later)
    _is_over(root, later)


@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize(
    "count", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, 4, 9, 18))]
)
def test_dying_again_while_recovering(day: Day, tmp_path: Path, count: int) -> None:
    """A second death, on the way back, changes nothing either."""
    root = day.again(tmp_path / "world")
    _die_signing(root, 9)
    _kill(root, Point("fdatasync", count))
    _restart(root, NOW)
    found = _is_over(root, NOW)
    assert differences(found.picture(), day.expected) == []


@pytest.mark.debian("strace", "git")
def test_a_killed_git_is_no_obstacle(day: Day, tmp_path: Path) -> None:
    """It dies while it moves the branch. The clock's work goes on, and the next fetch does not trip
    over what is left of this one.
    """
    root = day.again(tmp_path / "world")
    lock = root / "state/repository.git/refs/heads/main.lock"
    inject = ("-e", "trace=rename", "-e", "inject=rename:signal=KILL:when=1", "-P", str(lock))
    run = _run(["strace", "-f", "-qq", "-o", os.devnull, *inject, *_command(root, NOW)])
    assert json.loads(run.stdout)["accepted"] == []
    assert lock.exists()
    _restart(root, NOW)
    found = _is_over(root, NOW).picture()
    # Not the whole picture: what was renewed without Git was issued again, or revoked, with it.
    assert differences(found["subjects"], day.expected["subjects"]) == []


@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize(
    "share", [None, 0.4, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.1, 0.7, 0.9, 0.99))]
)
def test_readers_notice_nothing(day: Day, tmp_path: Path, share: float | None) -> None:
    """Whoever reads all the time, before, during and after a crash, sees whole objects only, which
    never go back and never go missing until their time is over.
    """
    root = day.again(tmp_path / "world")
    with Poller(root / "public") as poller:
        if share is not None:
            _kill(root, _evenly(day.points, 101)[round(100 * share)])
        run = _run(_command(root, NOW))
    assert run.returncode == 0, run.stderr
    assert poller.faults == []
    assert poller.missing <= day.gone
    assert poller.rate >= READS_A_SECOND
