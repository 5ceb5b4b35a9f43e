"""Promise 1: the ledger durably holds what is to be signed before a key signs it.

A watched key store looks into the ledger *file* at the moment a key is used: what is not there then
was not durable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.organisation import (
    EVENTFUL,
    SERVICES,
    Declare,
    Nursery,
    Scene,
    Step,
    explored,
    histories,
)
from tests.properties.witness import Died, Signature, WatchedKeyStore, digest, entries


def watched(scene: Scene) -> WatchedKeyStore:
    store = WatchedKeyStore(
        keys=scene.keys.keys, offline=scene.keys.offline, ledger=scene.world.ledger_path
    )
    scene.world.keys = store
    return store


def reconcile_and_die(scene: Scene, store: WatchedKeyStore) -> None:
    """As often as the process dies it is started again."""
    while True:
        try:
            scene.reconcile()
        except Died:
            continue
        break
    assert store.dies_at is None or len(store.signatures) < store.dies_at


def unannounced(signatures: Sequence[Signature]) -> list[Signature]:
    """Certificates and CRLs without an intent for exactly their bytes."""
    return [s for s in signatures if not s.is_answer() and s.intent() is None]


def check_batches(scene: Scene, signatures: Sequence[Signature], *, skip: int) -> None:
    """Every answer is announced by an open batch, whose digest is over the answers in order."""
    answers = [s for s in signatures if s.is_answer()]
    position = 0
    for batch in entries(scene.world.ledger_path, "answers-intended")[skip:]:
        mine = [
            s
            for s in answers[position : position + batch.body["count"]]
            if s.intents[-1].seq == batch.seq
        ]
        position += len(mine)
        if len(mine) == batch.body["count"]:  # the process may have died in the middle
            whole = hashlib.sha256(b"".join(hashlib.sha256(s.tbs).digest() for s in mine))
            assert batch.body["content_digest"] == whole.hexdigest()
        assert all(s.signer == batch.body["signer"] for s in mine)
    assert position == len(answers)


def play(nursery: Nursery, history: Sequence[Step], deaths: Sequence[int]) -> None:
    with nursery.scene() as scene:
        store = watched(scene)
        before = len(entries(scene.world.ledger_path, "answers-intended"))
        fatal = iter(deaths)

        def reconcile() -> None:
            later = next(fatal, None)
            store.dies_at = None if later is None else len(store.signatures) + later
            reconcile_and_die(scene, store)

        scene.play(history, between=reconcile)
        assert unannounced(store.signatures) == []
        contents: dict[tuple[str, str, int], set[str]] = {}
        for signature in store.signatures:
            if not signature.is_answer():
                contents.setdefault(signature.identity(), set()).add(digest(signature.tbs))
        assert [i for i, found in contents.items() if len(found) > 1] == []
        check_batches(scene, store.signatures, skip=before)


DEATHS = st.lists(st.integers(1, 4), max_size=4)


@explored(2)
@example(history=EVENTFUL, deaths=[1, 2, 1, 3])
@given(history=histories(), deaths=DEATHS)
def test_every_signature_was_announced(
    nursery: Nursery, history: list[Step], deaths: list[int]
) -> None:
    """At each signature the file holds the intent for exactly these bytes, also when the process
    dies right after a signature and starts again; and never are there two contents for one serial,
    or for one CRL number, of an issuer.
    """
    play(nursery, history, deaths)


@pytest.mark.slow
@explored(10)
@given(history=histories(most=10), deaths=DEATHS)
def test_every_signature_was_announced_at_length(
    nursery: Nursery, history: list[Step], deaths: list[int]
) -> None:
    """The same with more and longer histories."""
    play(nursery, history, deaths)


def test_what_was_signed_and_lost_is_signed_again_as_it_was(nursery: Nursery) -> None:
    """Dying between signature and record, the next run signs the same bytes, not others."""
    with nursery.scene() as scene:
        store = dead_after_signing(scene)
        scene.reconcile(minutes=20)
        again = [digest(s.tbs) for s in store.signatures if not s.is_answer()]
        assert again == [again[0], again[0]]
        assert len(scene.world.certificates("beta", "new")) == 1


def test_what_was_signed_and_is_too_old_by_now_is_burnt(nursery: Nursery) -> None:
    """The lost serial goes on the CRL, because somebody may hold a certificate with it."""
    with nursery.scene() as scene:
        store = dead_after_signing(scene)
        _, _, lost = store.signatures[0].identity()
        scene.reconcile(days=2)
        [certificate] = scene.world.certificates("beta", "new")
        listed = {entry.serial_number for entry in scene.world.crl("issuing")}
        assert lost in listed
        assert certificate.serial not in listed


def dead_after_signing(scene: Scene) -> WatchedKeyStore:
    """A service was added, its certificate signed, and then the process died."""
    store = watched(scene)
    Declare(SERVICES[3]).act(scene)
    scene.commit()
    store.dies_at = 1
    with pytest.raises(Died):
        scene.reconcile()
    return store
