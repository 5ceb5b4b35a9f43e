"""What people hear from a daemon at work: nothing on a quiet day, and each trouble once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from pki_publishers.release import PublicObject
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.transitions import Told, transitions
from pki_schema.errors import WorldFailed
from tests.properties.organisation import SERVICES, Declare, Revoke, Scene
from tests.reconciler.daemon.conftest import running


class Listener:
    """Hears what is told of each pulse, as sentences."""

    def __init__(self) -> None:
        self.told: Told | None = None

    def hears(self, pulse: Pulse) -> list[str]:
        self.told, changed = transitions(self.told, pulse)
        return [
            f"{one.either.kind} {one.either.name}: "
            f"{one.before.word if one.before else ''} > {one.after.word if one.after else ''}"
            for one in changed
        ]


@pytest.mark.slow
def test_a_month_of_renewals_is_a_month_of_silence(scene: Scene) -> None:
    """From the first start on: whatever falls due is done in time, so nobody hears of it."""
    listener = Listener()
    with running(scene) as daemon:
        pulse = daemon.cycle()
        assert listener.hears(pulse) == []
        end = scene.world.clock.now() + timedelta(days=31)
        while pulse.at < end:
            assert pulse.report.next_due is not None
            wait = pulse.report.next_due - scene.world.clock.now()
            pulse = daemon.cycle(seconds=max(wait.total_seconds(), 1))
            assert listener.hears(pulse) == []


def test_changes_that_succeed_are_not_news(scene: Scene) -> None:
    listener = Listener()
    with running(scene) as daemon:
        listener.hears(daemon.cycle())
        Declare(SERVICES[3]).act(scene)
        Revoke(SERVICES[0], "superseded").act(scene)
        scene.commit()
        assert listener.hears(daemon.cycle(seconds=60)) == []


def test_a_full_disk_is_told_at_its_second_failure_and_when_it_is_over(scene: Scene) -> None:
    def full(_: Sequence[PublicObject]) -> None:
        raise WorldFailed("the disk is full", "make room")

    listener = Listener()
    with running(scene) as daemon:
        listener.hears(daemon.cycle())
        scene.target.before = full
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        heard = [listener.hears(daemon.cycle(seconds=15)) for _ in range(4)]
        assert heard == [[], ["resource publication/public:  > failing"], [], []]
        scene.target.before = lambda _: None
        assert listener.hears(daemon.cycle(seconds=600)) == [
            "resource publication/public: failing > "
        ]


def test_a_guard_is_told_with_what_it_keeps_back_and_when_it_lets_go(scene: Scene) -> None:
    listener = Listener()
    scene.limit("alpha", 0)
    scene.commit()
    with running(scene) as daemon:
        listener.hears(daemon.cycle())
        Revoke(SERVICES[0], "superseded").act(scene)
        scene.commit()
        heard = listener.hears(daemon.cycle(seconds=60))
        assert any(one.startswith("rule PKI6") for one in heard)
        assert listener.hears(daemon.cycle(seconds=60)) == []
        scene.limit("alpha", 5)
        scene.commit()
        over = listener.hears(daemon.cycle(seconds=60))
        assert len(over) == len(heard)
        assert all(one.endswith("> ") for one in over)


def test_a_tenants_fault_is_told_by_its_slice(scene: Scene) -> None:
    listener = Listener()
    with running(scene) as daemon:
        listener.hears(daemon.cycle())
        odd = scene.world.tree / "tenants/alpha/services/odd.yaml"
        odd.write_text("spec: [\n")
        scene.commit()
        heard = listener.hears(daemon.cycle(seconds=60))
        assert "slice alpha:  > faulty" in heard
        assert listener.hears(daemon.cycle(seconds=60)) == []
        odd.unlink()
        scene.commit()
        over = listener.hears(daemon.cycle(seconds=60))
        assert "slice alpha: faulty > " in over
        assert len(over) == len(heard)
