"""What a merged ``Revocation`` leads to, and what cannot undo it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from pki_reconciler.cli import apply
from pki_reconciler.loop import Outcome
from pki_reconciler.standing import standing
from pki_schema.desired import certificate_identity, responder_identity
from tests.published import Published, is_page
from tests.worlds import World

ARGUS = "tenants/vcc/services/argus-backend.yaml"
ARGUS_CSR = "tenants/vcc/csr/argus-backend.pem"
TARGET = "{tenant: vcc, service: argus-backend}"
SUSPENDING = (
    "unspecified",
    "affiliationChanged",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
REASONS = (*SUSPENDING, "superseded", "keyCompromise", "aACompromise")


def _argus(world: World) -> x509.Certificate:
    return Published.of(world).certificate("argus-backend")


def _revoke(world: World, reason: str, target: str = TARGET, *, name: str = "gone") -> Outcome:
    """Declare, commit and reconcile an hour later."""
    world.revoke(name, target, reason)
    world.commit(f"Revoke: {reason}")
    return world.reconcile(hours=1)


def _condition(world: World) -> tuple[str, str, str]:
    """What ``vcc-pki status`` says about the service: sync, health, note."""
    with world.reader() as reader:
        report = standing(reader, targets=world.targets, held=(), now=world.clock.now())
    identity = certificate_identity("vcc", "argus-backend", "default")
    [one] = [c for c in report.certificates if c.identity == identity]
    return one.sync, one.health, one.note


def _reason(entry: x509.RevokedCertificate) -> str:
    """RFC 5280 section 5.3.1: no reason code means unspecified."""
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return "unspecified"


# ------------------------------------------------------------------ what it means


@pytest.mark.parametrize("reason", REASONS)
def test_a_revoked_certificate_is_on_the_crl_and_its_answers_say_so(
    world: World, reason: str
) -> None:
    """With the reason, and the instant of the reconcile, on both."""
    certificate = _argus(world)
    outcome = _revoke(world, reason)
    published = Published.of(world)
    entry = published.entry(certificate, "vcc-services")
    assert entry is not None
    assert (_reason(entry), entry.revocation_date_utc) == (reason, world.clock.now())
    assert outcome.done.revoked == 1
    assert len(published.answers(certificate)) == 2
    for answer in published.answers(certificate):
        assert answer.certificate_status.name == "REVOKED"
        assert answer.revocation_time_utc == world.clock.now()
        told = answer.revocation_reason.value if answer.revocation_reason else "unspecified"
        assert told == reason


def test_a_revocation_signs_one_crl_and_nothing_for_others(world: World) -> None:
    """The CRL of the issuer, answers for the one certificate, and no other CA is touched."""
    before = Published.of(world)
    certificate = _argus(world)
    outcome = _revoke(world, "cessationOfOperation")
    after = Published.of(world)
    stem, serial = after.stem("vcc-services"), f"{certificate.serial_number:x}"
    assert (outcome.done.crls, outcome.done.answers, outcome.done.signed) == (1, 2, 0)
    changed = {path for path in after.files if before.files.get(path) != after.files[path]}
    pages = {path for path in changed if is_page(path)}
    assert pages == {"index.html", "expiry.ics", "status/vcc.html"}
    assert changed - pages == {
        f"crl/{stem}.crl",
        f"crl/{stem}.chain.pem",
        f"ocsp/{stem}/{serial}.sha1.der",
        f"ocsp/{stem}/{serial}.sha256.der",
        "status.json",
        "svc/vcc/argus-backend/default/current.json",
        "svc/vcc/argus-backend/default/staple.der",
        "svc/vcc/argus-backend/default/fullchain.pem.ocsp",
        after.current("argus-backend")["renewalInfo"],
    }


def test_the_pointer_says_that_the_certificate_is_revoked(world: World) -> None:
    _revoke(world, "cessationOfOperation")
    current = Published.of(world).current("argus-backend")
    assert (current["state"], current["revokedAt"]) == ("revoked", "2026-11-23T13:00:00Z")
    assert "renewAt" not in current


def test_the_invalidity_date_goes_onto_the_crl(world: World) -> None:
    """RFC 5280 section 5.3.2: since when the key may have been lost."""
    certificate = _argus(world)
    world.revoke("lost", TARGET, "keyCompromise", '  invalidityDate: "2026-11-20T00:00:00Z"\n')
    world.commit()
    world.reconcile(hours=1)
    entry = Published.of(world).entry(certificate, "vcc-services")
    assert entry is not None
    date = entry.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert date.invalidity_date_utc == datetime(2026, 11, 20, tzinfo=UTC)


# ------------------------------------------------------------------ what comes after


def test_superseded_is_certified_again_in_the_same_reconcile(world: World) -> None:
    """Revoked and replaced at once, with the same key."""
    old = _argus(world)
    outcome = _revoke(world, "superseded")
    published = Published.of(world)
    new = _argus(world)
    assert outcome.done.signed == 1
    assert new.serial_number != old.serial_number
    assert new.public_key() == old.public_key()
    assert published.current("argus-backend")["state"] == "valid"
    assert published.ocsp_states(new) == {"GOOD"}
    assert published.entry(new, "vcc-services") is None


@pytest.mark.parametrize("reason", ["keyCompromise", "aACompromise"])
def test_a_compromised_key_is_replaced_as_soon_as_there_is_another(
    world: World, reason: str
) -> None:
    """Nothing is certified until a CSR brings a new key; then without further ado."""
    old = _argus(world)
    outcome = _revoke(world, reason)
    assert outcome.done.signed == 0
    assert [w.reason for w in outcome.plans[-1].waiting] == [
        "its key was revoked as compromised; commit a CSR with a new key"
    ]
    world.reconcile(days=70)
    assert _argus(world) == old
    world.new_key("vcc", "argus-backend")
    world.commit()
    assert world.reconcile(hours=1).done.signed == 1
    new = _argus(world)
    assert new.public_key() != old.public_key()
    assert Published.of(world).ocsp_states(new) == {"GOOD"}


def test_a_compromised_key_is_never_certified_again(world: World) -> None:
    """Not for its service, and not for another one of the tenant."""
    request = (world.tree / ARGUS_CSR).read_text()
    _revoke(world, "keyCompromise")
    world.new_key("vcc", "argus-backend")
    world.commit()
    world.reconcile(hours=1)
    replaced = _argus(world)
    world.write(ARGUS_CSR, request)
    world.commit()
    outcome = world.reconcile(hours=1)
    assert outcome.done.signed == 0
    assert "compromised" in outcome.plans[-1].waiting[0].reason
    assert _argus(world) == replaced


@pytest.mark.parametrize("reason", SUSPENDING)
def test_other_reasons_suspend_the_service(world: World, reason: str) -> None:
    """Nothing is certified for it; ``status`` says why."""
    outcome = _revoke(world, reason)
    assert outcome.done.signed == 0
    assert _condition(world) == ("Held", "Revoked", "revoked by gone")


def test_a_suspended_service_is_certified_when_it_names_the_revocation(world: World) -> None:
    """A new key brings no certificate; ``resumeAfter`` does, and the old one stays revoked."""
    old = _argus(world)
    _revoke(world, "cessationOfOperation")
    world.new_key("vcc", "argus-backend")
    world.commit()
    assert world.reconcile(hours=1).done.signed == 0
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  resumeAfter: [gone]\n")
    world.commit()
    assert world.reconcile(hours=1).done.signed == 1
    assert Published.of(world).ocsp_states(_argus(world)) == {"GOOD"}
    assert Published.of(world).ocsp_states(old) == {"REVOKED"}


def test_resume_after_another_revocation_does_not_resume(world: World) -> None:
    _revoke(world, "cessationOfOperation")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  resumeAfter: [something-else]\n")
    world.commit()
    assert world.reconcile(hours=1).done.signed == 0


def test_a_resumed_service_is_renewed_again(world: World) -> None:
    _revoke(world, "cessationOfOperation")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  resumeAfter: [gone]\n")
    world.commit()
    world.reconcile(hours=1)
    resumed = _argus(world)
    world.reconcile(days=61)
    assert _argus(world) != resumed


# ------------------------------------------------------------------ what it is aimed at


def _revoked(published: Published, *certificates: x509.Certificate) -> list[bool]:
    """Whether both CRL and OCSP say so, certificate by certificate."""
    found = []
    for certificate in certificates:
        issuer = next(
            a["name"]
            for a in published.json("status.json")["authorities"]
            if published.authority(a["name"], a["generation"]).subject == certificate.issuer
        )
        listed = published.entry(certificate, issuer) is not None
        assert published.ocsp_states(certificate) == {"REVOKED" if listed else "GOOD"}
        found.append(listed)
    return found


def test_by_serial_means_one_certificate(world: World) -> None:
    """Also one that is no longer in use."""
    old = _argus(world)
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  duration: 60d\n")
    world.commit()
    world.reconcile(hours=1)
    new = _argus(world)
    outcome = _revoke(world, "superseded", f'{{ca: vcc-services, serial: "{old.serial_number:x}"}}')
    assert _revoked(Published.of(world), old, new) == [True, False]
    assert outcome.done.signed == 0  # the one in use is not concerned
    assert _argus(world) == new


def test_a_serial_of_another_ca_means_nothing(world: World) -> None:
    """It does nothing and waits where it is seen: most often a serial was mistyped."""
    certificate = _argus(world)
    outcome = _revoke(
        world, "superseded", f'{{ca: vcc-people, serial: "{certificate.serial_number:x}"}}'
    )
    (waiting,) = outcome.plans[0].waiting
    assert waiting.reason == "matches no certificate; see its target"
    assert outcome.done.revoked == 0
    assert _revoked(Published.of(world), certificate) == [False]
    assert world.reconcile(hours=1).plans[0].actions == ()


def test_by_service_means_everything_it_holds(world: World) -> None:
    """All certificates of the service, and the former one that would still be good."""
    old = _argus(world)
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  duration: 60d\n")
    world.commit()
    world.reconcile(hours=1)
    new, other = _argus(world), Published.of(world).certificate("clara-backend")
    outcome = _revoke(world, "cessationOfOperation")
    assert outcome.done.revoked == 2
    assert _revoked(Published.of(world), old, new, other) == [True, True, False]


def test_by_service_and_certificate_means_that_one(world: World) -> None:
    published = Published.of(world)
    pair = [published.certificate("pki-server", name=name) for name in ("default", "api")]
    _revoke(world, "superseded", "{tenant: vcc, service: pki-server, certificate: api}")
    assert _revoked(Published.of(world), *pair) == [False, True]


def test_by_template_means_what_was_issued_from_it(world: World) -> None:
    published = Published.of(world)
    models = published.certificate("clara-models")
    signer = published.certificate("covina-signer")  # of the parent template
    _revoke(world, "superseded", "{template: vcc-clara-model}")
    assert _revoked(Published.of(world), models, signer) == [True, False]


def test_by_key_means_whatever_certifies_it(world: World) -> None:
    """The key is named by the SHA-256 of its SubjectPublicKeyInfo, as ``current.json`` does."""
    old = _argus(world)
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  duration: 60d\n")
    world.commit()
    world.reconcile(hours=1)
    digest = Published.of(world).current("argus-backend")["spkiSha256"]
    _revoke(world, "keyCompromise", f'{{key: "{digest}"}}')
    assert _revoked(Published.of(world), old, _argus(world)) == [True, True]


def test_a_retired_service_can_be_revoked(world: World) -> None:
    """Its file is gone; the ledger knows what it was."""
    certificate = _argus(world)
    world.remove(ARGUS)
    world.remove(ARGUS_CSR)
    world.commit()
    world.reconcile(hours=1)
    outcome = _revoke(world, "cessationOfOperation")
    assert not outcome.observed.refused
    assert _revoked(Published.of(world), certificate) == [True]


def test_the_first_revocation_of_a_certificate_counts(world: World) -> None:
    """A second one, for another reason, changes neither date nor reason."""
    certificate = _argus(world)
    _revoke(world, "cessationOfOperation")
    first = Published.of(world).entry(certificate, "vcc-services")
    outcome = _revoke(world, "privilegeWithdrawn", name="again")
    second = Published.of(world).entry(certificate, "vcc-services")
    assert first is not None
    assert second is not None
    assert outcome.done.revoked == 0
    assert second.revocation_date_utc == first.revocation_date_utc
    assert _reason(second) == "cessationOfOperation"


# ------------------------------------------------------------------ a CA


def test_a_revoked_ca_is_on_its_parents_crl(world: World) -> None:
    authority = Published.of(world).authority("vcc-services")
    outcome = _revoke(world, "cACompromise", "{authority: vcc-services}")
    entry = Published.of(world).entry(authority, "vcc-root")
    assert entry is not None
    assert _reason(entry) == "cACompromise"
    assert outcome.done.signed == 0


def test_nothing_is_issued_from_a_revoked_ca(world: World) -> None:
    """Not a new service, not a renewal; nor is its key certified again. Its responder goes on: what
    the CA signed has to be answered for until it has expired.
    """
    before = Published.of(world)
    certificate = _argus(world)
    _revoke(world, "cACompromise", "{authority: vcc-services}")
    text = (world.tree / ARGUS).read_text()
    world.write("tenants/vcc/services/new.yaml", text.replace("argus-backend", "new"))
    world.make_requests()
    world.commit()
    outcome = world.reconcile(hours=1)
    waiting = {str(w.subject): w.reason for w in outcome.plans[-1].waiting}
    assert waiting["Certificate/vcc/new/default"] == "its issuer vcc-services is revoked"
    for days in (21, 40):  # the responder's renewal, then the services'
        world.reconcile(days=days)
    late = Published.of(world)
    with world.reader() as reader:
        (authority,) = (a for a in reader.authorities().values() if a.name == "vcc-services")
        responders = reader.certificates_of(responder_identity("vcc-services", 1))
    assert late.authority("vcc-services") == before.authority("vcc-services")
    assert len(responders) == 3
    assert authority.certificate.state == "revoked"
    assert _argus(world) == certificate
    assert not late.has("new")


def test_a_revoked_ca_is_followed_by_a_new_generation(world: World) -> None:
    """A new key and name; every service that was waiting is certified by it when it is renewed."""
    _revoke(world, "cACompromise", "{authority: vcc-services}")
    path = "cas/vcc-services.yaml"
    world.edit(path, "VCC Services CA G1", "VCC Services CA G2")
    world.edit(path, "  parent: vcc-root\n", "  parent: vcc-root\n  generation: 2\n")
    world.commit()
    outcome = world.reconcile(hours=1)
    assert not outcome.held
    world.reconcile(days=61)
    published = Published.of(world)
    _argus(world).verify_directly_issued_by(published.authority("vcc-services", 2))
    assert published.ocsp_states(_argus(world)) == {"GOOD"}


# ------------------------------------------------------------------ what cannot undo it


def test_removing_the_file_changes_nothing_and_that_is_said(world: World) -> None:
    certificate = _argus(world)
    _revoke(world, "cessationOfOperation")
    before = Published.of(world)
    world.remove("revocations/gone.yaml")
    world.commit()
    outcome = world.reconcile(minutes=1)
    after = Published.of(world)
    (notice,) = outcome.observed.remarks
    assert outcome.plans[0].actions == ()
    changed = {p for p in after.files if after.files[p] != before.files[p]}
    assert changed == {"status.json", "index.html"}
    assert after.ocsp_states(certificate) == {"REVOKED"}
    assert str(notice) == (
        "revocations/gone.yaml:1:1: notice[PKI6020] Revocation/gone was removed, which changes "
        "nothing: revoked stays revoked; to certify again, name it in the service's resumeAfter"
    )


def test_bringing_the_file_back_revokes_nothing_new(world: World) -> None:
    """It was looked up once. A new certificate needs a revocation of its own."""
    _revoke(world, "superseded")
    replaced = _argus(world)
    text = (world.tree / "revocations/gone.yaml").read_text()
    world.remove("revocations/gone.yaml")
    world.commit()
    world.reconcile(hours=1)
    world.write("revocations/gone.yaml", text)
    world.commit()
    outcome = world.reconcile(hours=1)
    assert outcome.done.revoked == 0
    assert _revoked(Published.of(world), replaced) == [False]


def test_a_revocation_counts_even_if_it_is_removed_before_anybody_looks(world: World) -> None:
    certificate = _argus(world)
    world.revoke("gone", TARGET, "cessationOfOperation")
    world.commit("Revoke")
    world.remove("revocations/gone.yaml")
    world.commit("Revert")
    outcome = world.reconcile(hours=1)
    assert len(outcome.observed.accepted) == 2
    assert _revoked(Published.of(world), certificate) == [True]


def test_a_revoked_certificate_stays_revoked_through_renewed_status(world: World) -> None:
    """On every CRL and in every answer until it ends."""
    certificate = _argus(world)
    _revoke(world, "cessationOfOperation")
    for _ in range(3):
        world.reconcile(days=20)
        assert _revoked(Published.of(world), certificate) == [True]


# ------------------------------------------------------------------ guards


def test_more_revocations_than_the_limit_are_held_with_what_to_commit(world: World) -> None:
    """None of them is done, and the exit code is 3."""
    crl = Published.of(world).crl("vcc-services")
    outcome = _revoke(world, "superseded", "{template: vcc-service}")
    vcc = next(held for held in outcome.kept_back if "tenant vcc" in held.message)
    assert apply.exit_code(outcome) == 3
    assert str(vcc.origin) == "tenants/vcc/tenant.yaml:20:25"
    assert (vcc.code, vcc.message, vcc.remedy) == (
        "PKI6001",
        "7 revocations in tenant vcc (0 more in the last 24 h), limit 5",
        "set spec.limits.revocations: 7 at tenants/vcc/tenant.yaml:20:25, in a commit of its own",
    )
    assert (outcome.done.revoked, outcome.done.signed) == (0, 0)
    assert Published.of(world).crl("vcc-services") == crl


def test_a_held_plan_leaves_renewals_and_status_alone(world: World) -> None:
    """Everything caused by Git waits, whatever it is; what is due is done."""
    world.revoke("all", "{template: vcc-service}", "superseded")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  duration: 60d\n")
    world.commit()
    certificate = _argus(world)
    world.reconcile(hours=1)
    assert _argus(world) == certificate
    outcome = world.reconcile(days=61)
    published = Published.of(world)
    assert apply.exit_code(outcome) == 3
    assert outcome.done.signed > 0
    assert _argus(world).not_valid_after_utc > certificate.not_valid_after_utc + timedelta(days=50)
    assert published.crl("vcc-services").next_update_utc > world.clock.now()
    assert _revoked(published, certificate) == [False]


def test_a_limit_raised_one_commit_later_lets_them_pass(world: World) -> None:
    """All at once, each superseded one replaced."""
    _revoke(world, "superseded", "{template: vcc-service}", name="all")
    world.edit("tenants/vcc/tenant.yaml", "limits: {revocations: 5}", "limits: {revocations: 7}")
    world.commit()
    outcome = world.reconcile(hours=1)
    assert apply.exit_code(outcome) == 0
    assert (outcome.done.revoked, outcome.done.signed) == (8, 8)


def test_a_limit_raised_by_the_revoking_commit_does_not_count(world: World) -> None:
    world.edit("tenants/vcc/tenant.yaml", "limits: {revocations: 5}", "limits: {revocations: 7}")
    outcome = _revoke(world, "superseded", "{template: vcc-service}", name="all")
    assert apply.exit_code(outcome) == 3
    assert "limit 5" in outcome.kept_back[0].message


def test_a_limit_lowered_by_the_revoking_commit_counts_at_once(world: World) -> None:
    world.edit("tenants/vcc/tenant.yaml", "limits: {revocations: 5}", "limits: {revocations: 0}")
    outcome = _revoke(world, "superseded")
    assert apply.exit_code(outcome) == 3
    assert "1 revocations in tenant vcc (0 more in the last 24 h), limit 0" in (
        outcome.kept_back[0].message
    )


def test_the_limit_is_for_twenty_four_hours(world: World) -> None:
    """What was revoked before adds up, and a day later the next ones pass by themselves."""
    for name in ("clara-backend", "covina-backend", "vpb-backend"):
        world.revoke(name, f"{{tenant: vcc, service: {name}}}", "superseded")
    world.commit()
    assert world.reconcile().done.revoked == 3
    for name in ("argus-backend", "veritas-backend", "veritas-frontend"):
        world.revoke(name, f"{{tenant: vcc, service: {name}}}", "superseded")
    world.commit()
    outcome = world.reconcile(hours=23)
    assert [held.message for held in outcome.kept_back] == [
        "3 revocations in tenant vcc (3 more in the last 24 h), limit 5"
    ]
    outcome = world.reconcile(hours=1)
    assert (apply.exit_code(outcome), outcome.done.revoked) == (0, 3)


def test_the_host_limits_the_whole_repository(world: World) -> None:
    world.revocations_limit = 0
    outcome = _revoke(world, "superseded")
    (held,) = outcome.kept_back
    assert (held.code, held.message, held.remedy) == (
        "PKI6001",
        "1 revocations in the repository (0 more in the last 24 h), limit 0",
        "[limits] revocations = 1 in vcc-pki.toml",
    )


# ------------------------------------------------------------------ how long it is listed


def test_an_expired_entry_leaves_after_one_further_regular_crl(world: World) -> None:
    """RFC 5280 section 3.3: it has to be seen once on a CRL issued after the certificate's end."""
    certificate = _argus(world)
    _revoke(world, "cessationOfOperation")
    end = certificate.not_valid_after_utc
    listed = []
    for offset in (timedelta(), timedelta(days=1), timedelta(days=2), timedelta(days=3)):
        world.clock.instant = end + offset
        world.reconcile()
        published = Published.of(world)
        assert published.crl("vcc-services").last_update_utc == world.clock.now()
        listed.append(published.entry(certificate, "vcc-services") is not None)
    assert listed == [True, True, False, False]


def test_a_crl_between_the_regular_ones_drops_nothing(world: World) -> None:
    """Revocations make CRLs out of turn; the expired entry waits for a regular one."""
    certificate = _argus(world)
    _revoke(world, "cessationOfOperation")
    world.clock.instant = certificate.not_valid_after_utc
    world.reconcile()
    for hours, service in ((1, "clara-backend"), (2, "vpb-backend")):
        world.revoke(service, f"{{tenant: vcc, service: {service}}}", "superseded")
        world.commit()
        world.reconcile(hours=1)
        published = Published.of(world)
        passed = published.crl("vcc-services").last_update_utc - certificate.not_valid_after_utc
        assert passed == timedelta(hours=hours)
        assert published.entry(certificate, "vcc-services") is not None


def test_signing_cas_list_what_has_expired_for_ever(world: World) -> None:
    """``keepExpired``: old signatures are still judged, and the CRL says so (ExpiredCertsOnCRL)."""
    certificate = Published.of(world).certificate("covina-signer")
    _revoke(world, "keyCompromise", "{tenant: vcc, service: covina-signer}")
    world.clock.instant = certificate.not_valid_after_utc
    for _ in range(4):
        world.reconcile(days=1)
    crl = Published.of(world).crl("vcc-signing")
    oids = [extension.oid.dotted_string for extension in crl.extensions]
    assert crl.last_update_utc == world.clock.now()
    assert crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    assert "2.5.29.60" in oids


def test_crl_numbers_grow_and_dates_never_go_back(world: World) -> None:
    numbers, dates = [], []
    for service in ("argus-backend", "clara-backend", "vpb-backend"):
        world.revoke(service, f"{{tenant: vcc, service: {service}}}", "superseded")
        world.commit()
        world.reconcile()  # three within the same second
        published = Published.of(world)
        numbers.append(published.crl_number("vcc-services"))
        dates.append(published.crl("vcc-services").last_update_utc)
    assert numbers == sorted(set(numbers))
    assert dates == sorted(dates)
