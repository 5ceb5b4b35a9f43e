"""Promise 7: polled at every commit or once after all: the same acceptance, the same end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pki_schema.desired import Identity, certificate_identity
from pki_schema.errors import Position
from tests.e2e.three_tenants import three
from tests.properties.faults import Heal, Spoil, faulty
from tests.properties.organisation import (
    EVENTFUL,
    HOLDING,
    SERVICES,
    Break,
    Declare,
    Fix,
    Nursery,
    Remove,
    Restore,
    Revert,
    Revoke,
    Scene,
    Step,
    Suspend,
    Wait,
    explored,
    histories,
    holding,
)
from tests.properties.polled import Library
from tests.properties.witness import ended, entries


@dataclass(frozen=True, kw_only=True)
class End:
    """What a history led to, without serials and times. ``accepted`` are commits, each with the
    tenants that stood still and where.

    ``applied`` for those with a good certificate; ``ended``: a revocation came over it, and was not
    a hold that is over.
    """

    accepted: tuple[object, ...]
    declared: dict[Identity, object]
    applied: dict[Identity, object]
    ended: frozenset[Identity]
    held: dict[Identity, tuple[str, ...]]
    blocked: frozenset[str]
    refused: tuple[str, ...]


def end_of(scene: Scene) -> End:
    with scene.world.reader() as reader:
        subjects = [s for s in reader.subjects() if s.identity.kind == "Certificate"]
        blocked = frozenset(k.spki for k in reader.keys() if k.blocked)  # noqa: SIM118 - no mapping
    ledger = scene.world.ledger_path
    owners = {
        (e.body["issuer"], e.body["serial"]): e.body["meaning"]["subject"]
        for e in entries(ledger, "certificate-intended")
    }
    over = [owners[key] for key in ended(ledger)]
    settled = [
        s
        for s in subjects
        if s.declared and not s.declared.suspended and s.current and str(s.current.state) == "valid"
    ]
    return End(
        accepted=tuple(
            (e.body["commit"], *((f["slice"], f["since"]) for f in e.body.get("faulty", ())))
            for e in entries(ledger, "accepted")
        ),
        refused=tuple(e.body["commit"] for e in entries(ledger, "refused")),
        declared={s.identity: placeless(s.declared) for s in subjects if s.declared},
        applied={s.identity: placeless(s.applied) for s in settled},
        ended=frozenset(Identity(o["kind"], o["tenant"], o["name"]) for o in over),
        held={s.identity: s.held_by for s in subjects if s.held_by},
        blocked=blocked,
    )


def placeless(meaning: msgspec.Struct | None) -> object:
    return meaning and msgspec.structs.replace(meaning, origin=Position(""))


def both(nursery: Nursery, history: Sequence[Step]) -> tuple[End, End]:
    """The same commits, looked at one by one and all at once."""
    with nursery.scene() as often, nursery.scene() as once:
        # One repository for both: what differs is when it is looked at.
        once.world.tree.rename(once.world.root / "unused")
        once.world.tree.symlink_to(often.world.tree)
        often.play(history, between=often.reconcile)
        once.world.clock.instant = often.world.clock.instant
        often.reconcile()
        once.reconcile()
        return end_of(often), end_of(once)


BEFORE = frozenset(certificate_identity(*s, "default") for s in SERVICES[:-1])
"""Certified before the history began, in both worlds."""


def compare(nursery: Nursery, history: Sequence[Step]) -> None:
    often, once = both(nursery, history)
    assert often.accepted == once.accepted
    assert often.refused == once.refused
    assert often.declared == once.declared
    # Who was declared and revoked between two polls was never certified: there is no serial to end.
    assert often.ended & BEFORE == once.ended & BEFORE
    assert often.held == once.held
    assert often.blocked == once.blocked
    assert often.applied == once.applied


@explored(1)
@example(history=EVENTFUL)
@example(history=HOLDING)
@given(history=histories(holds=True))
def test_polling_often_or_once_comes_to_the_same_end(nursery: Nursery, history: list[Step]) -> None:
    """The same commits accepted, the same identities ended and held, the same keys blocked, and in
    the end the same meanings, declared and applied.
    """
    compare(nursery, history)


@pytest.mark.slow
@explored(10)
@given(history=st.lists(st.one_of(holding(), holding(), faulty()), min_size=3, max_size=12))
def test_polling_often_or_once_comes_to_the_same_end_at_length(
    nursery: Nursery, history: list[Step]
) -> None:
    """Also with commits that are no good in between."""
    compare(nursery, history)


@pytest.mark.parametrize("reason", ["keyCompromise", "cessationOfOperation"])
def test_who_is_revoked_before_ever_being_certified_is_not_certified(
    nursery: Nursery, reason: str
) -> None:
    """A service is declared, then revoked, and only then does somebody look: had they looked in
    between, its certificate would have been issued and revoked; so there is none now.
    """
    with nursery.scene() as scene:
        scene.play([Declare(SERVICES[3]), Revoke(SERVICES[3], reason)])
        scene.reconcile()
        assert scene.world.certificates(*SERVICES[3]) == []


def test_a_commit_that_was_no_good_stays_so_whenever_it_is_seen(nursery: Nursery) -> None:
    """Three commits, the middle one refused: its neighbours count, with either way of polling."""
    bad = Spoil("template without issuer")
    history = [Declare(SERVICES[0], 1), bad, Heal(), Suspend(SERVICES[1]), Wait(30)]
    often, once = both(nursery, history)
    assert often.accepted == once.accepted
    assert (len(once.accepted), len(once.refused)) == (4, 1)


def test_a_tenant_that_was_faulty_stood_still_whenever_it_is_seen(nursery: Nursery) -> None:
    """Its neighbour's commit in between counts, its own waits for the one that mends it."""
    history = [Break(), Declare(SERVICES[3]), Declare(SERVICES[0], 1), Fix(), Wait(30)]
    often, once = both(nursery, history)
    assert often == once
    assert [len(of) for of in once.accepted[1:]] == [2, 2, 2, 1]


def test_removed_and_restored_between_two_polls_is_as_if_nothing_was(nursery: Nursery) -> None:
    """No second certificate, and no hole in the service either."""
    with nursery.scene() as scene:
        request = (scene.world.tree / scene.csr(SERVICES[0])).read_bytes()
        scene.play([Remove(SERVICES[0])])
        Restore(SERVICES[0]).act(scene)
        (scene.world.tree / scene.csr(SERVICES[0])).write_bytes(request)
        scene.commit()
        scene.reconcile()
        assert len(scene.world.certificates(*SERVICES[0])) == 1


def test_a_reverted_revocation_counts_whenever_it_is_seen(nursery: Nursery) -> None:
    often, once = both(nursery, [Revoke(SERVICES[0], "unspecified"), Revert(), Wait(1)])
    assert often.held == once.held != {}
    assert often.ended == once.ended != frozenset()


# Slices


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("library")
    return Library(three(root / "world"), root)


def compare_slices(library: Library, seeds: range) -> set[str]:
    """Each history polled at every commit and once; returns who ever stood still
    in the end, so that a test can tell that it tests something.
    """
    seen: set[str] = set()
    for seed, commits in library.write(seeds, commits=6).items():
        once = library.polled(commits[-1:])
        assert library.polled(commits) == once, f"history {seed}"
        seen |= {"*" if once.ended else "", *(f.tenant or "global" for f in once.standing)}
    return seen - {""}


def test_slices_are_accepted_alike_however_often_somebody_looks(library: Library) -> None:
    """Three tenants, good and bad commits in each and in what is global, revocations in between:
    the same commit for each slice, and the same identities ended, carried out or held.
    """
    assert compare_slices(library, range(12)) == {"*", "alpha", "beta", "gamma", "global"}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_slices_are_accepted_alike_in_many_histories(library: Library, part: int) -> None:
    compare_slices(library, range(100 + 50 * part, 150 + 50 * part))


@pytest.mark.soak
@pytest.mark.parametrize("part", range(20))
def test_slices_are_accepted_alike_in_a_thousand_histories(library: Library, part: int) -> None:
    """In parts that end before they are taken for hanging."""
    compare_slices(library, range(1_000 + 50 * part, 1_050 + 50 * part))
