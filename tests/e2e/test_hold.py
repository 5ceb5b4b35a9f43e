"""What it means to be on hold: until the same object releases it, or makes it final."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from pki_reconciler.cli import apply
from pki_reconciler.loop import Outcome
from pki_reconciler.standing import standing
from pki_schema.desired import certificate_identity
from tests.published import Published
from tests.worlds import World

ARGUS = "tenants/vcc/services/argus-backend.yaml"
TARGET = "{tenant: vcc, service: argus-backend}"
HOLD = "certificateHold"


def _argus(world: World) -> x509.Certificate:
    return Published.of(world).certificate("argus-backend")


def _say(
    world: World,
    state: str,
    *,
    reason: str = HOLD,
    target: str = TARGET,
    name: str = "laptop",
    hours: float = 1,
) -> Outcome:
    """Write the object, commit and reconcile."""
    _write(world, state, reason=reason, target=target, name=name)
    return world.reconcile(hours=hours)


def _write(
    world: World,
    state: str,
    *,
    reason: str = HOLD,
    target: str = TARGET,
    name: str = "laptop",
) -> None:
    world.revoke(name, target, reason, f"  state: {state}\n")
    world.commit(f"{name}: {state}")


def _reason(world: World, certificate: x509.Certificate) -> str | None:
    """Why a certificate is on the list, as CRL and OCSP say with one voice; ``None``: it is not."""
    published = Published.of(world)
    entry = published.entry(certificate, "vcc-services")
    answers = published.answers(certificate)
    assert len(answers) == 2
    if entry is None:
        assert {a.certificate_status.name for a in answers} == {"GOOD"}
        return None
    code = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert {a.revocation_reason for a in answers} == {code}
    assert {a.revocation_time_utc for a in answers} == {entry.revocation_date_utc}
    return str(code.value)


def _since(world: World, certificate: x509.Certificate) -> object:
    entry = Published.of(world).entry(certificate, "vcc-services")
    return entry and entry.revocation_date_utc


def _waiting(outcome: Outcome) -> list[str]:
    return [one.reason for one in outcome.plans[-1].waiting]


def _refused(outcome: Outcome) -> list[str]:
    return [p.code for r in outcome.observed.refused for p in r.problems]


def _told(outcome: Outcome) -> list[str]:
    return [problem.code for problem in outcome.observed.remarks]


def _condition(world: World) -> tuple[str, str, str]:
    with world.reader() as reader:
        report = standing(reader, targets=world.targets, held=(), now=world.clock.now())
    identity = certificate_identity("vcc", "argus-backend", "default")
    [one] = [c for c in report.certificates if c.identity == identity]
    return one.sync, one.health, one.note


# ------------------------------------------------------------------ held


def test_on_hold_is_on_the_crl_in_every_answer_and_in_the_pointer(world: World) -> None:
    certificate = _argus(world)
    outcome = _say(world, "held")
    published = Published.of(world)
    current = published.current("argus-backend")
    assert (outcome.done.revoked, outcome.done.crls, outcome.done.signed) == (1, 1, 0)
    assert _reason(world, certificate) == HOLD
    assert (current["state"], current["revocationReason"]) == ("revoked", HOLD)
    assert current["revokedAt"] == "2026-11-23T13:00:00Z"
    assert "renewAt" not in current
    assert _condition(world) == ("Held", "OnHold", "on hold by laptop")


@pytest.mark.slow
def test_the_plan_marks_a_hold_as_what_it_is(world: World) -> None:
    plan = _say(world, "held").plans[0]
    [action] = [a for a in plan.actions if a.verb == "hold"]
    assert action.reason == "1 certificate, until its state is released"


@pytest.mark.slow
def test_on_hold_nothing_is_renewed_and_the_plan_says_why(world: World) -> None:
    """The renewal that is due waits where everybody sees it."""
    certificate = _argus(world)
    _say(world, "held")
    outcome = world.reconcile(days=70)
    assert _argus(world) == certificate
    assert _waiting(outcome) == [
        "due for renewal, but on hold by laptop; set spec.state: released there to certify again"
    ]
    assert _reason(world, certificate) == HOLD


@pytest.mark.slow
def test_on_hold_nothing_is_issued_again(world: World) -> None:
    """Neither what Git changes nor what resumeAfter, which is for what is final, asks for."""
    certificate = _argus(world)
    _say(world, "held")
    text = (world.tree / ARGUS).read_text()
    world.write(ARGUS, text + "  duration: 60d\n  resumeAfter: [laptop]\n")
    world.commit()
    outcome = world.reconcile(hours=1)
    assert outcome.done.signed == 0
    assert _argus(world) == certificate
    assert _waiting(outcome) == [
        "on hold by laptop; set spec.state: released there to certify again"
    ]
    assert _told(outcome) == ["PKI6026"]


@pytest.mark.slow
def test_a_hold_lasts_through_renewed_status(world: World) -> None:
    certificate = _argus(world)
    _say(world, "held")
    since = _since(world, certificate)
    for _ in range(3):
        world.reconcile(days=20)
        assert (_reason(world, certificate), _since(world, certificate)) == (HOLD, since)


# ------------------------------------------------------------------ released


@pytest.mark.slow
def test_released_is_valid_again_everywhere(world: World) -> None:
    certificate = _argus(world)
    before = Published.of(world).current("argus-backend")
    _say(world, "held")
    outcome = _say(world, "released")
    current = Published.of(world).current("argus-backend")
    assert (outcome.done.released, outcome.done.revoked, outcome.done.signed) == (1, 0, 0)
    assert _reason(world, certificate) is None
    assert {k: v for k, v in current.items() if k != "staple"} == {
        k: v for k, v in before.items() if k != "staple"
    }
    assert _condition(world) == ("Synced", "Healthy", "")
    assert world.reconcile(hours=1).plans[0].actions == ()


@pytest.mark.slow
def test_a_release_is_told_apart_from_a_revocation(world: World) -> None:
    _say(world, "held")
    [action] = [a for a in _say(world, "released").plans[0].actions if a.verb == "release"]
    assert action.reason == "1 certificate valid again"


def test_a_renewal_that_fell_due_happens_at_the_release(world: World) -> None:
    """In the same reconcile; what was on hold stays valid until it ends."""
    old = _argus(world)
    _say(world, "held")
    world.reconcile(days=70)
    outcome = _say(world, "released")
    new = _argus(world)
    assert outcome.done.signed > 0
    assert new != old
    assert (_reason(world, old), _reason(world, new)) == (None, None)


@pytest.mark.slow
def test_a_renewal_that_is_not_due_comes_when_it_would_have(world: World) -> None:
    plain, certificate = Published.of(world).current("argus-backend")["renewAt"], _argus(world)
    _say(world, "held")
    _say(world, "released")
    assert Published.of(world).current("argus-backend")["renewAt"] == plain
    world.reconcile(days=70)
    assert _argus(world) != certificate


@pytest.mark.slow
def test_what_git_changed_meanwhile_is_done_at_the_release(world: World) -> None:
    certificate = _argus(world)
    _say(world, "held")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  duration: 60d\n")
    world.commit()
    world.reconcile(hours=1)
    _say(world, "released")
    assert _argus(world) != certificate
    assert _reason(world, certificate) is None


@pytest.mark.slow
def test_held_and_released_between_two_polls_was_nothing(world: World) -> None:
    certificate = _argus(world)
    _write(world, "held")
    _write(world, "released")
    outcome = world.reconcile(hours=1)
    assert (outcome.done.revoked, outcome.done.crls) == (0, 0)
    assert _reason(world, certificate) is None
    assert world.reconcile(hours=1).plans[0].actions == ()


@pytest.mark.slow
def test_released_may_be_held_again(world: World) -> None:
    """As ``git revert`` of the release does; it is told, and the date is the new one."""
    certificate = _argus(world)
    _say(world, "held")
    _say(world, "released")
    outcome = _say(world, "held")
    assert _told(outcome) == ["PKI6025"]
    assert _reason(world, certificate) == HOLD
    assert _since(world, certificate) == world.clock.now()
    _say(world, "released")
    assert _reason(world, certificate) is None


# ------------------------------------------------------------------ final


@pytest.mark.slow
@pytest.mark.parametrize("reason", ["cessationOfOperation", "keyCompromise", "superseded"])
def test_made_final_it_is_for_ever(world: World, reason: str) -> None:
    """With the reason of now and the date of the hold (X.509): what was signed since counts for
    nothing, as before.
    """
    certificate = _argus(world)
    _say(world, "held")
    since = _since(world, certificate)
    _say(world, "revoked", reason=reason)
    assert (_reason(world, certificate), _since(world, certificate)) == (reason, since)
    assert _refused(_say(world, "released")) == ["PKI6023"]
    assert _reason(world, certificate) == reason


@pytest.mark.slow
def test_made_final_as_superseded_it_is_replaced(world: World) -> None:
    old = _argus(world)
    _say(world, "held")
    outcome = _say(world, "revoked", reason="superseded")
    assert outcome.done.signed == 1
    assert _reason(world, _argus(world)) is None
    assert _reason(world, old) == "superseded"


@pytest.mark.slow
def test_made_final_as_compromised_it_blocks_the_key(world: World) -> None:
    _say(world, "held")
    outcome = _say(world, "revoked", reason="keyCompromise")
    assert _waiting(outcome) == ["its key was revoked as compromised; commit a CSR with a new key"]
    world.new_key("vcc", "argus-backend")
    world.commit()
    assert world.reconcile(hours=1).done.signed == 1


@pytest.mark.slow
def test_made_final_it_is_resumed_by_a_later_commit(world: World) -> None:
    """Having named the hold before does not count."""
    certificate = _argus(world)
    text = (world.tree / ARGUS).read_text()
    _say(world, "held")
    world.write(ARGUS, text + "  resumeAfter: [laptop]\n")
    _say(world, "revoked", reason="cessationOfOperation")
    assert _argus(world) == certificate
    assert _condition(world)[2] == "revoked by laptop"
    for more in ("", "  resumeAfter: [laptop]\n"):
        world.write(ARGUS, text + more)
        world.commit()
    world.reconcile(hours=1)
    assert _reason(world, _argus(world)) is None
    assert _reason(world, certificate) == "cessationOfOperation"


@pytest.mark.slow
def test_made_final_means_what_was_held_and_nothing_since(world: World) -> None:
    """A service that was declared after a hold of its template is none of its business."""
    target = "{template: vcc-clara-model}"
    held = Published.of(world).certificate("clara-models")
    _say(world, "held", target=target)
    text = (world.tree / "tenants/vcc/services/clara-models.yaml").read_text()
    world.write("tenants/vcc/services/later.yaml", text.replace("clara-models", "later"))
    world.make_requests()
    world.commit()
    assert not world.reconcile(hours=1).observed.refused
    later = Published.of(world).certificate("later")
    outcome = _say(world, "revoked", reason="cessationOfOperation", target=target)
    assert outcome.done.revoked == 1
    assert Published.of(world).ocsp_states(held) == {"REVOKED"}
    assert Published.of(world).ocsp_states(later) == {"GOOD"}


# ------------------------------------------------------------------ more than one object


@pytest.mark.slow
def test_another_object_makes_a_hold_final_and_the_first_cannot_release_it(world: World) -> None:
    certificate = _argus(world)
    _say(world, "held")
    _say(world, "revoked", reason="privilegeWithdrawn", name="audit")
    assert _reason(world, certificate) == "privilegeWithdrawn"
    outcome = _say(world, "released")
    assert outcome.done.released == 0
    assert _reason(world, certificate) == "privilegeWithdrawn"
    assert _condition(world)[2] == "revoked by audit"


def test_held_by_two_it_is_valid_when_both_have_released_it(world: World) -> None:
    """One by its service, one by its serial; each plan says what the other still holds."""
    certificate = _argus(world)
    serial = f"{certificate.serial_number:x}"
    by_serial = f'{{ca: vcc-services, serial: "{serial}"}}'
    _say(world, "held")
    since = _since(world, certificate)
    _say(world, "held", name="audit", target=by_serial)
    assert (_reason(world, certificate), _since(world, certificate)) == (HOLD, since)
    [told] = [a.reason for a in _say(world, "released").plans[0].actions if a.verb == "release"]
    assert told == "0 certificates valid again; 1 certificate held by audit, too"
    assert _reason(world, certificate) == HOLD
    assert _condition(world) == ("Held", "OnHold", "on hold by audit")
    _say(world, "released", name="audit", target=by_serial)
    assert _reason(world, certificate) is None


@pytest.mark.slow
def test_held_by_one_and_released_by_another_in_one_poll(world: World) -> None:
    certificate = _argus(world)
    _say(world, "held")
    _write(world, "held", name="audit")
    _say(world, "released")
    assert _reason(world, certificate) == HOLD
    _say(world, "released", name="audit")
    assert _reason(world, certificate) is None


# ------------------------------------------------------------------ what says nothing


@pytest.mark.slow
def test_a_release_of_nothing_is_refused_at_its_line(world: World) -> None:
    outcome = _say(world, "released")
    [problem] = outcome.observed.refused[0].problems
    assert str(problem).startswith("revocations/laptop.yaml:7:10: error[PKI6021]")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "reason"), [("released", HOLD), ("revoked", "superseded"), ("held", HOLD)]
)
def test_a_hold_keeps_its_target(world: World, state: str, reason: str) -> None:
    """Refused, and everything stays as it was."""
    certificate = _argus(world)
    _say(world, "held")
    other = "{tenant: vcc, service: clara-backend}"
    assert _refused(_say(world, state, reason=reason, target=other)) == ["PKI6022"]
    assert _reason(world, certificate) == HOLD


def test_removing_the_file_of_a_hold_releases_nothing_and_that_is_said(world: World) -> None:
    certificate = _argus(world)
    _say(world, "held")
    world.remove("revocations/laptop.yaml")
    world.commit()
    outcome = world.reconcile(hours=1)
    (notice,) = outcome.observed.remarks
    assert outcome.plans[0].actions == ()
    assert _reason(world, certificate) == HOLD
    assert str(notice) == (
        "revocations/laptop.yaml:1:1: notice[PKI6020] Revocation/laptop was removed, which changes "
        "nothing: on hold stays on hold; to release, bring it back with state: released"
    )
    assert not _say(world, "released").observed.refused
    assert _reason(world, certificate) is None


@pytest.mark.slow
def test_a_ca_is_not_held_by_its_serial_either(world: World) -> None:
    """Nobody can tell from the file whose serial it is: it waits where it is seen."""
    authority = Published.of(world).authority("vcc-services")
    target = f'{{ca: vcc-root, serial: "{authority.serial_number:x}"}}'
    outcome = _say(world, "held", target=target)
    assert _waiting(outcome) == ["only certificates of services go on hold; this means one of a CA"]
    assert Published.of(world).entry(authority, "vcc-root") is None


@pytest.mark.slow
def test_a_hold_of_nobody_waits_until_it_is_released(world: World) -> None:
    outcome = _say(world, "held", target="{tenant: vcc, service: nobody}")
    assert _waiting(outcome) == ["matches no certificate; see its target"]
    outcome = _say(world, "released", target="{tenant: vcc, service: nobody}")
    assert _waiting(outcome) == []


@pytest.mark.slow
def test_bringing_back_what_is_over_is_told_and_revokes_nothing(world: World) -> None:
    _say(world, "revoked", reason="superseded")
    replaced = _argus(world)
    text = (world.tree / "revocations/laptop.yaml").read_text()
    world.remove("revocations/laptop.yaml")
    world.commit()
    world.write("revocations/laptop.yaml", text)
    world.commit()
    outcome = world.reconcile(hours=1)
    assert _told(outcome) == ["PKI6024"]
    assert (outcome.done.revoked, _reason(world, replaced)) == (0, None)


@pytest.mark.slow
def test_a_used_name_that_says_something_else_is_carried_out_and_told(world: World) -> None:
    _say(world, "revoked", reason="superseded")
    replaced = _argus(world)
    outcome = _say(world, "revoked", reason="cessationOfOperation")
    assert _told(outcome) == ["PKI6025"]
    assert _reason(world, replaced) == "cessationOfOperation"


@pytest.mark.slow
def test_a_comment_is_no_declaration(world: World) -> None:
    _say(world, "held")
    world.revoke("laptop", TARGET, HOLD, "  state: held\n  comment: It was lent\n")
    world.commit()
    outcome = world.reconcile(hours=1)
    assert (_told(outcome), outcome.plans[0].actions) == ([], ())


# ------------------------------------------------------------------ resumeAfter


@pytest.mark.slow
@pytest.mark.parametrize("between", [True, False], ids=["polled in between", "polled once"])
@pytest.mark.parametrize("together", [True, False], ids=["in one commit", "before"])
def test_named_in_advance_resumes_nothing(world: World, together: bool, between: bool) -> None:
    """Whoever polls when: the revocation suspends, until it is named in a commit after it."""
    certificate = _argus(world)
    text = (world.tree / ARGUS).read_text()
    world.write(ARGUS, text + "  resumeAfter: [gone]\n")
    if not together:
        world.commit()
    if between:
        world.reconcile(hours=1)
    world.revoke("gone", TARGET, "cessationOfOperation")
    world.commit()
    world.reconcile(hours=1)
    world.write(ARGUS, text + "  resumeAfter: [gone]\n  duration: 60d\n")
    world.commit()
    world.reconcile(hours=1)
    assert _argus(world) == certificate
    assert _condition(world) == ("Held", "Revoked", "revoked by gone")


@pytest.mark.slow
def test_named_after_the_revocation_it_resumes_however_late_somebody_polls(world: World) -> None:
    certificate = _argus(world)
    world.revoke("gone", TARGET, "cessationOfOperation")
    world.commit()
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  resumeAfter: [gone]\n")
    world.commit()
    outcome = world.reconcile(hours=1)
    assert _told(outcome) == []
    assert _reason(world, certificate) == "cessationOfOperation"
    assert _reason(world, _argus(world)) is None


@pytest.mark.slow
def test_a_used_name_suspends_again(world: World) -> None:
    """What the service named before was another revocation."""
    _say(world, "revoked", reason="cessationOfOperation")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  resumeAfter: [laptop]\n")
    world.commit()
    world.reconcile(hours=1)
    resumed = _argus(world)
    _say(world, "revoked", reason="privilegeWithdrawn")
    assert (_argus(world), _reason(world, resumed)) == (resumed, "privilegeWithdrawn")
    assert _condition(world)[2] == "revoked by laptop"


@pytest.mark.slow
def test_who_was_suspended_for_an_older_certificate_is_renewed_when_resumed(world: World) -> None:
    """The certificate in use was never revoked: it waits, and is renewed when it may be."""
    old = _argus(world)
    text = (world.tree / ARGUS).read_text()
    world.write(ARGUS, text + "  duration: 90d\n  dnsNames: [argus2.vcc.local]\n")
    world.commit()
    world.reconcile(hours=1)
    used = _argus(world)
    assert used != old
    target = f'{{ca: vcc-services, serial: "{old.serial_number:x}"}}'
    _say(world, "revoked", reason="cessationOfOperation", target=target)
    world.reconcile(days=75)
    assert _argus(world) == used
    text = (world.tree / ARGUS).read_text()
    world.write(ARGUS, text + "  resumeAfter: [laptop]\n")
    world.commit()
    world.reconcile(hours=1)
    assert _argus(world) != used


# ------------------------------------------------------------------ guards, and the end


@pytest.mark.slow
def test_a_hold_counts_for_the_limit_and_neither_its_release_nor_its_end(world: World) -> None:
    for name in ("argus-backend", "clara-backend", "covina-backend", "vpb-backend"):
        _write(world, "held", name=name, target=f"{{tenant: vcc, service: {name}}}")
    assert world.reconcile(hours=1).done.revoked == 4
    _write(world, "held", name="all", target="{template: vcc-service}")
    held = world.reconcile(hours=1)
    assert apply.exit_code(held) == 3
    assert held.kept_back[0].message == (
        "3 revocations in tenant vcc (4 more in the last 24 h), limit 5"
    )
    _write(world, "released", name="all", target="{template: vcc-service}")
    clara = "{tenant: vcc, service: clara-backend}"
    _write(world, "released", name="clara-backend", target=clara)
    outcome = _say(world, "revoked", name="argus-backend", reason="cessationOfOperation")
    assert apply.exit_code(outcome) == 0
    assert outcome.done.released == 1
    assert _reason(world, _argus(world)) == "cessationOfOperation"


@pytest.mark.slow
def test_a_hold_ends_with_the_certificate_and_a_late_release_lists_nothing_new(
    world: World,
) -> None:
    """It leaves the CRL as every expired entry does; released then, the service gets a new one."""
    certificate = _argus(world)
    _say(world, "held")
    listed = []
    for days in (0, 1, 2):
        world.clock.instant = certificate.not_valid_after_utc + timedelta(days=days)
        world.reconcile()
        entry = Published.of(world).entry(certificate, "vcc-services")
        listed.append(entry is not None)
    assert listed == [True, True, False]
    assert _argus(world) == certificate
    outcome = _say(world, "released")
    assert outcome.done.released == 0
    assert _argus(world) != certificate
    assert _reason(world, _argus(world)) is None


@pytest.mark.slow
def test_released_between_its_end_and_the_crl_that_drops_it(world: World) -> None:
    """It has expired on hold: RFC 5280 section 3.3 keeps it for one more regular CRL."""
    certificate = _argus(world)
    _say(world, "held")
    world.clock.instant = certificate.not_valid_after_utc + timedelta(hours=1)
    _say(world, "released", hours=0)
    assert Published.of(world).entry(certificate, "vcc-services") is not None
    world.reconcile(days=2)
    outcome = world.reconcile(days=2)
    assert not outcome.held
    assert Published.of(world).entry(certificate, "vcc-services") is None


@pytest.mark.slow
def test_other_care_is_adopted_on_hold_and_counts_after_the_release(world: World) -> None:
    """It needs no signature; the renewal moves with it."""
    certificate = _argus(world)
    _say(world, "held")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  renewBefore: 10d\n")
    world.commit()
    world.reconcile(hours=1)
    outcome = _say(world, "released")
    assert outcome.done.signed == 0
    renewal = Published.of(world).current("argus-backend")["renewAt"]
    assert renewal > (certificate.not_valid_after_utc - timedelta(days=12)).isoformat()


@pytest.mark.slow
def test_a_service_declared_while_it_is_held_is_certified_at_the_release(world: World) -> None:
    """Looked up before it ever had a certificate."""
    _write(world, "held", target="{tenant: vcc, service: later}")
    text = (world.tree / ARGUS).read_text()
    world.write("tenants/vcc/services/later.yaml", text.replace("argus-backend", "later"))
    world.make_requests()
    world.commit()
    world.reconcile(hours=1)
    assert not Published.of(world).has("later")
    outcome = _say(world, "released", target="{tenant: vcc, service: later}")
    assert outcome.done.signed == 1
    assert Published.of(world).has("later")


@pytest.mark.slow
def test_a_retired_service_can_be_held_and_released(world: World) -> None:
    certificate = _argus(world)
    for path in (ARGUS, "tenants/vcc/csr/argus-backend.pem"):
        world.remove(path)
    world.commit()
    world.reconcile(hours=1)
    _say(world, "held")
    assert _reason(world, certificate) == HOLD
    _say(world, "released")
    assert _reason(world, certificate) is None
    world.reconcile(days=70)
    assert _argus(world) == certificate
