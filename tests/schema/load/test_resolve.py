"""What services and CAs mean, resolved from the shipped tree with something added or changed."""

import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pki_schema.desired import Identity, Meaning, certificate_identity, from_canonical
from pki_schema.errors import Severity
from pki_schema.load import load, resolve

Files = dict[str, bytes]
Change = Callable[..., Files]
Csr = Callable[..., bytes]

SERVICE = "tenants/vcc/services/argus-backend.yaml"
REQUEST = "tenants/vcc/csr/argus-backend.pem"
ARGUS = certificate_identity("vcc", "argus-backend", "default")
TEMPLATE = "template: vcc-service"
DAY = 86_400


def errors(files: Files) -> list[tuple[str, str]]:
    """(code, path) of every error."""
    found = load(files)[0].problems
    return [(p.code, p.position.path) for p in found if p.severity is Severity.ERROR]


@pytest.fixture
def requested(shipped: Files, csr: Csr, p256: ec.EllipticCurvePrivateKey) -> Files:
    """The shipped tree with the CSR of argus-backend."""
    return {**shipped, REQUEST: csr(p256, ["pki:vcc/argus-backend"])}


def argus(files: Files) -> Meaning:
    assert not errors(files)
    return load(files)[1].meanings[ARGUS]


def test_without_its_csr_a_service_waits_and_says_for_what(shipped: Files) -> None:
    loaded, resolved = load(shipped)

    assert ARGUS not in resolved.meanings
    assert resolved.pending[ARGUS].path == SERVICE
    (warning,) = (p for p in loaded.problems if p.position == resolved.pending[ARGUS])
    assert (warning.code, warning.severity) == ("PKI3030", Severity.WARNING)
    assert REQUEST in warning.message


def test_with_its_csr_it_means_a_certificate_of_that_key(requested: Files) -> None:
    meaning = argus(requested)

    assert meaning.profile.spki is not None
    assert meaning.profile.key_algorithm == "P-256"
    assert meaning.profile.names == (("dns", "argus-backend.vcc.local"),)
    assert ARGUS not in load(requested)[1].pending


@pytest.mark.parametrize("origin", ["sealed", "enrolled"])
def test_other_origins_of_keys_wait_and_say_so(
    changed: Change, requested: Files, origin: str
) -> None:
    files = changed(SERVICE, TEMPLATE, f"{TEMPLATE}\n  keyOrigin: {origin}", files=requested)

    loaded, resolved = load(files)

    assert ARGUS in resolved.pending
    assert ARGUS not in resolved.meanings
    assert ("PKI3031", Severity.NOTICE) in {(p.code, p.severity) for p in loaded.problems}


def test_key_encipherment_is_for_rsa_keys_only(
    shipped: Files, requested: Files, csr: Csr, rsa3072: rsa.RSAPrivateKey
) -> None:
    with_rsa = {**shipped, REQUEST: csr(rsa3072, ["pki:vcc/argus-backend"])}

    assert argus(requested).profile.key_usages == ("digital signature",)
    assert argus(with_rsa).profile.key_usages == ("digital signature", "key encipherment")


def test_a_key_off_the_templates_list_is_refused(
    shipped: Files, csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    path = "tenants/vcc/csr/covina-signer.pem"
    files = {**shipped, path: csr(p256, ["pki:vcc/covina-signer"])}

    assert errors(files) == [("PKI4031", path)]


def test_two_subjects_never_have_one_key(
    requested: Files, csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    other = "tenants/vcc/csr/vpb-backend.pem"
    files = {**requested, other: csr(p256, ["pki:vcc/vpb-backend"])}

    found = [p for p in load(files)[0].problems if p.code == "PKI4030"]

    assert [p.position.path for p in found] == [SERVICE, "tenants/vcc/services/vpb-backend.yaml"]
    assert "vpb-backend" in found[0].message
    assert SERVICE in found[1].hint


@pytest.mark.parametrize(
    ("added", "code"),
    [
        ("dnsNames: [argus.partner.internal]", "PKI4022"),
        ("dnsNames: [evilvcc.local]", "PKI4022"),
        ("uris: ['spiffe://partner.internal/vcc/argus-backend']", "PKI4022"),
        ("ipAddresses: [127.0.0.1]", "PKI4021"),
        ("emailAddresses: [argus@vcc.local]", "PKI4021"),
        ("userPrincipalNames: [argus@vcc.local]", "PKI4021"),
        ("duration: 366d", "PKI4027"),
        ("duration: 366d", "PKI4029"),
        ("renewBefore: 90d", "PKI4028"),
        ("parameters: {server_name: a.vcc.local}", "PKI3023"),
    ],
)
def test_a_service_asks_for_nothing_beyond_its_template_and_tenant(
    changed: Change, requested: Files, added: str, code: str
) -> None:
    files = changed(SERVICE, TEMPLATE, f"{TEMPLATE}\n  {added}", files=requested)

    assert (code, SERVICE) in errors(files)
    assert ARGUS not in load(files)[1].meanings


def test_it_is_told_so_before_the_csr_comes(changed: Change) -> None:
    files = changed(SERVICE, TEMPLATE, f"{TEMPLATE}\n  dnsNames: [argus.example.com]")

    assert errors(files) == [("PKI4022", SERVICE)]


def test_names_of_the_service_join_those_of_the_template_as_a_set(
    changed: Change, requested: Files
) -> None:
    added = "dnsNames: [b.vcc.internal, argus-backend.vcc.local, a.vcc.local, b.vcc.internal]"
    files = changed(SERVICE, TEMPLATE, f"{TEMPLATE}\n  {added}", files=requested)

    assert argus(files).profile.names == (
        ("dns", "a.vcc.local"),
        ("dns", "argus-backend.vcc.local"),
        ("dns", "b.vcc.internal"),
    )


def test_what_a_ca_may_not_name_its_leaves_may_not_either(changed: Change) -> None:
    """The tenant owns the name; the certificate would be refused by everybody."""
    files = changed(
        "cas/partner-services.yaml",
        "dnsDomains: [partner.internal]",
        "dnsDomains: [x.partner.internal]",
    )

    assert errors(files) == [("PKI4026", "tenants/partner/services/exchange.yaml")]


def test_a_required_name_is_asked_for(changed: Change) -> None:
    path = "tenants/vcc/services/admin-example.yaml"
    files = changed(
        path, "emailAddresses: [admin-example@vcc.local]", "userPrincipalNames: [a@vcc.local]"
    )

    assert errors(files) == [("PKI4023", path)]


def test_a_common_name_like_a_dns_name_is_one_of_the_names(changed: Change) -> None:
    files = changed("templates/vcc-tls-server.yaml", '["${server_name}"]', '["x.${zone}"]')

    assert errors(files) == [("PKI4024", "tenants/vcc/services/pki-server.yaml")]


def test_parameters_are_exactly_those_of_the_template(changed: Change) -> None:
    path = "tenants/vcc/services/covina-signer.yaml"
    files = changed(path, "signer_name", "signername")

    found = [p for p in load(files)[0].problems if p.code == "PKI3023"]

    assert [p.message.split()[-1] for p in found] == ['"signer_name"', '"signername"']


@pytest.mark.parametrize(
    "value", ["*.vcc.local", "Pki.vcc.local", "pki", "${zone}", "pki.vcc.local,DNS:evil.example"]
)
def test_a_parameter_is_judged_by_the_grammar_of_the_field_it_ends_in(
    changed: Change, value: str
) -> None:
    path = "tenants/vcc/services/pki-server.yaml"
    files = changed(path, "{server_name: pki.vcc.local}", f'{{server_name: "{value}"}}')

    assert ("PKI2010", path) in errors(files)


def test_a_longer_life_keeps_the_templates_renewal_and_a_short_one_shrinks_it(
    changed: Change, requested: Files
) -> None:
    def lives(duration: str) -> tuple[int, int]:
        text = f"{TEMPLATE}\n  duration: {duration}"
        meaning = argus(changed(SERVICE, TEMPLATE, text, files=requested))
        return meaning.profile.duration, meaning.renew_before

    assert lives("200d") == (200 * DAY, 30 * DAY)
    assert lives("24d") == (24 * DAY, 8 * DAY)


def test_suspension_and_resumption_are_no_part_of_the_profile(
    changed: Change, requested: Files
) -> None:
    text = f"{TEMPLATE}\n  suspend: true\n  resumeAfter: [r-2, r-1]"
    meaning = argus(changed(SERVICE, TEMPLATE, text, files=requested))

    assert meaning.suspended
    assert meaning.resume_after == ("r-1", "r-2")
    assert meaning.profile == argus(requested).profile


def test_reformatting_changes_no_meaning(changed: Change, requested: Files) -> None:
    files = changed(
        "templates/vcc-service.yaml", "duration: 90d", "duration: P90D", files=requested
    )
    files = changed(
        "templates/vcc-service.yaml",
        "[digital signature, key encipherment, server auth, client auth]",
        "[1.3.6.1.5.5.7.3.2, server auth, digital signature, key encipherment]",
        files=files,
    )

    assert argus(files).profile.digest() == argus(requested).profile.digest()


def test_a_meaning_survives_being_written_down(requested: Files) -> None:
    for meaning in load(requested)[1].meanings.values():
        again = from_canonical(meaning.canonical(), Meaning)
        assert again == meaning
        assert again.canonical() == meaning.canonical()


def test_scalars_in_a_profile_are_plain(requested: Files) -> None:
    profile = argus(requested).profile

    assert type(profile.issuer) is str
    assert type(profile.duration) is int
    for pairs in (profile.subject, profile.names, profile.policies):
        assert {type(text) for pair in pairs for text in pair} <= {str}


def test_a_quota_is_a_limit(changed: Change) -> None:
    path = "tenants/vcc/tenant.yaml"

    assert errors(changed(path, "certificates: 200", "certificates: 11")) == [("PKI4040", path)]
    assert errors(changed(path, "certificates: 200", "certificates: 12")) == []


def test_a_csr_that_no_service_asks_for_is_a_warning(
    shipped: Files, csr: Csr, p256: ec.EllipticCurvePrivateKey
) -> None:
    path = "tenants/vcc/csr/argus-backnd.pem"
    loaded, _ = load({**shipped, path: csr(p256, ["pki:vcc/argus-backnd"])})

    (found,) = (p for p in loaded.problems if p.position.path == path)
    assert (found.code, found.severity) == ("PKI3032", Severity.WARNING)


def test_raising_the_generation_makes_another_subject(changed: Change) -> None:
    path = "cas/vcc-people.yaml"
    files = changed(path, "VCC People CA G1", '"VCC People CA G${generation}"')
    files = changed(path, "  pathLength: 0", "  pathLength: 0\n  generation: 2", files=files)

    meanings = load(files)[1].meanings

    authority = meanings[Identity("AuthorityCertificate", "", "vcc-people/2")]
    assert authority.profile.subject[-1] == ("2.5.4.3", "VCC People CA G2")
    responder = meanings[Identity("ResponderCertificate", "", "vcc-people/2")]
    assert responder.profile.subject[-1] == ("2.5.4.3", "vcc-people G2 OCSP Responder")


def test_a_responder_has_no_tenant_to_take_variables_from(changed: Change) -> None:
    files = changed("templates/vcc-ocsp.yaml", "${ca_name}", "${tenant}")

    assert {code for code, _ in errors(files)} == {"PKI3022"}


def test_resolving_some_is_resolving_all_of_these(requested: Files) -> None:
    """Objects or what they declare, either names them."""
    loaded, whole = load(requested)

    for subject in (ARGUS, Identity("Service", "vcc", "argus-backend")):
        some = resolve(loaded.state, {subject})
        assert some.meanings == {ARGUS: whole.meanings[ARGUS]}
        assert some.pending == {}
        assert some.problems == ()


def test_equal_trees_resolve_to_equal_bytes(requested: Files) -> None:
    def digest(files: Files) -> str:
        meanings = load(files)[1].meanings
        return hashlib.sha256(b"".join(m.canonical() for m in meanings.values())).hexdigest()

    assert digest(requested) == digest(dict(reversed(requested.items())))


def test_a_common_name_of_one_word_is_a_dns_name_to_some(changed: Change) -> None:
    """Java holds it to the name constraints where no DNS name stands beside it."""
    files = changed("templates/vcc-tls-client.yaml", "${service_name} client", "${service_name}")

    assert errors(files) == [("PKI4026", "tenants/vcc/services/veritas-frontend.yaml")]
