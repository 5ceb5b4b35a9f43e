"""What people are told: what changed its state, once, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pki_reconciler.daemon.pulse import Pulse, Tally
from pki_reconciler.daemon.transitions import Told, Transition, transitions
from pki_schema.errors import Severity
from pki_schema.reported import Health, Report, Sync
from tests.fakes import EPOCH
from tests.reconciler.daemon.pulses import (
    DOUBT,
    authority,
    failure,
    fault,
    held,
    pulse,
    responder,
)

QUIET = pulse()
WELL = (Health.HEALTHY, Sync.SYNCED)


def told_of(*pulses: Pulse) -> list[list[str]]:
    """What a daemon that knows a quiet day tells after each pulse."""
    told, _ = transitions(None, QUIET)
    found = []
    for one in pulses:
        told, changed = transitions(told, one)
        found.append([sentence(change) for change in changed])
    return found


def sentence(change: Transition) -> str:
    before = change.before.word if change.before else "quiet"
    after = change.after.word if change.after else "quiet"
    return f"{change.either.kind} {change.either.name}: {before} > {after}"


WRONG = {
    "a certificate has expired": (
        pulse(certificates={"web": (Health.EXPIRED, Sync.SYNCED)}),
        "certificate alpha/web/default",
        "Expired",
        Severity.ERROR,
    ),
    "its revocation data is stale": (
        pulse(certificates={"web": (Health.DEGRADED, Sync.SYNCED)}),
        "certificate alpha/web/default",
        "Degraded",
        Severity.ERROR,
    ),
    "a guard keeps it back": (
        pulse(certificates={"web": (Health.HEALTHY, Sync.HELD)}),
        "certificate alpha/web/default",
        "Held",
        Severity.WARNING,
    ),
    "its slice did not parse": (
        pulse(certificates={"web": (Health.HEALTHY, Sync.INVALID)}),
        "certificate alpha/web/default",
        "Invalid",
        Severity.WARNING,
    ),
    "a CA has a stale CRL": (
        pulse(authorities=(authority(health=Health.DEGRADED),)),
        "CA issuing/1",
        "Degraded",
        Severity.ERROR,
    ),
    "a CA has expired before its certificates": (
        pulse(authorities=(authority(health=Health.EXPIRED),)),
        "CA issuing/1",
        "Expired",
        Severity.ERROR,
    ),
    "a guard keeps a CA back": (
        pulse(authorities=(authority(sync=Sync.HELD),)),
        "CA issuing/1",
        "Held",
        Severity.WARNING,
    ),
    "a responder has expired": (
        pulse(responders=(responder(Health.EXPIRED),)),
        "responder issuing/1",
        "Expired",
        Severity.ERROR,
    ),
    "a guard holds": (
        pulse(holds=(held(),)),
        "rule PKI6001",
        "holding something back",
        Severity.WARNING,
    ),
    "a slice stands still": (pulse(slices=(fault(),)), "slice alpha", "faulty", Severity.ERROR),
    "the global slice stands still": (
        pulse(slices=(fault(tenant=""),)),
        "slice global",
        "faulty",
        Severity.ERROR,
    ),
    "the clock leapt": (pulse(doubts=(DOUBT,)), "witness clock", "in doubt", Severity.ERROR),
    "Git is away": (
        pulse(failures=(failure(),)),
        "resource repository",
        "failing",
        Severity.ERROR,
    ),
    "a key is away, by the name of its CA": (
        pulse(failures=(failure(f"signer/{'5' * 64}"),)),
        "resource signer/issuing/1",
        "failing",
        Severity.ERROR,
    ),
    "a commit was refused": (
        pulse(refused=("b" * 40,)),
        "commit bbbbbbbbbbbb",
        "refused",
        Severity.ERROR,
    ),
    "history was rewritten": (
        pulse(rewound="d" * 40),
        "branch dddddddddddd",
        "rewritten",
        Severity.ERROR,
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_it_is_told_when_it_begins_and_when_it_is_over(case: str) -> None:
    wrong, subject, word, severity = WRONG[case]
    later = replace(wrong, at=EPOCH + timedelta(hours=1), fetched_at=EPOCH + timedelta(hours=1))
    assert told_of(wrong, later, QUIET, QUIET) == [
        [f"{subject}: quiet > {word}"],
        [],
        [f"{subject}: {word} > quiet"],
        [],
    ]
    _, [change] = transitions(Told(), wrong)
    assert change.severities == {severity}


@pytest.mark.parametrize("case", WRONG)
def test_the_first_start_tells_what_is_wrong(case: str) -> None:
    wrong, subject, word, _ = WRONG[case]
    _, changed = transitions(None, wrong)
    assert [sentence(one) for one in changed] == [f"{subject}: quiet > {word}"]


AS_WANTED = {
    "retired": pulse(certificates={"web": (Health.RETIRED, Sync.SYNCED)}),
    "suspended": pulse(certificates={"web": (Health.SUSPENDED, Sync.SYNCED)}),
    "revoked, and held because of that": pulse(certificates={"web": (Health.REVOKED, Sync.HELD)}),
    "on hold, and held because of that": pulse(certificates={"web": (Health.ON_HOLD, Sync.HELD)}),
    "a CA that was revoked": pulse(authorities=(authority(health=Health.REVOKED),)),
    "the responder of a CA that is over": pulse(
        authorities=(authority(health=Health.EXPIRED, certificates=0),),
        responders=(responder(Health.EXPIRED, Sync.INVALID),),
    ),
    "a CA that ended after its certificates": pulse(
        authorities=(authority(health=Health.EXPIRED, certificates=0),)
    ),
}


@pytest.mark.parametrize("case", AS_WANTED)
def test_what_an_author_wanted_is_a_notice_and_not_told_at_the_first_start(case: str) -> None:
    told, changed = transitions(None, AS_WANTED[case])
    assert changed == ()
    assert transitions(told, AS_WANTED[case])[1] == ()
    _, changed = transitions(Told(), AS_WANTED[case])
    assert {s for one in changed for s in one.severities} == {Severity.NOTICE}


# Hiccups


def test_one_failure_is_nobodys_business() -> None:
    once = pulse(failures=(failure(attempts=1),))
    assert told_of(once, pulse(seconds=60)) == [[], []]


def test_a_single_failure_that_lasts_is_told() -> None:
    """A key that is asked for once a day fails once a day."""
    first, second, third = (
        pulse(seconds=at, failures=(failure(attempts=1),)) for at in (0, 119, 120)
    )
    assert told_of(first, second, third) == [[], [], ["resource repository: quiet > failing"]]


@pytest.mark.parametrize(
    "passing",
    [
        (Health.HEALTHY, Sync.OUT_OF_SYNC),
        (Health.EXPIRING, Sync.SYNCED),
        (Health.PENDING, Sync.SYNCED),
    ],
)
def test_what_the_next_cycle_mends_is_not_told(passing: tuple[Health, Sync]) -> None:
    late = [pulse(seconds=at, certificates={"web": passing}) for at in (0, 60, 130)]
    assert told_of(late[0], pulse(seconds=15, certificates={"web": WELL})) == [[], []]
    assert [len(found) for found in told_of(*late)] == [0, 0, 1]


def test_better_is_told_when_it_has_lasted() -> None:
    """From expired to merely late: no word until it is sure."""
    expired, late, later = (
        pulse(seconds=at, certificates={"web": (health, Sync.SYNCED)})
        for at, health in ((0, Health.EXPIRED), (60, Health.EXPIRING), (180, Health.EXPIRING))
    )
    name = "certificate alpha/web/default"
    assert told_of(expired, late, later) == [
        [f"{name}: quiet > Expired"],
        [],
        [f"{name}: Expired > Expiring"],
    ]


def test_a_clock_that_leaps_back_does_not_silence_it() -> None:
    ahead = pulse(seconds=86_400, certificates={"web": (Health.EXPIRING, Sync.SYNCED)})
    back = [
        pulse(seconds=at, certificates={"web": (Health.EXPIRING, Sync.SYNCED)}) for at in (0, 120)
    ]
    assert [len(found) for found in told_of(ahead, *back)] == [0, 0, 1]


# What stays the same while it lasts


def test_a_guard_with_other_numbers_is_the_same_guard() -> None:
    more = pulse(holds=(held(message="7, not 5"),))
    assert told_of(pulse(holds=(held(),)), more)[1] == []


def test_another_limit_is_another_guard() -> None:
    both = pulse(holds=(held(), held(origin="b.yaml:3:1")))
    assert len(told_of(pulse(holds=(held(),)), both)[1]) == 1


def test_one_rule_with_a_thousand_refusals_is_one_trouble() -> None:
    many = tuple(held("PKI5001", origin="", message=f"service {n}") for n in range(1_000))
    [[told]] = told_of(pulse(holds=many))
    assert told == "rule PKI5001: quiet > holding something back"


def test_a_global_fault_is_told_with_its_reason_and_not_by_its_commits_too() -> None:
    [[told]] = told_of(pulse(slices=(fault(tenant=""),), refused=("b" * 40, "c" * 40)))
    assert told == "slice global: quiet > faulty"


def test_another_commit_with_the_same_fault_is_not_told_again() -> None:
    assert told_of(pulse(slices=(fault(),)), pulse(slices=(fault(commit="e" * 40),)))[1] == []


# What a cycle could not look at


def test_while_git_is_away_what_was_refused_stays_refused() -> None:
    refused = pulse(refused=("b" * 40,), rewound="d" * 40)
    away = pulse(fetched=False)
    assert told_of(refused, away, refused)[1:] == [[], []]
    assert len(told_of(refused, away, QUIET)[2]) == 2


def test_a_ledger_that_cannot_be_read_at_the_start_heals_nothing() -> None:
    """Before the first report there is none: certificates that expired have not recovered."""
    expired = pulse(certificates={"web": (Health.EXPIRED, Sync.SYNCED)}, slices=(fault(),))
    nothing = Pulse(
        at=EPOCH,
        result="failed",
        seconds=0.1,
        report=Report(now=EPOCH),
        tally=Tally(),
        failures=(failure("ledger"),),
    )
    assert told_of(expired, nothing, expired)[1:] == [
        ["resource ledger: quiet > failing"],
        ["resource ledger: failing > quiet"],
    ]


def test_hostile_text_becomes_one_harmless_line() -> None:
    nasty = "x\r\nBcc: all@example\x1b[2J\u202e" + "y" * 10_000
    _, [change] = transitions(Told(), pulse(failures=(failure(message=nasty),)))
    assert change.after
    assert change.after.detail.isprintable()
    assert len(change.after.detail) == 300


# Random days

STATES = st.tuples(st.sampled_from(list(Health)), st.sampled_from(list(Sync)))
PULSES = st.builds(
    pulse,
    certificates=st.dictionaries(st.sampled_from("abc"), STATES),
    authorities=st.just((authority(),)) | st.just((authority(health=Health.DEGRADED),)),
    holds=st.sampled_from([(), (held(),), (held(message="9"), held("PKI6002"))]),
    slices=st.sampled_from([(), (fault(),), (fault(commit="f" * 40), fault(""))]),
    doubts=st.sampled_from([(), (DOUBT,)]),
    failures=st.sampled_from([(), (failure(),), (failure(attempts=1),), (failure("ledger", 7),)]),
    refused=st.sampled_from([(), ("b" * 40,), ("b" * 40, "c" * 40)]),
    rewound=st.sampled_from(["", "d" * 40]),
    fetched=st.booleans(),
)
DAYS = st.lists(st.tuples(PULSES, st.integers(0, 300)), min_size=1, max_size=8)


def timed(days: list[tuple[Pulse, int]]) -> list[Pulse]:
    """The same pulses, each some seconds after the one before."""
    at, found = EPOCH, []
    for one, seconds in days:
        at += timedelta(seconds=seconds)
        found.append(replace(one, at=at, fetched_at=at if one.fetched_at else None))
    return found


@settings(max_examples=30, deadline=None)
@given(DAYS)
def test_no_notice_without_a_transition(days: list[tuple[Pulse, int]]) -> None:
    """What is told leads from what was known to what is known, and the same twice tells nothing."""
    told: Told | None = None
    for one in timed(days):
        before = told.troubles if told else {}
        told, changed = transitions(told, one)
        for change in changed:
            assert (change.before and change.before.word) != (change.after and change.after.word)
            assert change.before is None or change.before in before.values()
            assert change.after is None or change.after in told.troubles.values()
        again, nothing = transitions(told, one)
        assert nothing == ()
        assert again.troubles == told.troubles


@settings(max_examples=30, deadline=None)
@given(DAYS)
def test_people_know_how_it_stands_from_what_they_were_told(days: list[tuple[Pulse, int]]) -> None:
    """Adding up every transition gives what stands, for whoever heard from the beginning."""
    told, heard = Told(), dict[tuple[str, str], str]()
    for one in timed(days):
        told, changed = transitions(told, one)
        for change in changed:
            for old in filter(None, [change.before]):
                del heard[(old.name, old.word)]
            for new in filter(None, [change.after]):
                heard[(new.name, new.word)] = new.kind
    assert heard == {(one.name, one.word): one.kind for one in told.troubles.values()}


@settings(max_examples=30, deadline=None)
@given(DAYS)
def test_what_lasts_is_told_in_the_end(days: list[tuple[Pulse, int]]) -> None:
    """However it came about: three minutes later nothing waits to be told."""
    told: Told | None = None
    for one in timed([*days, (days[-1][0], 180), (days[-1][0], 180)]):
        told, _ = transitions(told, one)
    assert told is not None
    assert told.unripe == {}
