"""When the daemon looks again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pki_reconciler.daemon.cadence import LONGEST, back_off, next_wake, poll_after
from tests.fakes import EPOCH

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 15), (2, 30), (3, 60), (4, 120), (5, 240)])
def test_patience_doubles(attempts: int, seconds: int) -> None:
    assert back_off(attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize("attempts", [6, 60, 6_000_000])
def test_patience_ends_at_five_minutes(attempts: int) -> None:
    assert back_off(attempts) == LONGEST


@pytest.mark.parametrize(("chance", "seconds"), [(b"\0\0", 54), (b"\xff\xff", 66), (b"\x80\0", 60)])
def test_a_poll_is_spread_by_a_tenth(chance: bytes, seconds: int) -> None:
    assert poll_after(MINUTE, chance) == timedelta(seconds=seconds)


def test_what_is_due_before_the_poll_wakes_at_its_instant() -> None:
    due = EPOCH + timedelta(seconds=7)
    assert next_wake(EPOCH, poll_at=EPOCH + MINUTE, next_due=due) == due


def test_what_is_due_and_was_not_done_does_not_spin() -> None:
    assert next_wake(EPOCH, poll_at=EPOCH + MINUTE, next_due=EPOCH - MINUTE) == EPOCH + MINUTE


def test_it_never_sleeps_less_than_a_second() -> None:
    assert next_wake(EPOCH, poll_at=EPOCH, next_due=None) == EPOCH + timedelta(seconds=1)
