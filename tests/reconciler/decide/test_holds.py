"""Holds in the plan: what a Revocation's state asks for, and what waits meanwhile."""

from __future__ import annotations

import msgspec
import pytest

from pki_reconciler.decide import report
from pki_reconciler.decide.plan import plan
from pki_schema.desired import authority_identity
from pki_schema.issued import CertificateState, IssuedCertificate, OnHold, OpenRevocation
from pki_schema.planned import Action, Verb
from tests.reconciler.decide.test_plan import (
    API,
    DAY,
    DUE,
    EPOCH,
    ISSUER,
    allowance,
    certificate,
    issued,
    revocation,
    touched,
)

HOLD = "certificateHold"


def held(serial: int = 0xABC, *by: str) -> OnHold:
    found = certificate(serial=serial, state=CertificateState.REVOKED, reason=HOLD)
    return OnHold(certificate=found, by=by)


def says(
    state: str,
    *,
    valid: tuple[IssuedCertificate, ...] = (),
    on_hold: tuple[OnHold, ...] = (),
    reason: str = HOLD,
    **more: object,
) -> OpenRevocation:
    """The Revocation ``r``."""
    base = revocation("r", 0, reason=reason)
    spec = msgspec.structs.replace(base.request.spec, state=state)
    request = msgspec.structs.replace(base.request, spec=spec)
    return msgspec.structs.replace(
        base, request=request, certificates=valid, on_hold=on_hold, **more
    )


def action(*revocations: OpenRevocation) -> Action:
    found = plan(touched(revocations=revocations), EPOCH)
    [one] = [a for a in found.actions if a.subject.kind == "Revocation"]
    return one


def serials(found: tuple[object, ...]) -> list[str]:
    return [ref.serial for ref in found]  # type: ignore[attr-defined]


def test_held_suspends_and_asks_for_status() -> None:
    found = plan(touched(revocations=(says("held", valid=(certificate(),)),)), EPOCH)
    assert [a.verb for a in found.actions] == [Verb.HOLD, Verb.SIGN_CRL]
    assert found.actions[0].suspends == (API,)
    assert report.summary(found) == "Plan: 1 to put on hold, 1 CRL(s) to sign."
    assert next(iter(report.lines(found))).startswith("  | hold ")


def test_released_asks_for_status_and_says_what_it_frees() -> None:
    found = plan(touched(revocations=(says("released", on_hold=(held(0xABC, "r"),)),)), EPOCH)
    assert [a.verb for a in found.actions] == [Verb.RELEASE, Verb.SIGN_CRL]
    assert found.actions[0].reason == "1 certificate valid again"
    assert next(iter(report.lines(found))).startswith("  < release ")


def test_a_release_leaves_alone_what_only_others_hold() -> None:
    found = action(says("released", on_hold=(held(1, "r"), held(2, "r", "s"), held(3, "s"))))
    assert (serials(found.certificates), serials(found.changed)) == (["1", "2"], ["1"])
    assert found.reason == "1 certificate valid again; 1 certificate held by s, too"


def test_a_release_of_what_is_over_changes_no_status() -> None:
    """It is carried out all the same: whom it suspended is free."""
    found = plan(touched(revocations=(says("released", former=(certificate(),)),)), EPOCH)
    assert [a.verb for a in found.actions] == [Verb.RELEASE]


def test_a_hold_that_was_only_found_published_is_taken_over_and_let_go() -> None:
    """After a ledger was lost: whoever means it says what becomes of it."""
    assert serials(action(says("held", on_hold=(held(1),))).certificates) == ["1"]
    assert serials(action(says("released", on_hold=(held(1),))).changed) == ["1"]


def test_made_final_means_what_it_holds() -> None:
    found = action(
        says(
            "revoked",
            reason="superseded",
            valid=(certificate(serial=1),),
            on_hold=(held(2, "r"), held(3, "s")),
            concludes=True,
        )
    )
    assert (found.verb, serials(found.certificates), found.changed) == (Verb.REVOKE, ["2"], ())


def test_a_revocation_makes_final_what_another_one_holds() -> None:
    found = action(
        says(
            "revoked",
            reason="superseded",
            valid=(certificate(serial=1),),
            on_hold=(held(2, "s"),),
        )
    )
    assert (serials(found.certificates), serials(found.changed)) == (["1", "2"], ["1"])


def test_made_final_as_compromised_blocks_the_key_of_what_was_held() -> None:
    found = action(says("revoked", reason="keyCompromise", on_hold=(held(1, "r"),), concludes=True))
    assert found.blocks == (certificate().spki,)


@pytest.mark.parametrize("where", ["valid", "former"])
def test_a_ca_is_not_put_on_hold(where: str) -> None:
    ca = certificate(subject=authority_identity("issuing", 1), spki=ISSUER)
    found = plan(touched(revocations=(says("held", **{where: (ca,)}),)), EPOCH)  # type: ignore[arg-type]
    assert found.actions == ()
    assert found.waiting[0].reason.startswith("only certificates of services go on hold")


@pytest.mark.parametrize(
    ("state", "expected"), [("held", True), ("released", False), ("revoked", False)]
)
def test_what_a_limit_counts(state: str, expected: bool) -> None:
    """What ends with it: no release, and no hold a second time."""
    valid = tuple(certificate(serial=n) for n in range(1, 7))
    on_hold = tuple(held(n, "r") for n in range(1, 7))
    one = (
        says("held", valid=valid)
        if state == "held"
        else says(state, reason="superseded", on_hold=on_hold, concludes=True)
    )
    found = plan(touched(revocations=(one,), allowances={"vcc": allowance(5)}), EPOCH)
    assert bool(found.held) is expected


def test_what_is_put_on_hold_is_not_renewed_by_the_same_plan() -> None:
    """Also if the certificate on hold is not the one in use."""
    subject = issued(due=(DUE,))
    old = certificate(serial=1)
    hold = says("held", valid=(old,))
    found = plan(touched(subject, revocations=(hold,)), EPOCH + 61 * DAY)
    assert [a.verb for a in found.actions] == [Verb.HOLD, Verb.SIGN_CRL]


def test_on_hold_a_due_renewal_waits_and_says_for_what() -> None:
    subject = issued(current=held().certificate, held_by=("r", "s"), holds=("s",), due=(DUE,))
    found = plan(touched(subject), EPOCH + 61 * DAY)
    assert (found.actions, [w.reason for w in found.waiting]) == (
        (),
        ["due for renewal, but on hold by s; set spec.state: released there to certify again"],
    )


def test_what_expired_on_hold_is_certified_again_when_it_is_released() -> None:
    subject = issued(current=held().certificate)
    found = plan(touched(subject), EPOCH + 91 * DAY)
    assert [a.verb for a in found.actions] == [Verb.REISSUE]


def test_on_hold_by_nobody_known_nothing_takes_its_place() -> None:
    subject = issued(current=held().certificate, due=(DUE,))
    found = plan(touched(subject), EPOCH + 61 * DAY)
    assert found.actions == ()
    assert "on hold, by no revocation that is known" in found.waiting[0].reason


def test_resume_after_counts_when_it_was_accepted_not_when_it_is_planned() -> None:
    """The ledger says who is held; a name in the declared meaning alone lets nobody go."""
    subject = issued(
        declared=msgspec.structs.replace(issued().declared, resume_after=("r",)),  # type: ignore[type-var]
        current=certificate(state=CertificateState.REVOKED),
        held_by=("r",),
    )
    found = plan(touched(subject), EPOCH)
    assert found.actions == ()
    assert found.waiting[0].reason == "revoked by r; name it in spec.resumeAfter to certify again"
