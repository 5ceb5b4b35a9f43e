"""What a change in Git leads to: re-issue, adoption, retirement, a new generation, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from pki_reconciler.loop import Outcome
from pki_schema.planned import Verb
from tests.published import Published, duration, is_page
from tests.worlds import World

ARGUS = "tenants/vcc/services/argus-backend.yaml"
ARGUS_CSR = "tenants/vcc/csr/argus-backend.pem"
CA = "cas/vcc-services.yaml"
DAY = 86_400
STATUS = {Verb.SIGN_CRL, Verb.SIGN_ANSWERS}


def _did(outcome: Outcome) -> list[tuple[str, str, str]]:
    """What was done, apart from refreshing status: verb, subject, cause."""
    return [
        (str(a.verb), str(a.subject), str(a.cause))
        for plan in outcome.plans
        for a in plan.actions
        if a.verb not in STATUS
    ]


def _changed(before: Published, after: Published) -> set[str]:
    """Paths whose bytes differ."""
    paths = before.files.keys() | after.files.keys()
    return {path for path in paths if before.files.get(path) != after.files.get(path)}


# ------------------------------------------------------------------ re-issued


def _another_name(world: World) -> None:
    uri = "  uris: [spiffe://vcc.local/vcc/argus-backend]\n"
    world.write(ARGUS, (world.tree / ARGUS).read_text() + uri)


def _another_duration(world: World) -> None:
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  duration: 60d\n")


def _another_template(world: World) -> None:
    world.edit(ARGUS, "template: vcc-service", "template: vcc-tls-client")


def _another_key(world: World) -> None:
    world.new_key("vcc", "argus-backend")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_another_name, "changed: names"),
        (_another_duration, "changed: duration"),
        (
            _another_template,
            "changed: subject, names, extended key usages, policies",
        ),
        (_another_key, "changed: key"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
def test_a_changed_service_is_certified_again(
    world: World, change: Callable[[World], None], reason: str
) -> None:
    """One re-issue because of the commit. The former certificate stays good until it ends."""
    before = Published.of(world).certificate("argus-backend")
    change(world)
    commit = world.commit()
    outcome = world.reconcile(hours=1)
    after = Published.of(world)
    assert _did(outcome) == [("reissue", "Certificate/vcc/argus-backend/default", "git")]
    assert outcome.plans[0].actions[0].reason == reason
    assert outcome.done.signed == 1
    assert after.certificate("argus-backend") != before
    assert after.current("argus-backend")["commit"] == commit
    assert after.ocsp_states(before) == {"GOOD"}


def test_the_new_certificate_says_what_changed(world: World) -> None:
    """Name, duration and key of the new one are the declared ones."""
    for change in (_another_name, _another_duration, _another_key):
        change(world)
    world.commit()
    world.reconcile(hours=1)
    certificate = Published.of(world).certificate("argus-backend")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    request = x509.load_pem_x509_csr((world.tree / ARGUS_CSR).read_bytes())
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        "spiffe://vcc.local/vcc/argus-backend"
    ]
    assert duration(certificate) == 60 * DAY
    assert certificate.public_key() == request.public_key()


def test_a_changed_template_certifies_everything_of_it_again_and_nothing_else(
    world: World,
) -> None:
    world.edit("templates/vcc-code-signing.yaml", "OU: Code Signing", "OU: Release Signing")
    world.commit()
    outcome = world.reconcile(hours=1)
    assert _did(outcome) == [("reissue", "Certificate/vcc/covina-signer/default", "git")]


def test_a_changed_parent_template_reaches_what_inherits_from_it(world: World) -> None:
    """``vcc-clara-model`` takes its usages from ``vcc-code-signing``."""
    world.edit(
        "templates/vcc-code-signing.yaml",
        "usages: [digital signature, content commitment, code signing]",
        "usages: [digital signature, code signing]",
    )
    world.commit()
    outcome = world.reconcile(hours=1)
    assert [subject for _, subject, _ in _did(outcome)] == [
        "Certificate/vcc/clara-models/default",
        "Certificate/vcc/covina-signer/default",
    ]


# ------------------------------------------------------------------ nothing


def _comments(world: World) -> None:
    world.edit(ARGUS, "spec:\n", "# Somebody explains.\nspec:  # and again\n")


def _block_style(world: World) -> None:
    world.edit(ARGUS, "metadata: {name: argus-backend}", 'metadata:\n    name: "argus-backend"')


def _key_order(world: World) -> None:
    world.edit(ARGUS, "apiVersion: pki.vcc.local/v1\nkind: Service\n", "kind: Service\n")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "apiVersion: pki.vcc.local/v1\n")


def _units_of_time(world: World) -> None:
    world.edit("templates/vcc-admin.yaml", "duration: 365d", "duration: 8760h")
    world.edit("templates/vcc-service.yaml", "duration: 90d", "duration: P90D")


def _order_of_lists(world: World) -> None:
    world.edit(
        "templates/vcc-service.yaml",
        "usages: [digital signature, key encipherment, server auth, client auth]",
        "usages: [client auth, server auth, key encipherment, digital signature]",
    )
    world.edit("templates/vcc-service.yaml", "nameTypes: [dns, uri]", "nameTypes: [uri, dns]")
    world.edit(
        CA,
        "[vcc.local, vcc.internal, vcc.brandenburg.de]",
        "[vcc.internal, vcc.brandenburg.de, vcc.local]",
    )


def _order_of_certificates(world: World) -> None:
    path = "tenants/vcc/services/pki-server.yaml"
    world.edit(path, "    - {name: default, template: vcc-service}\n", "")
    world.edit(
        path,
        "      parameters: {server_name: pki.vcc.local}\n",
        "      parameters: {server_name: pki.vcc.local}\n"
        "    - {name: default, template: vcc-service}\n",
    )


def _the_default_spelt_out(world: World) -> None:
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  suspend: false\n  duration: 90d\n")


def _what_certificates_do_not_say(world: World) -> None:
    world.edit(ARGUS, "description: Security monitoring", "description: Watches")
    world.edit(ARGUS, "trustLevel: high", "trustLevel: medium")


def _the_long_form(world: World) -> None:
    world.edit(ARGUS, "  template: vcc-service\n", "  certificates: [{template: vcc-service}]\n")


def _text_files(world: World) -> None:
    world.write("README.md", "Read me.\n")
    world.write("docs/more.txt", "Text.\n")


@pytest.mark.parametrize(
    "change",
    [
        _comments,
        _block_style,
        _key_order,
        _units_of_time,
        _order_of_lists,
        _order_of_certificates,
        _the_default_spelt_out,
        _what_certificates_do_not_say,
        _the_long_form,
        _text_files,
    ],
    ids=lambda value: value.__name__.strip("_"),
)
def test_what_means_the_same_changes_nothing(world: World, change: Callable[[World], None]) -> None:
    """The commit is accepted and named in ``status.json``; the plan is empty, nothing is signed."""
    before = Published.of(world)
    change(world)
    commit = world.commit()
    outcome = world.reconcile(minutes=1)
    after = Published.of(world)
    assert outcome.observed.accepted == (commit,)
    assert outcome.plans[0].actions == ()
    assert {p for p in _changed(before, after) if not is_page(p)} == {"status.json"}
    assert after.json("status.json")["commit"] == commit


# ------------------------------------------------------------------ adopted


def _renew_at(world: World) -> datetime:
    return datetime.fromisoformat(Published.of(world).current("argus-backend")["renewAt"])


def test_a_changed_renew_before_is_adopted_and_moves_the_renewal(world: World) -> None:
    """No signature. What is published says the new time, and the renewal comes then."""
    before = Published.of(world).certificate("argus-backend")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  renewBefore: 45d\n")
    world.commit()
    outcome = world.reconcile(days=1)
    assert _did(outcome) == [("adopt", "Certificate/vcc/argus-backend/default", "git")]
    assert outcome.done.signed == 0
    left = before.not_valid_after_utc - _renew_at(world)
    assert timedelta(days=45) <= left < timedelta(days=50)
    world.clock.instant = _renew_at(world) - timedelta(seconds=1)
    world.reconcile()
    assert Published.of(world).certificate("argus-backend") == before
    outcome = world.reconcile(seconds=1)
    assert ("renew", "Certificate/vcc/argus-backend/default", "clock") in _did(outcome)


def test_changed_settings_of_a_ca_are_adopted(world: World) -> None:
    """Half as long between CRLs: no certificate is signed, and the next CRL comes after 12 h."""
    number = Published.of(world).crl_number("vcc-services")
    world.edit(CA, "refresh: 1d", "refresh: 12h")
    world.commit()
    outcome = world.reconcile(hours=11)
    assert _did(outcome) == [("adopt", "AuthorityCertificate/vcc-services/1", "git")]
    assert (outcome.done.signed, outcome.done.crls) == (0, 0)
    assert world.reconcile(hours=1).done.crls == 1
    assert Published.of(world).crl_number("vcc-services") > number


# ------------------------------------------------------------------ retired


def _remove_argus(world: World) -> dict[str, str]:
    """Take the service out; what it was made of is returned."""
    files = {path: (world.tree / path).read_text() for path in (ARGUS, ARGUS_CSR)}
    for path in files:
        world.remove(path)
    world.commit()
    return files


def test_a_deleted_service_is_retired_not_revoked(world: World) -> None:
    """No renewal any more; CRL and OCSP go on as for every other certificate, until it ends."""
    certificate = Published.of(world).certificate("argus-backend")
    _remove_argus(world)
    outcome = world.reconcile(hours=1)
    assert _did(outcome) == [("retire", "Certificate/vcc/argus-backend/default", "git")]
    assert (outcome.done.signed, outcome.done.revoked, outcome.done.crls) == (0, 0, 0)
    world.reconcile(days=61)
    late = Published.of(world)
    assert late.certificate("argus-backend") == certificate
    assert late.entry(certificate, "vcc-services") is None
    assert late.ocsp_states(certificate) == {"GOOD"}
    assert all(a.next_update_utc > world.clock.now() for a in late.answers(certificate))


def test_the_status_of_a_retired_service_ends_with_its_certificate(world: World) -> None:
    certificate = Published.of(world).certificate("argus-backend")
    _remove_argus(world)
    world.reconcile()
    world.clock.instant = certificate.not_valid_after_utc
    world.reconcile()
    assert Published.of(world).ocsp_states(certificate) == {"GOOD"}
    world.reconcile(seconds=1)
    assert Published.of(world).ocsp_states(certificate) == set()


def test_a_retired_service_that_comes_back_keeps_its_certificate_and_renews_again(
    world: World,
) -> None:
    certificate = Published.of(world).certificate("argus-backend")
    files = _remove_argus(world)
    world.reconcile(days=1)
    for path, text in files.items():
        world.write(path, text)
    world.commit()
    outcome = world.reconcile(days=1)
    assert _did(outcome) == [("adopt", "Certificate/vcc/argus-backend/default", "git")]
    assert Published.of(world).certificate("argus-backend") == certificate
    world.reconcile(days=61)
    assert Published.of(world).certificate("argus-backend") != certificate


def test_a_service_that_comes_back_after_its_certificate_ended_is_issued_anew(
    world: World,
) -> None:
    certificate = Published.of(world).certificate("argus-backend")
    files = _remove_argus(world)
    world.reconcile(days=1)
    world.reconcile(days=150)
    for path, text in files.items():
        world.write(path, text)
    world.commit()
    world.reconcile(days=1)
    again = Published.of(world).certificate("argus-backend")
    assert again.public_key() == certificate.public_key()
    assert again.not_valid_after_utc > world.clock.now()


def test_a_certificate_taken_out_of_a_service_is_retired_alone(world: World) -> None:
    path = "tenants/vcc/services/pki-server.yaml"
    text = (world.tree / path).read_text()
    start, end = text.index("    - name: api"), text.index("  endpoints:")
    world.write(path, text[:start] + text[end:])
    world.remove("tenants/vcc/csr/pki-server.api.pem")
    world.commit()
    outcome = world.reconcile(hours=1)
    assert _did(outcome) == [("retire", "Certificate/vcc/pki-server/api", "git")]


# ------------------------------------------------------------------ suspended


def test_suspend_stops_renewals_until_it_is_taken_back(world: World) -> None:
    """Status goes on meanwhile; what fell due is made up for at once."""
    certificate = Published.of(world).certificate("argus-backend")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  suspend: true\n")
    world.commit()
    outcome = world.reconcile(days=1)
    assert (outcome.done.signed, _did(outcome)) == (0, [])
    world.reconcile(days=69)
    suspended = Published.of(world)
    assert suspended.certificate("argus-backend") == certificate
    assert suspended.ocsp_states(certificate) == {"GOOD"}
    world.edit(ARGUS, "  suspend: true\n", "")
    world.commit()
    outcome = world.reconcile(hours=1)
    assert ("renew", "Certificate/vcc/argus-backend/default", "clock") in _did(outcome)
    assert Published.of(world).certificate("argus-backend") != certificate


def test_a_suspended_service_takes_up_no_change(world: World) -> None:
    certificate = Published.of(world).certificate("argus-backend")
    world.write(ARGUS, (world.tree / ARGUS).read_text() + "  suspend: true\n  duration: 60d\n")
    world.commit()
    world.reconcile(hours=1)
    assert Published.of(world).certificate("argus-backend") == certificate
    world.edit(ARGUS, "  suspend: true\n", "")
    world.commit()
    world.reconcile(hours=1)
    assert duration(Published.of(world).certificate("argus-backend")) == 60 * DAY


# ------------------------------------------------------------------ CAs


def _raise_generation(world: World) -> None:
    world.edit(CA, "VCC Services CA G1", "VCC Services CA G2")
    world.edit(CA, "  parent: vcc-root\n", "  parent: vcc-root\n  generation: 2\n")
    world.commit()


def test_a_raised_generation_is_a_new_key_under_a_new_name(world: World) -> None:
    _raise_generation(world)
    outcome = world.reconcile(hours=1)
    published = Published.of(world)
    old, new = (published.authority("vcc-services", generation) for generation in (1, 2))
    assert not outcome.held
    assert old.subject != new.subject
    assert old.public_key() != new.public_key()
    new.verify_directly_issued_by(published.authority("vcc-root"))


def test_the_former_generation_keeps_answering(world: World) -> None:
    """Its certificates stay in use, its CRL and its responder are refreshed for all of them."""
    certificate = Published.of(world).certificate("argus-backend")
    _raise_generation(world)
    outcome = world.reconcile(hours=1)
    assert not any("Certificate/vcc/" in subject for _, subject, _ in _did(outcome))
    world.reconcile(days=45)
    late = Published.of(world)
    responder = late.answers(certificate)[0].certificates[0]
    assert late.certificate("argus-backend") == certificate
    assert late.crl("vcc-services", 1).next_update_utc > world.clock.now()
    assert late.crl("vcc-services", 1).is_signature_valid(
        late.authority("vcc-services", 1).public_key()  # type: ignore[arg-type]
    )
    assert late.ocsp_states(certificate) == {"GOOD"}
    responder.verify_directly_issued_by(late.authority("vcc-services", 1))
    assert responder.not_valid_after_utc > world.clock.now()


def test_services_move_to_the_new_generation_when_they_are_renewed(world: World) -> None:
    """With the new CA's chain, CRL and OCSP answers; the service's key stays."""
    certificate = Published.of(world).certificate("argus-backend")
    _raise_generation(world)
    world.reconcile(hours=1)
    world.reconcile(days=61)
    published = Published.of(world)
    renewed, current = published.certificate("argus-backend"), published.current("argus-backend")
    renewed.verify_directly_issued_by(published.authority("vcc-services", 2))
    assert renewed.public_key() == certificate.public_key()
    assert current["crl"] == f"crl/{published.stem('vcc-services', 2)}.crl"
    assert published.ocsp_states(renewed) == {"GOOD"}
    assert x509.load_pem_x509_certificates(
        published.files[current["files"]["chain.pem"]["path"]]
    ) == [published.authority("vcc-services", 2)]


def test_a_revocation_still_reaches_the_former_generation(world: World) -> None:
    certificate = Published.of(world).certificate("argus-backend")
    _raise_generation(world)
    world.reconcile(hours=1)
    world.revoke("argus-gone", "{tenant: vcc, service: argus-backend}", "cessationOfOperation")
    world.commit()
    world.reconcile(hours=1)
    published = Published.of(world)
    entries = published.crl("vcc-services", 1)
    assert entries.get_revoked_certificate_by_serial_number(certificate.serial_number)
    assert len(list(published.crl("vcc-services", 2))) == 0


def _held(outcome: Outcome) -> list[tuple[str, str]]:
    return [(held.code, held.message) for held in outcome.kept_back]


def test_a_ca_cannot_change_its_name_without_a_new_generation(world: World) -> None:
    """Held, with the line to change; certificates and status go on under the name it has."""
    before = Published.of(world).authority("vcc-services")
    world.edit(CA, "VCC Services CA G1", "VCC Better CA")
    world.commit()
    outcome = world.reconcile(hours=1)
    ((code, message),) = _held(outcome)
    assert code == "PKI6004"
    assert "changed without a new generation" in message
    assert outcome.done.signed == 0
    world.reconcile(days=61)
    published = Published.of(world)
    assert published.authority("vcc-services") == before
    published.certificate("argus-backend").verify_directly_issued_by(before)
    assert published.crl("vcc-services").next_update_utc > world.clock.now()


def test_a_new_generation_needs_a_name_of_its_own(world: World) -> None:
    """Two keys under one name would let a revoked certificate pass."""
    world.edit(CA, "  parent: vcc-root\n", "  parent: vcc-root\n  generation: 2\n")
    world.commit()
    outcome = world.reconcile(hours=1)
    (message,) = [message for code, message in _held(outcome) if code == "PKI6004"]
    assert "has the subject of vcc-services generation 1" in message
    assert outcome.done.signed == 0


def test_a_generation_never_falls(world: World) -> None:
    _raise_generation(world)
    world.reconcile(hours=1)
    world.edit(CA, "VCC Services CA G2", "VCC Services CA G1")
    world.edit(CA, "  generation: 2\n", "")
    world.commit()
    outcome = world.reconcile(hours=1)
    ((code, message),) = _held(outcome)
    assert (code, "generation falls from 2 to 1" in message) == ("PKI6004", True)
    assert outcome.done.signed == 0


def _delete_the_time_ca(world: World) -> None:
    world.remove("cas/vcc-time.yaml")
    world.remove("timestamping/vcc.yaml")
    world.remove("templates/vcc-tsa.yaml")
    world.edit("tenants/vcc/tenant.yaml", ", vcc-time]", "]")
    world.edit("tenants/vcc/tenant.yaml", "    - vcc-tsa\n", "")
    world.commit()


def test_a_deleted_ca_is_held(world: World) -> None:
    """It must say ``lifecycle: retired`` first. Its CRL goes on."""
    _delete_the_time_ca(world)
    outcome = world.reconcile(hours=1)
    held = outcome.kept_back
    assert [h.code for h in held] == ["PKI6003"]
    assert "CertificateAuthority/vcc-time was deleted" in held[0].message
    assert "lifecycle: retired (cas/vcc-time.yaml:" in held[0].remedy
    world.reconcile(days=3)
    assert Published.of(world).crl("vcc-time").next_update_utc > world.clock.now()


def test_a_ca_whose_certificate_has_ended_may_be_deleted(world: World) -> None:
    """Nothing that it issued lives on."""
    world.clock.instant = Published.of(world).authority("vcc-time").not_valid_after_utc
    world.reconcile(days=1)
    _delete_the_time_ca(world)
    outcome = world.reconcile(hours=1)
    assert ("retire", "AuthorityCertificate/vcc-time/1", "git") in _did(outcome)
    assert "PKI6003" not in [code for code, _ in _held(outcome)]
    assert not [code for code, _ in _held(world.reconcile(hours=1)) if code == "PKI6003"]


def test_a_deleted_ca_does_not_hold_up_others(world: World) -> None:
    """Its own deletion is held; the rest of the commit is done."""
    _another_name(world)
    _delete_the_time_ca(world)
    outcome = world.reconcile(hours=1)
    assert _did(outcome) == [("reissue", "Certificate/vcc/argus-backend/default", "git")]
    assert outcome.held


def test_a_retired_ca_issues_nothing_more_and_keeps_its_status(world: World) -> None:
    """What asks for it waits; no renewal, no re-issue; CRL and answers go on."""
    certificate = Published.of(world).certificate("argus-backend")
    world.write(CA, (world.tree / CA).read_text() + "  lifecycle: retired\n")
    world.commit()
    assert world.reconcile(hours=1).done.signed == 0
    _another_name(world)
    world.commit()
    outcome = world.reconcile(hours=1)
    assert [w.reason for w in outcome.plans[-1].waiting] == ["its issuer vcc-services is retired"]
    world.reconcile(days=61)
    late = Published.of(world)
    assert late.certificate("argus-backend") == certificate
    assert late.crl("vcc-services").next_update_utc > world.clock.now()
    assert late.ocsp_states(certificate) == {"GOOD"}


@pytest.mark.parametrize("then", ["removed", "raised"])
def test_what_was_taken_back_before_anybody_looked_leaves_nothing(world: World, then: str) -> None:
    """A CA generation that never existed needs no responder; how often somebody looks decides
    nothing.
    """
    other = (world.tree / CA).read_text().replace("vcc-services", "vcc-devices")
    other = other.replace("VCC Services CA", "VCC Devices CA")
    world.write("cas/vcc-devices.yaml", other)
    world.commit("A CA")
    if then == "removed":
        world.remove("cas/vcc-devices.yaml")
    else:
        world.edit("cas/vcc-devices.yaml", "Devices CA G1", "Devices CA G2")
        world.edit("cas/vcc-devices.yaml", "  parent: ", "  generation: 2\n  parent: ")
    world.commit("Second thoughts")
    outcome = world.reconcile(hours=1)
    assert not outcome.held
    made = {subject for verb, subject, _ in _did(outcome) if verb == "issue"}
    newest = {"AuthorityCertificate/vcc-devices/2", "ResponderCertificate/vcc-devices/2"}
    assert made == (newest if then == "raised" else set())
