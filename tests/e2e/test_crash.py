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
YESTERDAY = EPOCH + timedelta(days=56, hours=20)
NOW = EPOCH + timedelta(days=60)
"""Three days on: every CRL, the responders, many answers and most services are due."""

SAMPLED = 24
"""Kill points of an ordinary run: the first, the last, and evenly between them."""

PARTS = 4
"""The slow test takes all points, in so many parts side by side."""

POLLED = 4
"""Every so many sampled points somebody reads the publication all the time."""

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
    world.edit("tenants/vcc/tenant.yaml", "vcc-services, vcc-people", "vcc-services, vcc-devices, vcc-people")
    world.edit("tenants/vcc/tenant.yaml", "    - vcc-service\n", "    - vcc-service\n    - vcc-device\n")
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

    ``points`` are its durable calls in order, ``gone`` the published paths whose time is over.
    """

    folder: Path
    points: tuple[Point, ...]
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
    day = Day(folder, (), {}, frozenset())
    root = day.again(folder.parent / "undisturbed")
    points = _traced(root, folder.parent / "calls")
    end = Evidence.gathered(root, folder.parent)
    assert end.contradictions() == []
    assert end.unrest() == []
    gone = frozenset(before.files.keys() - end.files.keys())
    return Day(folder, points, end.picture(), gone)


# Running, and being killed


def _command(root: Path, now: Instant, *mortal: str) -> list[str]:
    module = ("-m", "tests.e2e.reconcile_once")
    return [sys.executable, *module, str(root), str(to_epoch(now)), *mortal]


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )


def _traced(root: Path, log: Path) -> tuple[Point, ...]:
    """Reconcile undisturbed and list the durable calls; the reconciler makes all but git's."""
    calls = ",".join(DURABLE)
    run = _run(["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}", *_command(root, NOW)])
    assert run.returncode == 0, run.stderr
    own = str(json.loads(run.stdout)["process"])
    counts: Counter[str] = Counter()
    points = []
    for line in log.read_text().splitlines():
        process, _, rest = line.partition(" ")
        call = rest.strip().partition("(")[0]
        if process == own and call in DURABLE:
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


def _die_opening(root: Path, key: str, time: int) -> None:
    """Reconcile, and die when a key is taken out of the key store for the ``time``-th time."""
    run = _run(_command(root, NOW, key, str(time)))
    assert run.returncode == -signal.SIGKILL, run.stderr


def _restart(root: Path, now: Instant) -> None:
    """The next reconcile; it ends like any other."""
    run = _run(_command(root, now))
    assert run.returncode == 0, run.stdout + run.stderr


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


def _survive(day: Day, folder: Path, point: Point, *, later: int) -> Evidence:
    """Killed at a point and started again: the same end, the same future."""
    root = day.again(folder / "world")
    _kill(root, point)
    killed = Evidence.gathered(root, folder)
    assert killed.contradictions() == [], point
    now = NOW + timedelta(seconds=later)
    outcome = stored(root, now).reconcile()
    assert not outcome.held
    found = _is_over(root, now)
    assert differences(found.picture(), day.expected) == [], point
    return killed


def _evenly(points: Sequence[Point], count: int) -> list[Point]:
    """The first, the last, and evenly between."""
    return [points[i * (len(points) - 1) // (count - 1)] for i in range(count)]


def _sample(points: Sequence[Point]) -> list[Point]:
    """A third are renames of published files, which are the most; the others ledger, keys, phases."""
    renames = [p for p in points if p.call == "renameat"]
    others = [p for p in points if p.call != "renameat"]
    return [*_evenly(others, SAMPLED - SAMPLED // 3), *_evenly(renames, SAMPLED // 3)]


# What must hold


@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize("sample", range(SAMPLED))
def test_a_killed_reconcile_leaves_no_trace(day: Day, tmp_path: Path, sample: int) -> None:
    """The state after a restart is that of an undisturbed run; then there is nothing left to do."""
    _survive(day, tmp_path, _sample(day.points)[sample], later=7 * (sample % 2))


@pytest.mark.slow
@pytest.mark.debian("strace", "git")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_durable_call_is_a_wrong_moment_to_die(day: Day, tmp_path: Path, part: int) -> None:
    """The same at every durable call of the reconcile. Some deaths leave open intents behind."""
    left = 0
    for number, point in enumerate(day.points[part::PARTS]):
        folder = tmp_path / str(number)
        folder.mkdir()
        killed = _survive(day, folder, point, later=7 * (number % 2))
        left += len(killed.left_open())
        shutil.rmtree(folder)
    assert left
