"""Promise 8: a plan that would do more harm than declared does none, and says what to commit."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_schema.planned import Cause, Held
from tests.properties.organisation import (
    SERVICES,
    Declare,
    Nursery,
    Revoke,
    Scene,
    Step,
    explored,
    histories,
)
from tests.properties.witness import entries

ALPHA = SERVICES[:2]
"""The services of the tenant whose limit is met."""


def revoked(scene: Scene) -> int:
    return len(entries(scene.world.ledger_path, "revoked"))


def revoke_both(scene: Scene) -> None:
    """One commit, two revocations, where one is allowed."""
    for service in ALPHA:
        Revoke(service, "cessationOfOperation").act(scene)


def only(held: tuple[Held, ...]) -> Held:
    [one] = held
    return one


def test_more_than_declared_is_not_done_at_all(nursery: Nursery) -> None:
    """Not one of the revocations, and nothing else that Git asked for; the numbers and the cure are
    told: two planned, one allowed, and where to write what.
    """
    with nursery.scene(limit=1) as scene:
        revoke_both(scene)
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        held = only(scene.reconcile().kept_back)
        assert revoked(scene) == 0
        assert scene.world.certificates(*SERVICES[3]) == []
        assert held.code == "PKI6001"
        assert held.message == ("2 revocations in tenant alpha (0 more in the last 24 h), limit 1")
        assert held.remedy.startswith(
            "set spec.limits.revocations: 2 at tenants/alpha/tenant.yaml:"
        )
        assert held.remedy.endswith(", in a commit of its own")


def test_due_renewals_and_refreshes_go_on(nursery: Nursery) -> None:
    """While a guard holds, everything the clock asks for is done, for months."""
    with nursery.scene(limit=1) as scene:
        revoke_both(scene)
        scene.commit()
        for days in (1, 61, 1):
            outcome = scene.reconcile(days=days)
            assert outcome.held
            assert {a.cause for p in outcome.plans for a in p.actions} == {Cause.CLOCK}
        assert [len(scene.world.certificates(*s)) for s in SERVICES[:3]] == [2, 2, 2]
        assert revoked(scene) == 0


def test_raising_the_limit_in_a_later_commit_lets_it_pass(nursery: Nursery) -> None:
    with nursery.scene(limit=1) as scene:
        revoke_both(scene)
        scene.commit()
        scene.reconcile()
        scene.limit("alpha", 2)
        scene.commit()
        outcome = scene.reconcile()
        assert not outcome.held
        assert revoked(scene) == 2


def test_raising_the_limit_beforehand_lets_it_pass(nursery: Nursery) -> None:
    with nursery.scene(limit=1) as scene:
        scene.limit("alpha", 2)
        scene.commit()
        revoke_both(scene)
        scene.commit()
        scene.reconcile()
        assert revoked(scene) == 2


def test_raising_the_limit_in_the_same_commit_does_not(nursery: Nursery) -> None:
    """Loosening counts from the next commit: whoever revokes cannot raise the limit as well."""
    with nursery.scene(limit=1) as scene:
        scene.limit("alpha", 9)
        revoke_both(scene)
        scene.commit()
        held = only(scene.reconcile().kept_back)
        assert held.message.endswith("limit 1")
        assert revoked(scene) == 0


def test_lowering_the_limit_counts_at_once(nursery: Nursery) -> None:
    with nursery.scene(limit=2) as scene:
        scene.limit("alpha", 1)
        revoke_both(scene)
        scene.commit()
        scene.reconcile()
        assert revoked(scene) == 0


def test_what_was_revoked_in_the_last_day_counts(nursery: Nursery) -> None:
    """One by one they pass no sooner than all at once; a day later the next one does."""
    with nursery.scene(limit=1) as scene:
        found = []
        for service, hours in ((ALPHA[0], 0), (ALPHA[1], 1)):
            Revoke(service, "cessationOfOperation").act(scene)
            scene.commit()
            scene.reconcile(hours=hours)
            found.append(revoked(scene))
        scene.reconcile(hours=22)
        found.append(revoked(scene))
        scene.reconcile(hours=1)
        found.append(revoked(scene))
        assert found == [1, 1, 1, 2]


def test_another_tenants_revocations_do_not_count(nursery: Nursery) -> None:
    """Each tenant has its own limit."""
    with nursery.scene(limit=1) as scene:
        for service in (SERVICES[0], SERVICES[2]):
            Revoke(service, "cessationOfOperation").act(scene)
        scene.commit()
        assert not scene.reconcile().held
        assert revoked(scene) == 2


def test_the_hosts_own_limit_counts_over_all_tenants(nursery: Nursery) -> None:
    """It stands outside Git, so no commit can raise it; the cure says where."""
    with nursery.scene(limit=1) as scene:
        scene.world.revocations_limit = 1
        for service in (SERVICES[0], SERVICES[2]):
            Revoke(service, "cessationOfOperation").act(scene)
        scene.commit()
        held = only(scene.reconcile().kept_back)
        assert held.remedy == "[limits] revocations = 2 in vcc-pki.toml"
        assert revoked(scene) == 0


def test_an_empty_tree_does_nothing(nursery: Nursery) -> None:
    """Nothing is retired, renewals go on, and putting the tree back is all it takes."""
    with nursery.scene() as scene:
        saved = scene.world.root / "saved"
        shutil.copytree(scene.world.tree, saved, ignore=shutil.ignore_patterns(".git"))
        for folder in scene.world.tree.iterdir():
            if folder.name != ".git":
                shutil.rmtree(folder)
        scene.world.write("README.md", "nothing\n")
        scene.commit()
        assert scene.reconcile().held
        assert entries(scene.world.ledger_path, "retired", "subject-retired") == []
        scene.reconcile(days=61)
        assert [len(scene.world.certificates(*s)) for s in SERVICES[:3]] == [2, 2, 2]
        shutil.copytree(saved, scene.world.tree, dirs_exist_ok=True)
        scene.commit()
        outcome = scene.reconcile()
        assert not outcome.held
        assert outcome.done.signed == 0


def most_in_a_day(scene: Scene, tenant: str) -> int:
    """The most revocations that any 24 hours saw."""
    ledger = scene.world.ledger_path
    mine = {
        (e.body["issuer"], e.body["serial"])
        for e in entries(ledger, "certificate-intended")
        if e.body["meaning"]["subject"]["tenant"] == tenant
    }
    times = [
        e.body["revoked_at"]
        for e in entries(ledger, "revoked")
        if (e.body["issuer"], e.body["serial"]) in mine
    ]
    return max((sum(1 for t in times if s <= t < s + 86_400) for s in times), default=0)


def play(nursery: Nursery, history: list[Step], limit: int) -> None:
    with nursery.scene(limit=limit) as scene:
        scene.play(history, between=scene.reconcile)
        assert max(most_in_a_day(scene, t) for t in ("alpha", "beta")) <= limit


REVOCATIONS = st.lists(
    st.one_of(
        st.builds(
            Revoke, st.sampled_from(SERVICES), st.sampled_from(("superseded", "unspecified"))
        ),
        histories(least=1, most=1, waits=(1, 9, 20)).map(lambda found: found[0]),
    ),
    min_size=4,
    max_size=9,
)


@explored(4)
@given(history=REVOCATIONS, limit=st.integers(1, 2))
def test_no_day_sees_more_revocations_than_the_limit(
    nursery: Nursery, history: list[Step], limit: int
) -> None:
    """Whatever is committed when: over any 24 hours of the ledger a tenant lost no more than its
    limit, and everything above it waits.
    """
    play(nursery, history, limit)


@pytest.mark.slow
@explored(10)
@given(history=REVOCATIONS, limit=st.integers(1, 2))
def test_no_day_sees_more_revocations_than_the_limit_at_length(
    nursery: Nursery, history: list[Step], limit: int
) -> None:
    play(nursery, history, limit)
