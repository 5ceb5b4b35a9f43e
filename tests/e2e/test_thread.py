"""The thread from end to end: commits in, certificates and status out."""

from __future__ import annotations

from pathlib import Path

from tests.worlds import World


def test_a_second_reconcile_does_nothing(tmp_path: Path) -> None:
    """Signed 0, written 0, published 0, and not one public byte differs."""
    world = World.shipped(tmp_path)
    first = world.reconcile()
    before = dict(world.targets["public"].files)
    second = world.reconcile()
    assert first.done.signed > 20
    assert not first.held
    assert (second.done.signed, second.done.written, second.done.published) == (0, 0, 0)
    assert world.targets["public"].files == before


def test_renewal_comes_by_the_clock_and_keeps_the_key(world: World) -> None:
    outcome = world.reconcile(days=61)
    old, new = world.certificates("vcc", "argus-backend")
    assert outcome.plans[0].actions
    assert (old.spki, old.serial) != (new.spki, new.serial)
    assert old.spki == new.spki
    assert str(new.state) == "valid"
