"""What a cycle may do: by what the clock says, and by what marks say about the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pki_reconciler.decide import footing
from pki_reconciler.decide.footing import Clocks, Footing, May, Memory, Witness
from pki_schema.desired import Identity
from pki_schema.planned import Action, Cause, CertificateRef, Plan, Verb, Wave

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LEAP = 72 * HOUR


def clocks(now: datetime, **more: object) -> Clocks:
    """The newest entry is of ``NOW``; work is due 12 hours later."""
    known = {"latest": NOW, "next_due": NOW + 12 * HOUR, "leap": LEAP} | more
    return Clocks(now=now, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "may"),
    [
        (NOW - 30 * 24 * HOUR, May.NOTHING),
        (NOW - 6 * MINUTE, May.NOTHING),
        (NOW - MINUTE, May.NOTHING),
        (NOW, May.EVERYTHING),
        (NOW + 12 * HOUR, May.EVERYTHING),
        (NOW + 36 * HOUR, May.EVERYTHING),
        (NOW + 84 * HOUR, May.EVERYTHING),
        (NOW + 84 * HOUR + MINUTE, May.NOTHING),
        (NOW + 10_000 * HOUR, May.NOTHING),
    ],
)
def test_the_clock_is_believed_between_the_newest_entry_and_the_bound(
    at: datetime, may: May
) -> None:
    """A daemon that was down for a day goes on by itself."""
    assert footing.footing(clocks(at)).may is may


def test_a_small_step_back_is_waited_for() -> None:
    found = footing.footing(clocks(NOW - MINUTE))
    assert (found.doubts, found.waits_until) == ((), NOW)


def test_a_leap_is_told_with_both_instants_and_what_to_do() -> None:
    [doubt] = footing.footing(clocks(NOW - HOUR)).doubts
    assert doubt.what == "clock"
    assert "2026-11-23T11:00:00Z" in doubt.evidence
    assert "2026-11-23T12:00:00Z" in doubt.evidence
    assert "--confirm clock" in doubt.remedy


@pytest.mark.parametrize(
    "more",
    [
        {"latest": None, "next_due": None},
        {"next_due": None},
        {"leap": None},
        {"next_due": NOW + 10_000 * HOUR},
    ],
    ids=["an empty ledger", "nothing was due", "any time is believed", "due much later"],
)
def test_without_anything_due_no_time_is_too_late(more: dict[str, object]) -> None:
    assert footing.footing(clocks(NOW + 9_000 * HOUR, **more)).may is May.EVERYTHING


@pytest.mark.parametrize(
    ("drift", "may"),
    [
        (timedelta(0), May.EVERYTHING),
        (timedelta(seconds=999), May.EVERYTHING),
        (timedelta(seconds=-999), May.EVERYTHING),
        (timedelta(seconds=1001), May.NOTHING),
        (timedelta(seconds=-1001), May.NOTHING),
    ],
)
def test_in_a_running_process_a_steady_clock_bears_witness(drift: timedelta, may: May) -> None:
    """What ntpd corrects is no leap; what it would refuse is."""
    assert footing.footing(clocks(NOW + HOUR, drift=drift)).may is may


def test_a_steady_clock_outweighs_what_was_due() -> None:
    """Nothing could be done for a week, and time has passed all the same."""
    assert footing.footing(clocks(NOW + 168 * HOUR, drift=timedelta(0))).may is May.EVERYTHING


def test_a_doubted_ledger_may_refresh_status() -> None:
    doubt = footing.ledger_doubt("it was made anew")
    found = footing.footing(clocks(NOW), [doubt])
    assert (found.may, found.doubts) == (May.STATUS, (doubt,))


def test_a_doubted_clock_outweighs_a_doubted_ledger() -> None:
    found = footing.footing(clocks(NOW - HOUR), [footing.ledger_doubt("it was made anew")])
    assert found.may is May.NOTHING
    assert [doubt.what for doubt in found.doubts] == ["clock", "ledger"]


@pytest.mark.parametrize(
    ("memory", "mark", "is_told"),
    [
        (Memory(size=40), Witness(fence=3, entries=40), False),
        (Memory(size=40), Witness(fence=3, entries=12), False),
        (Memory(size=40), Witness(fence=3, entries=41), True),
        (Memory(size=0), Witness(fence=3, entries=1), True),
        (Memory(size=40, entries=60, fence=3), Witness(fence=3, entries=60), False),
        (Memory(size=40, entries=60, fence=3), Witness(fence=2, entries=50), False),
        (Memory(size=40, entries=60, fence=3), Witness(fence=4, entries=50), True),
        (Memory(size=40, entries=60, fence=3), Witness(fence=3, entries=61), True),
    ],
)
def test_a_mark_with_more_entries_is_told_unless_accounted_for(
    memory: Memory, mark: Witness, is_told: bool
) -> None:
    assert bool(footing.forgotten(memory, {"the key store": mark})) is is_told


# What is left of a plan


def act(verb: Verb, name: str, *, wave: Wave = Wave.LEAF, of: int = 0) -> Action:
    subject = Identity("Certificate", "vcc", name)
    return Action(
        wave=wave,
        verb=verb,
        subject=subject,
        cause=Cause.GIT,
        reason="",
        certificates=tuple(CertificateRef("issuer", f"{n}", subject) for n in range(of)),
    )


PLAN = Plan(
    commit="c",
    actions=(
        act(Verb.REVOKE, "some", wave=Wave.REVOCATION, of=2),
        act(Verb.REVOKE, "none", wave=Wave.REVOCATION),
        act(Verb.ISSUE, "ca/1", wave=Wave.AUTHORITY),
        act(Verb.RENEW, "web"),
        act(Verb.REISSUE, "api"),
        act(Verb.ADOPT, "db"),
        act(Verb.RETIRE, "old"),
        act(Verb.EXPIRE, "done", wave=Wave.STATUS, of=1),
        act(Verb.SIGN_CRL, "ca/1", wave=Wave.STATUS),
        act(Verb.SIGN_CRL, "root/1", wave=Wave.STATUS),
        act(Verb.SIGN_ANSWERS, "root/1", wave=Wave.STATUS, of=1),
    ),
)


def test_in_doubt_only_status_and_revocations_are_left() -> None:
    """The rest is held under the doubt's code, and none is lost from sight."""
    doubted = Footing(may=May.STATUS, doubts=(footing.ledger_doubt("x"),))
    left = footing.restricted(PLAN, doubted)
    assert [(a.verb, a.subject.name) for a in left.actions] == [
        (Verb.REVOKE, "some"),
        (Verb.SIGN_CRL, "root/1"),
        (Verb.SIGN_ANSWERS, "root/1"),
    ]
    [held] = left.held
    assert held.code == "PKI6030"
    assert {a.subject.name for a in held.actions} == {
        "none", "ca/1", "web", "api", "db", "old", "done",
    }  # fmt: skip


def test_without_a_clock_nothing_is_left() -> None:
    doubted = footing.footing(clocks(NOW - HOUR))
    left = footing.restricted(PLAN, doubted)
    assert left.actions == ()
    assert [held.code for held in left.held] == ["PKI6031"]


def test_on_firm_ground_a_plan_stays_as_it_is() -> None:
    assert footing.restricted(PLAN, Footing()) is PLAN
