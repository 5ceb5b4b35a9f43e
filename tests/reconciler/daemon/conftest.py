"""A small organisation with a daemon over it, cycle by cycle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.running import Daemon, Ears
from pki_reconciler.daemon.wake import Reason
from pki_reconciler.loop import Host
from tests.properties.organisation import Nursery, Scene


@dataclass
class Running:
    """A daemon of ``scene``; ``pulses`` are what it told."""

    scene: Scene
    daemon: Daemon
    host: Host
    pulses: list[Pulse] = field(default_factory=list)

    def cycle(self, **later: float) -> Pulse:
        """One cycle, after moving the clock."""
        self.scene.world.clock.advance(**later)
        return self.daemon.cycle(frozenset({Reason.CLOCK}))


@contextmanager
def running(scene: Scene) -> Iterator[Running]:
    """As ``vcc-pki run`` puts it together, with the world's fakes."""
    pulses: list[Pulse] = []
    with scene.world.host() as host:
        ears = Ears(began=lambda _: None, ended=lambda pulse, _: pulses.append(pulse))
        yield Running(scene, Daemon(host, ears), host, pulses)


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Nursery:
    return Nursery(Path(tmp_path_factory.mktemp("nursery")))


@pytest.fixture
def scene(nursery: Nursery) -> Iterator[Scene]:
    with nursery.scene() as scene:
        yield scene
