"""Promise 3: revoked stays revoked; deleting a file never revokes; reverting changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from hypothesis import example, given

from tests.properties.organisation import (
    EVENTFUL,
    HOLDING,
    SERVICES,
    Declare,
    Nursery,
    Remove,
    Restore,
    Revert,
    Revoke,
    Scene,
    Step,
    explored,
    histories,
)
from tests.properties.witness import entries


def listed(files: Mapping[str, bytes]) -> dict[str, dict[int, tuple[object, str]]]:
    """Serials on each public CRL, with the date and the reason they carry."""
    return {
        path: {
            entry.serial_number: (entry.revocation_date_utc, reason(entry))
            for entry in x509.load_der_x509_crl(body)
        }
        for path, body in files.items()
        if path.endswith(".crl")
    }


def reason(entry: x509.RevokedCertificate) -> str:
    found = [e.value.reason.value for e in entry.extensions if isinstance(e.value, x509.CRLReason)]
    return str(*found) if found else "unspecified"


HOLD = "certificateHold"


def stays(before: tuple[object, str], after: tuple[object, str] | None) -> bool:
    """What is for ever stays as it is; a hold may end, or become final since the same day."""
    if before[1] != HOLD:
        return after == before
    return after is None or after[0] == before[0]


def answered_good(files: Mapping[str, bytes]) -> set[int]:
    answers = [
        ocsp.load_der_ocsp_response(body)
        for path, body in files.items()
        if path.startswith("ocsp/") or path.endswith(("staple.der", ".ocsp"))
    ]
    return {a.serial_number for a in answers if a.certificate_status is ocsp.OCSPCertStatus.GOOD}


def play(nursery: Nursery, history: list[Step]) -> None:
    with nursery.scene() as scene:
        seen = listed(scene.public)
        ever: set[int] = set()
        left: set[int] = set()

        def look() -> None:
            scene.reconcile()
            now = listed(scene.public)
            for path, serials in seen.items():
                for serial, before in serials.items():
                    assert stays(before, now[path].get(serial))
                left.update(serials.keys() - now[path].keys())
            on = {serial for serials in now.values() for serial in serials}
            assert not answered_good(scene.public) & on
            ever.update(on)
            seen.update(now)

        scene.play(history, between=look)
        ledger = scene.world.ledger_path
        assert {f"{s:x}" for s in ever} == {e.body["serial"] for e in entries(ledger, "revoked")}
        released = {e.body["serial"] for e in entries(ledger, "released")}
        assert {f"{s:x}" for s in left} <= released


@explored(1)
@example(history=EVENTFUL)
@example(history=HOLDING)
@given(history=histories(holds=True))
def test_no_serial_ever_leaves_a_list(nursery: Nursery, history: list[Step]) -> None:
    """Whatever is committed, removed, reverted and re-declared later: a serial once on a public CRL
    stays there with its date and reason, unless it was on hold and declared released; no public
    answer calls it good, and nothing but a declared revocation puts one there. (Histories are
    shorter than a certificate's life.)
    """
    play(nursery, history)


@pytest.mark.slow
@explored(10)
@given(history=histories(most=10, holds=True))
def test_no_serial_ever_leaves_a_list_at_length(nursery: Nursery, history: list[Step]) -> None:
    play(nursery, history)


def revoked_and_published(scene: Scene, reason: str = "cessationOfOperation") -> int:
    [certificate] = scene.world.certificates(*SERVICES[0])
    Revoke(SERVICES[0], reason).act(scene)
    scene.commit()
    scene.reconcile()
    assert certificate.serial in listed_serials(scene)
    return certificate.serial


def listed_serials(scene: Scene) -> set[int]:
    return {s for on in listed(scene.public).values() for s in on}


@pytest.mark.parametrize("reason", ["cessationOfOperation", "keyCompromise", "superseded"])
def test_reverting_a_revocation_changes_nothing(nursery: Nursery, reason: str) -> None:
    """Neither the list nor what is certified; and the plan had said so."""
    with nursery.scene() as scene:
        serial = revoked_and_published(scene, reason)
        told = [a.reason for p in scene.outcomes[0].plans for a in p.actions if a.verb == "revoke"]
        assert [r for r in told if "cannot be undone by git revert" in r] == told != []
        certificates = scene.world.certificates(*SERVICES[0])
        Revert().act(scene)
        scene.commit()
        outcome = scene.reconcile()
        assert (outcome.done.signed, outcome.done.revoked, outcome.done.crls) == (0, 0, 0)
        assert serial in listed_serials(scene)
        assert scene.world.certificates(*SERVICES[0]) == certificates


def test_a_revocation_counts_although_a_later_commit_removes_it(nursery: Nursery) -> None:
    """Polled only after both commits, the revocation is carried out all the same."""
    with nursery.scene() as scene:
        [certificate] = scene.world.certificates(*SERVICES[0])
        scene.play([Revoke(SERVICES[0], "cessationOfOperation"), Revert()])
        scene.reconcile()
        assert certificate.serial in listed_serials(scene)


def test_deleting_a_service_retires_it(nursery: Nursery) -> None:
    """Its certificate is valid until it expires, is answered for, and is not renewed."""
    with nursery.scene() as scene:
        [certificate] = scene.world.certificates(*SERVICES[0])
        scene.play([Remove(SERVICES[0])])
        scene.reconcile()
        scene.reconcile(days=70)
        assert scene.world.certificates(*SERVICES[0])[1:] == []
        assert certificate.serial not in listed_serials(scene)
        assert certificate.serial in answered_good(scene.public)


def test_a_compromised_key_is_never_certified_again(nursery: Nursery) -> None:
    """Not for the service declared anew, not under another name, and the plan says what to do."""
    with nursery.scene() as scene:
        revoked_and_published(scene, "keyCompromise")
        request = (scene.world.tree / scene.csr(SERVICES[0])).read_bytes()
        scene.play([Remove(SERVICES[0])])
        scene.reconcile()
        scene.play([Declare(SERVICES[0])])
        (scene.world.tree / scene.csr(SERVICES[0])).write_bytes(request)
        scene.commit()
        outcome = scene.reconcile()
        assert len(scene.world.certificates(*SERVICES[0])) == 1
        assert "new key" in outcome.plans[0].waiting[0].reason


def test_an_identity_that_was_ended_stays_ended_when_declared_again(nursery: Nursery) -> None:
    """A new CSR is not enough: the service must name the revocation it comes back from."""
    with nursery.scene() as scene:
        revoked_and_published(scene)
        scene.play([Remove(SERVICES[0]), Restore(SERVICES[0])], between=scene.reconcile)
        assert len(scene.world.certificates(*SERVICES[0])) == 1
