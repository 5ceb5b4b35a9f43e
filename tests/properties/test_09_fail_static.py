"""Promise 9: what fails stops itself only; renewals, CRLs, answers and publication go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from hypothesis import example, given
from hypothesis import strategies as st

from pki_publishers.release import PublicObject
from pki_reconciler.cli.apply import document, exit_code
from pki_schema.errors import WorldFailed
from pki_schema.x509.algorithms import PrivateKey
from tests.fakes import InMemoryKeyStore, InMemoryTarget
from tests.properties.organisation import (
    EVENTFUL,
    SERVICES,
    Break,
    Declare,
    Fix,
    Nursery,
    Remove,
    Revoke,
    Scene,
    Step,
    explored,
    histories,
)


def failing(_: Sequence[PublicObject]) -> None:
    raise WorldFailed("the disk is full", "make room")


@dataclass
class LockedKeyStore(InMemoryKeyStore):
    """A token that is away: for some keys, or for all of them; it can also refuse new ones."""

    away: set[str] = field(default_factory=set)

    def open(self, spki: str) -> PrivateKey:
        if spki in self.away:
            raise WorldFailed("the token is away", "attach it")
        return super().open(spki)


def locked(scene: Scene) -> LockedKeyStore:
    store = LockedKeyStore(keys=scene.keys.keys, offline=scene.keys.offline)
    scene.world.keys = store
    return store


def key_of(scene: Scene, ca: str) -> str:
    with scene.world.reader() as reader:
        return next(a.spki for a in reader.authorities().values() if a.name == ca)


def stale(scene: Scene) -> set[str]:
    """Public status that is past its nextUpdate."""
    now = scene.world.clock.now()
    found = set()
    for path, body in scene.public.items():
        if path.endswith(".crl"):
            end = x509.load_der_x509_crl(body).next_update_utc
        elif path.endswith(".der"):
            end = ocsp.load_der_ocsp_response(body).next_update_utc
        else:
            continue
        if end is None or end <= now:
            found.add(path)
    return found


def crl_number(scene: Scene, ca: str) -> int:
    [path] = [p for p in scene.public if p.startswith(f"crl/{ca}-") and p.endswith(".crl")]
    crl = x509.load_der_x509_crl(scene.public[path])
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_without_git_renewals_and_status_go_on(nursery: Nursery) -> None:
    """For a hundred days nobody reaches the repository: every certificate is renewed in time, no
    status gets stale, and each run says what is wrong and exits 1.
    """
    with nursery.scene() as scene:
        scene.world.tree.rename(scene.world.root / "unreachable")
        for _ in range(10):
            outcome = scene.reconcile(days=10)
            assert outcome.observed.failed
            assert exit_code(outcome) == 1
            assert document(outcome)["failed"]
            assert stale(scene) == set()
        for service in SERVICES[:3]:
            newest = scene.world.certificates(*service)[-1]
            assert newest.not_after > scene.world.clock.now()


def test_git_comes_back_and_nothing_was_lost(nursery: Nursery) -> None:
    """What was committed meanwhile is done at once."""
    with nursery.scene() as scene:
        away = scene.world.root / "unreachable"
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        scene.world.tree.rename(away)
        scene.reconcile(days=1)
        assert scene.world.certificates(*SERVICES[3]) == []
        away.rename(scene.world.tree)
        outcome = scene.reconcile()
        assert exit_code(outcome) == 0
        assert len(scene.world.certificates(*SERVICES[3])) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_one_failing_target_keeps_no_other_waiting(nursery: Nursery, moment: str) -> None:
    """The other gets everything; the failing one is reported, exit 1, and catches up when it is
    back, whether it failed before storing or after.
    """
    with nursery.scene() as scene:
        broken = InMemoryTarget(dict(scene.public))
        scene.world.targets = {"also": broken, **scene.world.targets}
        scene.reconcile()
        setattr(broken, moment, failing)
        Declare(SERVICES[3]).act(scene)
        Revoke(SERVICES[0], "superseded").act(scene)
        scene.commit()
        outcome = scene.reconcile()
        assert exit_code(outcome) == 1
        assert outcome.done.failed == ["publication also: the disk is full"]
        assert any(path.startswith("svc/beta/new/") for path in scene.public)
        setattr(broken, moment, lambda _: None)
        assert exit_code(scene.reconcile()) == 0
        assert broken.files == scene.public
        assert outbox(scene, "also") == 0


def outbox(scene: Scene, target: str) -> int:
    with scene.world.reader() as reader:
        return len(reader.outbox(target))


def fail_for_a_while(nursery: Nursery, history: list[Step], fails: list[bool]) -> None:
    with nursery.scene() as scene:
        weather = iter(fails)

        def look() -> None:
            scene.target.before = failing if next(weather, False) else lambda _: None
            scene.reconcile()

        scene.play(history, between=look)
        scene.target.before = lambda _: None
        scene.reconcile()
        assert outbox(scene, "public") == 0
        assert stale(scene) == set()
        with scene.world.reader() as reader:
            known = reader.published("public")
            assert known.keys() == scene.public.keys()
        assert scene.reconcile().done.published == 0


@explored(2)
@example(history=EVENTFUL, fails=[True, False, True, True])
@given(history=histories(), fails=st.lists(st.booleans(), min_size=2, max_size=5))
def test_a_target_that_fails_now_and_then_is_whole_in_the_end(
    nursery: Nursery, history: list[Step], fails: list[bool]
) -> None:
    """Nothing is left in the outbox, nothing stale, and the ledger knows what stands there."""
    fail_for_a_while(nursery, history, fails)


@pytest.mark.slow
@explored(15)
@given(history=histories(most=10), fails=st.lists(st.booleans(), min_size=2, max_size=9))
def test_a_target_that_fails_now_and_then_is_whole_in_the_end_at_length(
    nursery: Nursery, history: list[Step], fails: list[bool]
) -> None:
    fail_for_a_while(nursery, history, fails)


def test_an_offline_root_keeps_nobody_waiting(nursery: Nursery) -> None:
    """Its key is locked away when its CRL falls due: that is reported, each time, and the issuing
    CA's CRL, answers and renewals are not touched by it. No CRL number is spent in vain.
    """
    with nursery.scene() as scene:
        store = locked(scene)
        store.away.add(key_of(scene, "root"))
        root, issuing = crl_number(scene, "root"), crl_number(scene, "issuing")
        assert exit_code(scene.reconcile(days=95)) == 0
        outcome = scene.reconcile(days=95)
        assert exit_code(outcome) == 1
        assert outcome.done.failed == ["the token is away"]
        assert crl_number(scene, "root") == root
        assert crl_number(scene, "issuing") > issuing
        assert stale(scene) == set()
        again = scene.reconcile()
        assert again.done.failed == ["the token is away"]
        assert again.done.written == 0


def test_a_token_that_is_away_stops_signing_only(nursery: Nursery) -> None:
    """With the issuing CA's key gone nothing is certified, and answers are refreshed all the same,
    because the responder has a key of its own. When it is back, all is made up for; no serial was
    lost.
    """
    with nursery.scene() as scene:
        store = locked(scene)
        store.away.add(key_of(scene, "issuing"))
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        outcome = scene.reconcile(days=3)
        assert exit_code(outcome) == 1
        assert outcome.done.signed == 0
        assert outcome.done.answers == 6
        store.away.clear()
        outcome = scene.reconcile()
        assert exit_code(outcome) == 0
        assert (outcome.done.signed, outcome.done.crls) == (1, 1)
        assert list(scene.world.crl("issuing")) == []


def test_a_token_that_is_away_for_several_runs_opens_no_breaker(nursery: Nursery) -> None:
    """Each run a new writer, each with one more service to certify: nobody crashed."""
    with nursery.scene() as scene:
        store = locked(scene)
        store.away.add(key_of(scene, "issuing"))
        for service in (SERVICES[3], SERVICES[0], SERVICES[1]):
            Declare(service, name=1).act(scene)
            scene.commit()
            assert exit_code(scene.reconcile()) == 1
        store.away.clear()
        outcome = scene.reconcile()
        assert exit_code(outcome) == 0
        assert outcome.done.signed == 3


def test_a_key_store_that_is_full_stops_new_keys_only(nursery: Nursery) -> None:
    """The responder's rotation waits; services, CRLs and answers go on with the keys there are."""

    def full() -> None:
        raise WorldFailed("no space for another key", "make room")

    with nursery.scene() as scene:
        store = locked(scene)
        store.before = full
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        outcome = scene.reconcile(days=22)
        assert outcome.done.failed == ["no space for another key"]
        assert outcome.done.signed == 1
        assert stale(scene) == set()


def test_a_broken_tenant_is_no_matter_to_the_other(nursery: Nursery) -> None:
    """What it declares stands as it was; what the other declares counts; renewals of both go on."""
    with nursery.scene() as scene:
        scene.play(
            [Break(), Remove(SERVICES[1]), Declare(SERVICES[3]), Declare(SERVICES[2], days=60)]
        )
        for days in (0, 65):
            outcome = scene.reconcile(days=days)
            assert [fault.tenant for fault in outcome.observed.faults] == ["alpha"]
            assert not outcome.done.failed
            assert stale(scene) == set()
        assert [len(scene.world.certificates(*s)) for s in SERVICES] == [2, 2, 3, 2]
        scene.play([Fix()])
        outcome = scene.reconcile()
        assert [str(a.verb) for a in outcome.plans[0].actions if a.subject.tenant] == ["retire"]


def test_a_broken_tenant_takes_nothing_from_what_is_declared_meanwhile(nursery: Nursery) -> None:
    """Each later commit is judged beside what stands still: revocations count, also of its own
    certificates, and the other tenant gets what it asks for.
    """
    with nursery.scene() as scene:
        scene.play([Break()])
        scene.reconcile()
        scene.play([Revoke(SERVICES[0], "unspecified"), Revoke(SERVICES[2], "unspecified")])
        outcome = scene.reconcile(hours=1)
        assert outcome.done.revoked == 2
        scene.play([Declare(SERVICES[3])])
        outcome = scene.reconcile(hours=1)
        assert outcome.done.signed == 1
        assert [fault.tenant for fault in outcome.observed.faults] == ["alpha"]
