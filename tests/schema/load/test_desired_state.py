"""The shipped desired state is the organisation of the strategy documents, and is valid."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pki_schema.desired import (
    Constraints,
    Identity,
    Meaning,
    Subtrees,
    authority_identity,
    certificate_identity,
    responder_identity,
)
from pki_schema.errors import Severity
from pki_schema.load import load

Files = dict[str, bytes]
Csr = Callable[..., bytes]
DAY = 86_400

VCC = "VCC - Veritas Control Center"
C, ST, O, OU, CN = "2.5.4.6", "2.5.4.8", "2.5.4.10", "2.5.4.11", "2.5.4.3"  # noqa: E741
ARC = "1.3.6.1.4.1.32473.1"
SERVICES, PEOPLE = ("client auth", "server auth"), ("client auth", "email protection")

CERTIFICATES = {
    "partner": {"exchange/default"},
    "vcc": {
        "admin-example/default",
        "argus-backend/default",
        "clara-backend/default",
        "clara-models/default",
        "covina-backend/default",
        "covina-ingestion/default",
        "covina-signer/default",
        "pki-server/api",
        "pki-server/default",
        "veritas-backend/default",
        "veritas-frontend/default",
        "vpb-backend/default",
    },
}


def subject(organisation: str, unit: str, name: str) -> tuple[tuple[str, str], ...]:
    return ((C, "DE"), (ST, "Brandenburg"), (O, organisation), (OU, unit), (CN, name))


@pytest.fixture
def leaf(shipped: Files, csr: Csr) -> Callable[..., Meaning]:
    """``leaf(key, tenant, service)``: what the certificate means once a CSR has come."""

    def resolve(
        key: ec.EllipticCurvePrivateKey, tenant: str, service: str, certificate: str = "default"
    ) -> Meaning:
        suffix = "" if certificate == "default" else f".{certificate}"
        path = f"tenants/{tenant}/csr/{service}{suffix}.pem"
        _, resolved = load({**shipped, path: csr(key, [f"pki:{tenant}/{service}"])})
        return resolved.meanings[certificate_identity(tenant, service, certificate)]

    return resolve


def test_the_only_things_missing_are_the_csrs_and_an_arc_of_ones_own(shipped: Files) -> None:
    loaded, resolved = load(shipped)

    told = {p.code for p in loaded.problems if p.severity is not Severity.NOTICE}
    assert told == {"PKI3030", "PKI4087"}
    assert set(resolved.pending) == {
        Identity("Certificate", tenant, name)
        for tenant, names in CERTIFICATES.items()
        for name in names
    }


def test_a_service_takes_fifteen_lines_at_most(shipped: Files) -> None:
    lengths = {p: data.count(b"\n") for p, data in shipped.items() if "/services/" in p}

    assert max(lengths.values()) <= 15, lengths


@pytest.mark.parametrize(
    ("name", "parent", "common_name", "duration", "issues_for", "path_length", "purposes"),
    [
        ("vcc-root", "", "VCC Root CA G1", 7305, 1826, None, ()),
        ("vcc-services", "vcc-root", "VCC Services CA G1", 1826, 1461, 0, SERVICES),
        ("vcc-people", "vcc-root", "VCC People CA G1", 1826, 1461, 0, PEOPLE),
        ("vcc-signing", "vcc-root", "VCC Signing CA G1", 2922, 1826, 0, ("code signing",)),
        ("vcc-time", "vcc-root", "VCC Time CA G1", 5479, 1826, 0, ("timestamping",)),
        ("partner-root", "", "Partner Root CA G1", 3653, 1827, None, ()),
        ("partner-services", "partner-root", "Partner Services CA G1", 1826, 1461, 0, SERVICES),
    ],
)  # fmt: skip
def test_the_hierarchy(
    shipped: Files,
    name: str,
    parent: str,
    common_name: str,
    duration: int,
    issues_for: int,
    path_length: int | None,
    purposes: tuple[str, ...],
) -> None:
    meaning = load(shipped)[1].meanings[authority_identity(name, 1)]

    profile, settings = meaning.profile, meaning.authority
    organisation = VCC if name.startswith("vcc") else "Partner"
    assert profile.subject == ((C, "DE"), (ST, "Brandenburg"), (O, organisation), (CN, common_name))
    assert (profile.issuer, profile.duration, profile.path_length) == (
        parent,
        duration * DAY,
        path_length,
    )
    assert profile.key_algorithm == "P-384"
    assert profile.key_usages == ("cert sign", "crl sign")
    assert profile.extended_key_usages == purposes
    assert profile.policies == ((("2.5.29.32.0", ""),) if parent else ())
    assert settings is not None
    assert (settings.issues_for, settings.offline) == (issues_for * DAY, not parent)
    assert settings.crl.keep_expired == (name in {"vcc-signing", "vcc-time"})
    lives = (settings.crl.validity, settings.crl.refresh)
    assert lives == ((7 * DAY, DAY) if parent else (365 * DAY, 180 * DAY))
    assert settings.base_urls == ("http://pki.vcc.internal",)


def test_the_partner_can_name_nothing_outside_its_zone(shipped: Files) -> None:
    meaning = load(shipped)[1].meanings[authority_identity("partner-services", 1)]

    zone = ("partner.internal",)
    assert meaning.profile.name_constraints == Constraints(
        critical=True,
        permitted=Subtrees(dns=zone, email=zone, uri=zone),
        excluded=Subtrees(ip=("0.0.0.0/0", "::/0")),
    )


def test_every_online_ca_has_a_responder_of_its_own(shipped: Files) -> None:
    meanings = load(shipped)[1].meanings

    responders = {i.name for i in meanings if i.kind == "ResponderCertificate"}
    assert responders == {
        f"{name}/1"
        for name in ("partner-services", "vcc-people", "vcc-services", "vcc-signing", "vcc-time")
    }
    meaning = meanings[responder_identity("partner-services", 1)]
    profile = meaning.profile
    assert profile.issuer == "partner-services"
    assert profile.subject == subject("Partner", "OCSP", "partner-services G1 OCSP Responder")
    assert profile.extended_key_usages == ("ocsp signing",)
    assert profile.extended_key_usage_critical
    assert (profile.ocsp_no_check, profile.status_pointers, profile.key_reuse) == (
        True,
        False,
        False,
    )
    assert (profile.key_algorithm, profile.spki, profile.names) == ("P-256", None, ())
    assert (profile.duration, meaning.renew_before) == (30 * DAY, 10 * DAY)


def test_a_backend(leaf: Callable[..., Meaning], p256: ec.EllipticCurvePrivateKey) -> None:
    meaning = leaf(p256, "vcc", "covina-backend")

    profile = meaning.profile
    assert profile.issuer == "vcc-services"
    assert profile.subject == subject(VCC, "Services", "covina-backend.vcc.local")
    assert profile.names == (("dns", "covina-backend.vcc.local"),)
    assert profile.key_usages == ("digital signature",)
    assert profile.extended_key_usages == ("client auth", "server auth")
    assert profile.policies == ((f"{ARC}.1", ""),)
    assert (profile.duration, meaning.renew_before) == (90 * DAY, 30 * DAY)
    assert (meaning.template, meaning.suspended) == ("vcc-service", False)


def test_the_frontend_only_calls(
    leaf: Callable[..., Meaning], p256: ec.EllipticCurvePrivateKey
) -> None:
    profile = leaf(p256, "vcc", "veritas-frontend").profile

    assert profile.extended_key_usages == ("client auth",)
    assert profile.names == (("uri", "spiffe://vcc.local/vcc/veritas-frontend"),)
    assert profile.policies == ((f"{ARC}.3", ""),)


def test_the_pki_has_a_second_certificate_for_the_name_people_call(
    leaf: Callable[..., Meaning], p256: ec.EllipticCurvePrivateKey
) -> None:
    profile = leaf(p256, "vcc", "pki-server", "api").profile

    assert profile.subject == subject(VCC, "Infrastructure", "pki.vcc.local")
    assert profile.names == (("dns", "pki.vcc.local"),)
    assert profile.extended_key_usages == ("server auth",)


def test_an_administrator_signs_no_code(
    leaf: Callable[..., Meaning], p256: ec.EllipticCurvePrivateKey
) -> None:
    profile = leaf(p256, "vcc", "admin-example").profile

    assert profile.issuer == "vcc-people"
    assert profile.extended_key_usages == ("client auth", "email protection")
    assert profile.names == (("email", "admin-example@vcc.local"),)


@pytest.mark.parametrize(
    ("service", "name", "unit", "policy", "days", "renew"),
    [
        ("covina-signer", "Covina Code Signing", "Code Signing", f"{ARC}.5", 365, 60),
        ("clara-models", "Clara Model Signing", "Clara AI", f"{ARC}.6", 730, 90),
    ],
)
def test_signers_differ_in_their_policy(
    leaf: Callable[..., Meaning],
    p384: ec.EllipticCurvePrivateKey,
    service: str,
    name: str,
    unit: str,
    policy: str,
    days: int,
    renew: int,
) -> None:
    meaning = leaf(p384, "vcc", service)

    profile = meaning.profile
    assert profile.issuer == "vcc-signing"
    assert profile.subject == subject(VCC, unit, name)
    assert profile.key_usages == ("content commitment", "digital signature")
    assert profile.extended_key_usages == ("code signing",)
    assert profile.extended_key_usage_critical
    assert profile.policies == ((policy, ""),)
    assert (profile.duration, meaning.renew_before) == (days * DAY, renew * DAY)


def test_the_partner_is_certified_below_its_own_root(
    leaf: Callable[..., Meaning], p256: ec.EllipticCurvePrivateKey
) -> None:
    profile = leaf(p256, "partner", "exchange").profile

    assert profile.issuer == "partner-services"
    assert profile.subject == subject("Partner", "Services", "exchange.partner.internal")
    assert profile.names == (
        ("dns", "exchange.partner.internal"),
        ("uri", "spiffe://partner.internal/partner/exchange"),
    )
