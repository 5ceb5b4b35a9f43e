"""What fails is shown wherever somebody looks, within one cycle, and heals by itself.

Six ways to fail; ``status``, the metrics and ``/readyz?verbose`` name the same thing, everything
published stays as it is, and the first cycle after its end says that all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from pki_publishers.release import PublicObject
from pki_reconciler.daemon.listening import verbose
from pki_reconciler.daemon.metrics import exposition
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.ledger.read import Reader
from pki_reconciler.standing import standing
from pki_schema.errors import WorldFailed
from pki_schema.x509.algorithms import PrivateKey
from tests.fakes import InMemoryKeyStore
from tests.properties.organisation import SERVICES, Declare, Scene
from tests.reconciler.daemon.conftest import Running, running

SUMMARIES = ("status", "index.html", "expiry.ics")
"""What tells of a fault may change in it, nothing else."""

Fault = Callable[[Running], "Iterator[None]"]


@dataclass
class Attached(InMemoryKeyStore):
    """A key store that may be away."""

    away: bool = False

    def open(self, spki: str) -> PrivateKey:
        if self.away:
            raise WorldFailed("the token is away", "attach it")
        return super().open(spki)


def _git_gone(daemon: Running) -> Iterator[None]:
    world = daemon.scene.world
    world.tree.rename(world.root / "unreachable")
    yield
    (world.root / "unreachable").rename(world.tree)


def _target(daemon: Running, message: str) -> Iterator[None]:
    def fail(_: Sequence[PublicObject]) -> None:
        raise WorldFailed(message, "see its disk")

    daemon.scene.target.before = fail
    yield
    daemon.scene.target.before = lambda _: None


def _target_away(daemon: Running) -> Iterator[None]:
    yield from _target(daemon, "the published folder cannot be written: no route to host")


def _target_full(daemon: Running) -> Iterator[None]:
    yield from _target(daemon, "the published folder cannot be written: no space left on device")


def _keys_away(daemon: Running) -> Iterator[None]:
    store = daemon.scene.world.keys
    assert isinstance(store, Attached)
    store.away = True
    yield
    store.away = False


def _ledger(daemon: Running, hinder: str, undo: str) -> Iterator[None]:
    """The database's own words for it: these make SQLite refuse as a disk would."""
    connection = daemon.host.ledger._engine.raw_connection()
    connection.cursor().execute(hinder)
    yield
    connection.cursor().execute(undo)


def _disk_full(daemon: Running) -> Iterator[None]:
    yield from _ledger(daemon, "PRAGMA max_page_count=1", "PRAGMA max_page_count=1073741823")


def _read_only(daemon: Running) -> Iterator[None]:
    yield from _ledger(daemon, "PRAGMA query_only=ON", "PRAGMA query_only=OFF")


FAULTS: dict[str, tuple[Fault, str]] = {
    "Git gone": (_git_gone, "repository"),
    "target away": (_target_away, "publication/public"),
    "target full": (_target_full, "publication/public"),
    "keys away": (_keys_away, "signer/"),
    "disk full": (_disk_full, "ledger"),
    "read-only": (_read_only, "ledger"),
}


def _shown(daemon: Running, pulse: Pulse) -> dict[str, set[str]]:
    """What each of three places calls failing."""
    with Reader.open(daemon.scene.world.ledger_path) as reader:
        report = standing(reader, targets=["public"], held=(), now=pulse.at)
    return {
        "status": {one.resource.partition("/")[0] for one in report.failures},
        "metrics": {
            line.partition('"')[2].partition('"')[0].partition("/")[0]
            for line in exposition(pulse, version="1").decode().splitlines()
            if line.startswith("pki_resource_up{") and line.endswith(" 0.0")
        },
        "readyz": {
            line.split()[1].partition("/")[0]
            for line in verbose(pulse).splitlines()
            if line.startswith("[-] ")
        },
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_what_fails_is_shown_everywhere_and_heals_by_itself(scene: Scene, fault: str) -> None:
    """Within one cycle each. What cannot be written to the ledger is not in it; ``status`` looks
    for itself whether that one can be written (``test_status``).
    """
    disturb, resource = FAULTS[fault]
    scene.world.keys = Attached(scene.keys.keys, scene.keys.offline)
    with running(scene) as daemon:
        assert daemon.cycle().failures == ()
        before = dict(scene.public)
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        with contextmanager(disturb)(daemon):
            pulse = daemon.cycle(seconds=60)
            assert [one.resource.startswith(resource) for one in pulse.failures] == [True]
            shown = _shown(daemon, pulse)
            named = {resource.partition("/")[0]}
            assert shown["metrics"] == named
            assert shown["readyz"] == named
            assert shown["status"] == (set() if resource == "ledger" else named)
            changed = {path for path, body in before.items() if scene.public.get(path) != body}
            assert not [path for path in changed if not path.startswith(SUMMARIES)]
        healed = daemon.cycle(minutes=5)
        assert healed.failures == ()
        assert not any(_shown(daemon, healed).values())
        assert "svc/beta/new/default/current.json" in scene.public
