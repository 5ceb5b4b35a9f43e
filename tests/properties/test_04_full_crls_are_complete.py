"""Promise 4: a full CRL has every unexpired entry; it never goes back, not even after a restore."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
from cryptography import x509
from hypothesis import example, given
from hypothesis import strategies as st

from pki_reconciler.ledger import confirmations
from pki_reconciler.ledger.confirmations import Word
from pki_schema.instants import Instant
from tests.properties.organisation import (
    EVENTFUL,
    HOLDING,
    SERVICES,
    Declare,
    Hold,
    MakeFinal,
    Nursery,
    Release,
    Revoke,
    Scene,
    Step,
    Wait,
    explored,
    histories,
)
from tests.properties.witness import ended, entries


def crls(scene: Scene) -> dict[str, x509.CertificateRevocationList]:
    return {
        path: x509.load_der_x509_crl(body)
        for path, body in scene.public.items()
        if path.endswith(".crl")
    }


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def living(scene: Scene) -> set[int]:
    """By the entries of the ledger alone: what was intended and has not expired."""
    now = scene.world.clock.now()
    return {
        int(e.body["serial"], 16)
        for e in entries(scene.world.ledger_path, "certificate-intended")
        if datetime.fromtimestamp(e.body["not_after"], UTC) >= now
    }


def must_be_listed(scene: Scene) -> set[int]:
    """Ended before its time, or on hold, and not expired."""
    return {int(serial, 16) for _, serial in ended(scene.world.ledger_path)} & living(scene)


def play(nursery: Nursery, history: list[Step]) -> None:
    with nursery.scene() as scene:
        before = crls(scene)

        def look() -> None:
            scene.reconcile()
            after = crls(scene)
            on = {e.serial_number for crl in after.values() for e in crl}
            assert must_be_listed(scene) == on & living(scene)
            for path, crl in after.items():
                old = before[path]
                if crl != old:
                    assert number(crl) > number(old)
                    assert crl.last_update_utc >= old.last_update_utc
                assert crl.last_update_utc <= scene.world.clock.now()
                assert crl.next_update_utc is not None
                assert crl.next_update_utc > scene.world.clock.now()
            before.update(after)

        scene.play(history, between=look)


@explored(1)
@example(history=EVENTFUL)
@example(history=HOLDING)
@given(history=histories(waits=(1, 30, 400, 1500), holds=True))
def test_a_list_is_complete_and_goes_forward(nursery: Nursery, history: list[Step]) -> None:
    """After each reconcile every public CRL is current and carries all that the ledger's entries
    end or hold, of what lives nothing else; a changed one has a higher number and is not older.
    """
    play(nursery, history)


@pytest.mark.slow
@explored(10)
@given(history=histories(most=10, waits=(1, 30, 400, 1500), holds=True))
def test_a_list_is_complete_and_goes_forward_at_length(
    nursery: Nursery, history: list[Step]
) -> None:
    play(nursery, history)


def test_an_expired_entry_leaves_after_one_more_regular_list(nursery: Nursery) -> None:
    """RFC 5280 section 3.3: it is on one CRL that was made after the certificate's end."""
    with nursery.scene() as scene:
        [certificate] = scene.world.certificates(*SERVICES[0])
        scene.play([Revoke(SERVICES[0], "cessationOfOperation")])
        scene.reconcile()
        found = []
        for days in (89, 2, 1, 1):
            scene.reconcile(days=days)
            serials = {e.serial_number for crl in crls(scene).values() for e in crl}
            found.append(certificate.serial in serials)
        assert found == [True, True, False, False]


def restored(scene: Scene, *then: Step) -> int:
    """The ledger of before a revocation, or what else was done, is put back; what that led to is
    published already.
    """
    copy = scene.world.ledger_path.with_name("backup")
    shutil.copy(scene.world.ledger_path, copy)
    [certificate] = scene.world.certificates(*SERVICES[0])
    scene.play(then or [Revoke(SERVICES[0], "cessationOfOperation")])
    scene.reconcile(hours=1)
    for leftover in scene.world.ledger_path.parent.glob("ledger.sqlite3*"):
        leftover.unlink()
    shutil.copy(copy, scene.world.ledger_path)
    return certificate.serial


@pytest.mark.parametrize("git", ["there", "gone"])
def test_a_restored_ledger_forgets_no_entry(nursery: Nursery, git: str) -> None:
    """What readers have is read back, with Git or without; the operator is told why nothing is
    issued.
    """
    with nursery.scene() as scene:
        serial = restored(scene)
        if git == "gone":
            scene.world.tree.rename(scene.world.root / "gone")
        before = crls(scene)
        outcome = scene.reconcile(days=2)
        assert serial in {e.serial_number for crl in crls(scene).values() for e in crl}
        assert "PKI6030" in {held.code for held in outcome.kept_back}
        for path, crl in crls(scene).items():
            assert crl == before[path] or number(crl) > number(before[path])


@pytest.mark.slow
@explored(2)
@example(history=EVENTFUL, backup=3)
@given(history=histories(most=5), backup=st.integers(0, 3))
def test_amnesia_loses_no_entry(nursery: Nursery, history: list[Step], backup: int) -> None:
    """Whatever happened since the backup: all that was published as revoked is on every later list,
    numbers grow, and nobody is certified.
    """
    with nursery.scene() as scene:
        scene.play(history[:backup], between=scene.reconcile)
        scene.reconcile()
        copy = scene.world.ledger_path.with_name("backup")
        shutil.copy(scene.world.ledger_path, copy)
        scene.play(history[backup:], between=scene.reconcile)
        scene.reconcile(hours=13)
        before = crls(scene)
        for leftover in scene.world.ledger_path.parent.glob("ledger.sqlite3*"):
            leftover.unlink()
        shutil.copy(copy, scene.world.ledger_path)
        for _ in range(3):
            assert scene.reconcile(hours=13).done.signed == 0
            for path, crl in crls(scene).items():
                assert {e.serial_number for e in before[path]} <= {e.serial_number for e in crl}
                assert crl == before[path] or number(crl) > number(before[path])


def told(crl: x509.CertificateRevocationList) -> set[tuple[int, Instant, x509.ReasonFlags | None]]:
    """Serial, date and reason of each entry."""
    return {
        (
            entry.serial_number,
            entry.revocation_date_utc,
            next(
                (e.value.reason for e in entry.extensions if isinstance(e.value, x509.CRLReason)),
                None,
            ),
        )
        for entry in crl
    }


def confirm(scene: Scene) -> None:
    """A person says that this ledger is the newest there is."""
    with scene.world.reader() as reader:
        [doubt] = [one for one in reader.doubts() if not one.confirmed]
    confirmations.leave(scene.world.ledger_path, Word("ledger", doubt.seq))


BEFORE = {
    "the hold": ([], Hold(SERVICES[0])),
    "a hold that followed a release": (
        [Hold(SERVICES[0]), Release(SERVICES[0])],
        Hold(SERVICES[0]),
    ),
    "a hold became final": ([Hold(SERVICES[0])], MakeFinal(SERVICES[0], "privilegeWithdrawn")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BEFORE)
def test_a_ledger_of_before_a_hold_takes_nothing_from_readers(nursery: Nursery, name: str) -> None:
    """Without Git: neither an entry that it does not know, nor that one is for ever. That it was
    released once excuses no later entry. The next list has what readers have, as they have it.
    """
    earlier, then = BEFORE[name]
    with nursery.scene() as scene:
        scene.play(earlier, between=lambda: scene.reconcile(hours=1))
        restored(scene, then)
        scene.world.tree.rename(scene.world.root / "gone")
        before = crls(scene)
        outcome = scene.reconcile(days=2)
        after = crls(scene)
        for path, crl in before.items():
            assert number(after[path]) > number(crl) or after[path] == crl
            assert told(crl) <= told(after[path])
        assert {held.code for held in outcome.kept_back} == {"PKI6030"}


@pytest.mark.slow
def test_a_ledger_of_before_a_release_releases_again(nursery: Nursery) -> None:
    """On the list once more until Git is read and a person has looked, which is safe; and then not
    any more.
    """
    with nursery.scene() as scene:
        scene.play([Hold(SERVICES[0])], between=scene.reconcile)
        serial = restored(scene, Release(SERVICES[0]))
        scene.world.tree.rename(scene.world.root / "gone")
        scene.reconcile(days=2)
        assert serial in {e.serial_number for crl in crls(scene).values() for e in crl}
        (scene.world.root / "gone").rename(scene.world.tree)
        assert {held.code for held in scene.reconcile(hours=1).kept_back} == {"PKI6030"}
        confirm(scene)
        outcome = scene.reconcile(hours=1)
        assert not outcome.kept_back
        assert serial not in {e.serial_number for crl in crls(scene).values() for e in crl}


def test_a_clock_that_went_back_makes_no_older_list(nursery: Nursery) -> None:
    """Numbers and dates never go back, whatever the machine believes."""
    with nursery.scene() as scene:
        before = crls(scene)
        scene.play([Revoke(SERVICES[0], "superseded")])
        scene.reconcile(days=-3)
        for path, crl in crls(scene).items():
            assert number(crl) >= number(before[path])
            assert crl.last_update_utc >= before[path].last_update_utc


def test_every_list_is_made_anew_before_it_ends(nursery: Nursery) -> None:
    """With the daemon at work once a day, no CRL is ever expired, for years."""
    with nursery.scene() as scene:
        scene.play([Declare(SERVICES[3]), Wait(24)])
        for _ in range(8):
            scene.reconcile(days=5)
            ends = [crl.next_update_utc for crl in crls(scene).values()]
            assert all(end and end > scene.world.clock.now() for end in ends)
