"""A clock that leaps, either way: nothing is signed, published or recorded, and it heals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from pki_reconciler.daemon.listening import verbose
from pki_reconciler.daemon.metrics import exposition
from pki_reconciler.ledger import confirmations
from pki_reconciler.ledger.confirmations import Word
from tests.properties.organisation import SERVICES, Declare, Scene
from tests.reconciler.daemon.conftest import Running, running


class Steady:
    """A clock that nobody sets: it goes with the test's, but for leaps."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.leapt = timedelta()
        self.begun = scene.world.clock.now()

    def __call__(self) -> float:
        return (self.scene.world.clock.now() - self.begun - self.leapt).total_seconds()

    def leap(self, by: timedelta) -> None:
        self.scene.world.clock.advance(seconds=by.total_seconds())
        self.leapt += by


@contextmanager
def believing(scene: Scene, *, steady: bool = False) -> Iterator[tuple[Running, Steady]]:
    """A daemon with the bound that hosts have, and a commit that waits to be acted on."""
    other = Steady(scene)
    scene.world.leap = timedelta(hours=72)
    if steady:
        scene.world.steady = other
    with running(scene) as daemon:
        daemon.cycle()
        daemon.cycle(hours=25)
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        yield daemon, other


LEAPS = [timedelta(hours=-3), timedelta(days=30), timedelta(days=3650)]


@pytest.mark.parametrize("leap", LEAPS, ids=str)
def test_while_it_is_wrong_nothing_is_written_and_it_heals_by_itself(
    scene: Scene, leap: timedelta
) -> None:
    with believing(scene) as (daemon, clock):
        public = dict(scene.public)
        with scene.world.reader() as reader:
            size = reader.size()
        clock.leap(leap)
        for _ in range(3):
            pulse = daemon.cycle(seconds=60)
            assert [doubt.what for doubt in pulse.report.doubts] == ["clock"]
            assert not pulse.ready
        assert dict(scene.public) == public
        with scene.world.reader() as reader:
            assert reader.size() == size
        clock.leap(-leap)
        pulse = daemon.cycle(seconds=60)
        assert (pulse.result, pulse.report.doubts, pulse.ready) == ("success", (), True)
        assert any(path.startswith("svc/beta/new/") for path in scene.public)


@pytest.mark.parametrize("leap", [timedelta(hours=1), timedelta(hours=-1)], ids=str)
def test_a_running_daemon_notices_what_no_entry_tells(scene: Scene, leap: timedelta) -> None:
    """The newest entry is two hours old, and work is due much later."""
    with believing(scene, steady=True) as (daemon, clock):
        daemon.cycle()
        daemon.cycle(hours=2)
        clock.leap(leap)
        assert [d.what for d in daemon.cycle(seconds=5).report.doubts] == ["clock"]
        clock.leap(-leap)
        assert daemon.cycle(seconds=5).report.doubts == ()


def test_small_corrections_are_nobodys_business(scene: Scene) -> None:
    with believing(scene, steady=True) as (daemon, clock):
        daemon.cycle()
        daemon.cycle(minutes=30)
        for seconds in (300, -600, 300):
            clock.leap(timedelta(seconds=seconds))
            assert daemon.cycle(seconds=60).report.doubts == ()


def test_a_day_without_the_daemon_is_made_up_for(scene: Scene) -> None:
    with believing(scene) as (daemon, _):
        daemon.cycle()
    with running(scene) as later:
        pulse = later.cycle(hours=36)
        assert (pulse.result, pulse.report.doubts) == ("success", ())


@pytest.mark.parametrize("leap", LEAPS[:2], ids=str)
def test_a_persons_word_is_enough(scene: Scene, leap: timedelta) -> None:
    """Nothing ran for a month, say. The word is taken in the next cycle, and numbers grow."""
    with believing(scene) as (daemon, clock):
        with scene.world.reader() as reader:
            before = reader.intended_numbers()
        clock.leap(leap)
        daemon.cycle(seconds=60)
        path = scene.world.ledger_path
        confirmations.leave(path, Word.on_clock(scene.world.clock.now()))
        pulse = daemon.cycle(seconds=60)
        assert pulse.report.doubts == ()
        assert any(path.startswith("svc/beta/new/") for path in scene.public)
        assert not confirmations.file_of(path).exists()
        with scene.world.reader() as reader:
            after = reader.intended_numbers()
        assert all(after[issuer] >= number for issuer, number in before.items())


def test_a_word_about_another_time_is_none(scene: Scene) -> None:
    with believing(scene) as (daemon, clock):
        confirmations.leave(scene.world.ledger_path, Word.on_clock(scene.world.clock.now()))
        clock.leap(timedelta(days=30))
        assert [d.what for d in daemon.cycle(seconds=60).report.doubts] == ["clock"]


def test_probes_and_metrics_say_so_within_one_cycle(scene: Scene) -> None:
    with believing(scene) as (daemon, clock):
        clock.leap(timedelta(days=30))
        pulse = daemon.cycle(seconds=60)
        assert "[-] clock in doubt: it is 2026-12-24" in verbose(pulse)
        assert b'pki_in_doubt{what="clock"} 1.0' in exposition(pulse, version="1")
        clock.leap(timedelta(days=-30))
        assert b'pki_in_doubt{what="clock"} 0.0' in exposition(
            daemon.cycle(seconds=60), version="1"
        )
