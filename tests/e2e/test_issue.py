"""What a merged service and its signing request lead to, read from published bytes alone.

``PROFILES`` is the table of the shipped organisation's profiles. Two readers that share no code
with the builder, pyca and asn1crypto, must both find exactly that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from pki_publishers import layout
from pki_reconciler.demo import organisation
from pki_schema.load.tree import RequestPath
from pki_schema.x509.algorithms import algorithm_of
from tests.published import Published, duration
from tests.worlds import World

ARGUS = "tenants/vcc/services/argus-backend.yaml"
ARGUS_CSR = "tenants/vcc/csr/argus-backend.pem"
DAY = 86_400
HOST = "http://pki.vcc.internal"
ORGANIZATION = "VCC - Veritas Control Center"
ARC = "1.3.6.1.4.1.32473.1"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a certificate says apart from serial and dates; ``None`` or empty means absent.

    Subjects are attribute values in order. Usages are pyca's words. ``extensions`` is derived: what
    is not listed here is not in the certificate.
    """

    days: int
    key: str
    subject: tuple[str, ...]
    ca: bool = False
    path_length: int | None = None
    usages: frozenset[str]
    purposes: frozenset[str] = frozenset()
    purposes_critical: bool = False
    policies: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    permitted: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    no_check: bool = False
    crl: bool = True
    issuers: bool = True
    ocsp: bool = True


def _ca(**more: Any) -> dict[str, Any]:
    common = {"key": "P-384", "ca": True, "usages": frozenset({"key_cert_sign", "crl_sign"})}
    below = {"path_length": 0, "policies": ("2.5.29.32.0",), "ocsp": False}
    return {**common, **below, **more}


_ROOT = {"path_length": None, "policies": (), "crl": False, "issuers": False}
_SERVES = frozenset({"serverAuth", "clientAuth"})
_SIGNS = frozenset({"digital_signature", "content_commitment"})
_ONLY_DIGITAL = frozenset({"digital_signature"})
_VCC = ("DE", "Brandenburg", ORGANIZATION)
_PARTNER = ("DE", "Brandenburg", "Partner")

PROFILES: dict[str, Profile] = {
    "vcc-root": Profile(**_ca(days=7305, subject=(*_VCC, "VCC Root CA G1"), **_ROOT)),
    "vcc-services": Profile(
        **_ca(
            days=1826,
            subject=(*_VCC, "VCC Services CA G1"),
            purposes=_SERVES,
            permitted=frozenset({"dns:vcc.local", "dns:vcc.internal", "dns:vcc.brandenburg.de"}),
        )
    ),
    "vcc-people": Profile(
        **_ca(
            days=1826,
            subject=(*_VCC, "VCC People CA G1"),
            purposes=frozenset({"clientAuth", "emailProtection"}),
        )
    ),
    "vcc-signing": Profile(
        **_ca(days=2922, subject=(*_VCC, "VCC Signing CA G1"), purposes=frozenset({"codeSigning"}))
    ),
    "vcc-time": Profile(
        **_ca(days=5479, subject=(*_VCC, "VCC Time CA G1"), purposes=frozenset({"timeStamping"}))
    ),
    "partner-root": Profile(**_ca(days=3653, subject=(*_PARTNER, "Partner Root CA G1"), **_ROOT)),
    "partner-services": Profile(
        **_ca(
            days=1826,
            subject=(*_PARTNER, "Partner Services CA G1"),
            purposes=_SERVES,
            permitted=frozenset(
                {"dns:partner.internal", "email:partner.internal", "uri:partner.internal"}
            ),
            excluded=frozenset({"ip:0.0.0.0/0", "ip:::/0"}),
        )
    ),
    "vcc-service": Profile(
        days=90,
        key="P-256",
        subject=(*_VCC, "Services", "argus-backend.vcc.local"),
        usages=_ONLY_DIGITAL,
        purposes=_SERVES,
        policies=(f"{ARC}.1",),
        names=frozenset({"dns:argus-backend.vcc.local"}),
    ),
    "vcc-service of the partner": Profile(
        days=90,
        key="P-256",
        subject=(*_PARTNER, "Services", "exchange.partner.internal"),
        usages=_ONLY_DIGITAL,
        purposes=_SERVES,
        policies=(f"{ARC}.1",),
        names=frozenset(
            {"dns:exchange.partner.internal", "uri:spiffe://partner.internal/partner/exchange"}
        ),
    ),
    "vcc-service with an RSA key": Profile(
        days=90,
        key="RSA-3072",
        subject=(*_VCC, "Services", "vpb-backend.vcc.local"),
        usages=_ONLY_DIGITAL | {"key_encipherment"},
        purposes=_SERVES,
        policies=(f"{ARC}.1",),
        names=frozenset({"dns:vpb-backend.vcc.local"}),
    ),
    "vcc-tls-server": Profile(
        days=90,
        key="P-256",
        subject=(*_VCC, "Infrastructure", "pki.vcc.local"),
        usages=_ONLY_DIGITAL,
        purposes=frozenset({"serverAuth"}),
        policies=(f"{ARC}.2",),
        names=frozenset({"dns:pki.vcc.local"}),
    ),
    "vcc-tls-client": Profile(
        days=90,
        key="P-256",
        subject=(*_VCC, "Users", "veritas-frontend client"),
        usages=_ONLY_DIGITAL,
        purposes=frozenset({"clientAuth"}),
        policies=(f"{ARC}.3",),
        names=frozenset({"uri:spiffe://vcc.local/vcc/veritas-frontend"}),
    ),
    "vcc-admin": Profile(
        days=365,
        key="P-256",
        subject=(*_VCC, "Administrators", "Example Administrator"),
        usages=_ONLY_DIGITAL,
        purposes=frozenset({"clientAuth", "emailProtection"}),
        policies=(f"{ARC}.4",),
        names=frozenset({"email:admin-example@vcc.local"}),
    ),
    "vcc-code-signing": Profile(
        days=365,
        key="P-384",
        subject=(*_VCC, "Code Signing", "Covina Code Signing"),
        usages=_SIGNS,
        purposes=frozenset({"codeSigning"}),
        purposes_critical=True,
        policies=(f"{ARC}.5",),
    ),
    "vcc-clara-model": Profile(
        days=730,
        key="P-384",
        subject=(*_VCC, "Clara AI", "Clara Model Signing"),
        usages=_SIGNS,
        purposes=frozenset({"codeSigning"}),
        purposes_critical=True,
        policies=(f"{ARC}.6",),
    ),
    "vcc-tsa": Profile(
        days=3650,
        key="P-384",
        subject=(*_VCC, "Timestamp Authority", "VCC Timestamp Authority"),
        usages=_ONLY_DIGITAL,
        purposes=frozenset({"timeStamping"}),
        purposes_critical=True,
        policies=(f"{ARC}.7",),
    ),
    "vcc-ocsp": Profile(
        days=30,
        key="P-256",
        subject=(*_VCC, "OCSP", "vcc-services G1 OCSP Responder"),
        usages=_ONLY_DIGITAL,
        purposes=frozenset({"OCSPSigning"}),
        purposes_critical=True,
        policies=(f"{ARC}.8",),
        no_check=True,
        crl=False,
        ocsp=False,
    ),
}
ISSUERS = {
    "vcc-root": "vcc-root",
    "vcc-services": "vcc-root",
    "vcc-people": "vcc-root",
    "vcc-signing": "vcc-root",
    "vcc-time": "vcc-root",
    "partner-root": "partner-root",
    "partner-services": "partner-root",
    "vcc-service": "vcc-services",
    "vcc-service of the partner": "partner-services",
    "vcc-service with an RSA key": "vcc-services",
    "vcc-tls-server": "vcc-services",
    "vcc-tls-client": "vcc-services",
    "vcc-admin": "vcc-people",
    "vcc-code-signing": "vcc-signing",
    "vcc-clara-model": "vcc-signing",
    "vcc-tsa": "vcc-time",
    "vcc-ocsp": "vcc-services",
}
"""Who issues what the table names."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The shipped organisation with a time-stamp unit and one RSA key, after one reconcile."""
    world = World.shipped(tmp_path_factory.mktemp("issue"), requests=False)
    world.write(
        "tenants/vcc/services/tsa.yaml",
        "apiVersion: pki.vcc.local/v1\nkind: Service\nmetadata: {name: tsa}\n"
        "spec: {template: vcc-tsa}\n",
    )
    rsa = RequestPath("vcc", "vpb-backend", "default")
    organisation.make_keys(
        world.tree, world.hosts, organisation.Wanted(spot=rsa, algorithm="RSA-3072")
    )
    world.make_requests()
    world.commit()
    outcome = world.reconcile()
    assert not outcome.observed.refused
    assert not outcome.held
    return Published.of(world)


def _certificate(published: Published, name: str) -> x509.Certificate:
    """A certificate of the table, from what is published."""
    if PROFILES[name].ca:
        return published.authority(name)
    if name == "vcc-ocsp":
        answer = published.answers(published.certificate("argus-backend"))[0]
        return answer.certificates[0]
    return {
        "vcc-service": lambda: published.certificate("argus-backend"),
        "vcc-service of the partner": lambda: published.certificate("exchange", "partner"),
        "vcc-service with an RSA key": lambda: published.certificate("vpb-backend"),
        "vcc-tls-server": lambda: published.certificate("pki-server", name="api"),
        "vcc-tls-client": lambda: published.certificate("veritas-frontend"),
        "vcc-admin": lambda: published.certificate("admin-example"),
        "vcc-code-signing": lambda: published.certificate("covina-signer"),
        "vcc-clara-model": lambda: published.certificate("clara-models"),
        "vcc-tsa": lambda: published.certificate("tsa"),
    }[name]()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One certificate as a reader found it. Extensions are (OID, critical, content) by OID."""

    seconds: int
    key: str
    subject: tuple[str, ...]
    extensions: dict[str, tuple[bool, object]]


def _expected(published: Published, name: str) -> Seen:
    """The whole of what a certificate must say, from the table."""
    profile = PROFILES[name]
    own = _certificate(published, name)
    issuer = published.authority(ISSUERS[name])
    stem = published.stem(ISSUERS[name])
    found: dict[str, tuple[bool, object]] = {
        ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string: (False, _key_identifier(own)),
        ExtensionOID.KEY_USAGE.dotted_string: (True, profile.usages),
    }
    if issuer.subject != own.subject:
        identifier = (False, _key_identifier(issuer))
        found[ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string] = identifier
    if profile.ca:
        found[ExtensionOID.BASIC_CONSTRAINTS.dotted_string] = (True, (True, profile.path_length))
    if profile.purposes:
        purposes = (profile.purposes_critical, profile.purposes)
        found[ExtensionOID.EXTENDED_KEY_USAGE.dotted_string] = purposes
    if profile.policies:
        found[ExtensionOID.CERTIFICATE_POLICIES.dotted_string] = (False, profile.policies)
    if profile.names:
        found[ExtensionOID.SUBJECT_ALTERNATIVE_NAME.dotted_string] = (False, profile.names)
    if profile.permitted or profile.excluded:
        constraints = (True, (profile.permitted, profile.excluded))
        found[ExtensionOID.NAME_CONSTRAINTS.dotted_string] = constraints
    if profile.crl:
        point = (False, (f"{HOST}/crl/{stem}.crl",))
        found[ExtensionOID.CRL_DISTRIBUTION_POINTS.dotted_string] = point
    pointers = {
        *((("ca_issuers", f"{HOST}/aia/{stem}.cer"),) if profile.issuers else ()),
        *((("ocsp", f"{HOST}/ocsp/{stem}"),) if profile.ocsp else ()),
    }
    if pointers:
        found[ExtensionOID.AUTHORITY_INFORMATION_ACCESS.dotted_string] = (False, pointers)
    if profile.no_check:
        found[ExtensionOID.OCSP_NO_CHECK.dotted_string] = (False, None)
    return Seen(
        seconds=profile.days * DAY, key=profile.key, subject=profile.subject, extensions=found
    )


def _key_identifier(certificate: x509.Certificate) -> bytes:
    """The identifier that the certificate itself carries."""
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _by_pyca(der: bytes) -> Seen:
    certificate = x509.load_der_x509_certificate(der)
    algorithm = algorithm_of(certificate.public_key())  # type: ignore[arg-type]
    return Seen(
        seconds=duration(certificate),
        key=algorithm.name if algorithm else "",
        subject=tuple(str(attribute.value) for attribute in certificate.subject),
        extensions={
            e.oid.dotted_string: (e.critical, _pyca_value(e.value)) for e in certificate.extensions
        },
    )


_PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_TYPES = {
    x509.DNSName: "dns",
    x509.RFC822Name: "email",
    x509.UniformResourceIdentifier: "uri",
    x509.IPAddress: "ip",
}


def _pyca_value(value: x509.ExtensionType) -> object:
    match value:
        case x509.BasicConstraints():
            return (value.ca, value.path_length)
        case x509.KeyUsage():
            return frozenset(usage for usage in _USAGES if getattr(value, usage))
        case x509.ExtendedKeyUsage():
            return frozenset(_PURPOSES[purpose.dotted_string] for purpose in value)
        case x509.SubjectKeyIdentifier():
            return value.digest
        case x509.AuthorityKeyIdentifier():
            assert value.authority_cert_issuer is None
            return value.key_identifier
        case x509.CertificatePolicies():
            assert not any(policy.policy_qualifiers for policy in value)
            return tuple(policy.policy_identifier.dotted_string for policy in value)
        case x509.SubjectAlternativeName():
            return _names(value)
        case x509.NameConstraints():
            return (
                _names(value.permitted_subtrees or ()),
                _names(value.excluded_subtrees or ()),
            )
        case x509.CRLDistributionPoints():
            assert all(p.reasons is None and p.crl_issuer is None for p in value)
            return tuple(str(name.value) for p in value for name in p.full_name or ())
        case x509.AuthorityInformationAccess():
            words = {"1.3.6.1.5.5.7.48.1": "ocsp", "1.3.6.1.5.5.7.48.2": "ca_issuers"}
            return {(words[d.access_method.dotted_string], d.access_location.value) for d in value}
        case x509.OCSPNoCheck():
            return None
        case _:
            return value


def _names(names: Any) -> frozenset[str]:
    return frozenset(f"{_TYPES[type(name)]}:{name.value}" for name in names)


def _by_asn1crypto(der: bytes) -> Seen:
    certificate = asn1.Certificate.load(der, strict=True)
    tbs = certificate["tbs_certificate"]
    start, end = (tbs["validity"][name].native for name in ("not_before", "not_after"))
    public = tbs["subject_public_key_info"]
    curves = {"secp256r1": "P-256", "secp384r1": "P-384"}
    rsa = public["algorithm"]["algorithm"].native == "rsa"
    return Seen(
        seconds=int((end - start).total_seconds()) + 1,
        key=f"RSA-{public.bit_size}" if rsa else curves[public.curve[1]],
        subject=tuple(
            str(attribute["value"].native)
            for relative in tbs["subject"].chosen
            for attribute in relative
        ),
        extensions={
            e["extn_id"].dotted: (e["critical"].native, _asn1_value(e["extn_value"].parsed))
            for e in tbs["extensions"]
        },
    )


_ASN1_PURPOSES = {
    "server_auth": "serverAuth",
    "client_auth": "clientAuth",
    "code_signing": "codeSigning",
    "email_protection": "emailProtection",
    "time_stamping": "timeStamping",
    "ocsp_signing": "OCSPSigning",
}
_ASN1_TYPES = {
    "dns_name": "dns",
    "rfc822_name": "email",
    "uniform_resource_identifier": "uri",
    "ip_address": "ip",
}


def _asn1_value(value: Any) -> object:
    match value:
        case asn1.BasicConstraints():
            return (value["ca"].native, value["path_len_constraint"].native)
        case asn1.KeyUsage():
            words = {"non_repudiation": "content_commitment"}
            return frozenset(words.get(usage, usage) for usage in value.native)
        case asn1.ExtKeyUsageSyntax():
            return frozenset(_ASN1_PURPOSES[purpose] for purpose in value.native)
        case asn1.AuthorityKeyIdentifier():
            return value["key_identifier"].native
        case asn1.CertificatePolicies():
            return tuple(policy["policy_identifier"].dotted for policy in value)
        case asn1.NameConstraints():
            return tuple(
                frozenset(_asn1_name(subtree["base"]) for subtree in value[kind] or ())
                for kind in ("permitted_subtrees", "excluded_subtrees")
            )
        case asn1.GeneralNames():
            return frozenset(_asn1_name(name) for name in value)
        case asn1.CRLDistributionPoints():
            return tuple(
                name.chosen.native for p in value for name in p["distribution_point"].chosen
            )
        case asn1.AuthorityInfoAccessSyntax():
            return {(d["access_method"].native, d["access_location"].chosen.native) for d in value}
        case _:
            return value.native  # a key identifier's octets, ocsp-nocheck's NULL


def _asn1_name(name: Any) -> str:
    return f"{_ASN1_TYPES[name.name]}:{name.native}"


@pytest.mark.parametrize("read", [_by_pyca, _by_asn1crypto], ids=["pyca", "asn1crypto"])
@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_as_the_table_says(
    published: Published, name: str, read: Callable[[bytes], Seen]
) -> None:
    """Duration, key, subject, and every extension with its criticality: no more and no less."""
    der = _certificate(published, name).public_bytes(Encoding.DER)
    assert read(der) == _expected(published, name)


@pytest.mark.parametrize("name", PROFILES)
def test_every_certificate_is_signed_by_the_ca_of_the_table(
    published: Published, name: str
) -> None:
    certificate = _certificate(published, name)
    certificate.verify_directly_issued_by(published.authority(ISSUERS[name]))


def test_serials_are_positive_random_and_of_at_most_twenty_octets(published: Published) -> None:
    """RFC 5280 section 4.1.2.2; 159 random bits are rarely below 2^128."""
    serials = [_certificate(published, name).serial_number for name in PROFILES]
    assert len(set(serials)) == len(serials)
    assert all(0 < serial < 2**159 for serial in serials)
    assert sum(serial > 2**128 for serial in serials) == len(serials)


def test_a_service_certificate_is_published_as_a_set_a_pointer_and_a_staple(
    published: Published,
) -> None:
    current = published.current("argus-backend")
    folder = "svc/vcc/argus-backend/default"
    assert {path for path in published.files if path.startswith(f"{folder}/")} == {
        f"{folder}/current.json",
        f"{folder}/staple.der",
        f"{folder}/fullchain.pem.ocsp",
        *(f"{folder}/{current['set']}/{name}.pem" for name in ("cert", "chain", "fullchain")),
        f"{folder}/fullchain.pem.issuer",
        f"{folder}/{current['set']}/bundle.p7b",
    }


def test_current_json_says_all_that_a_service_needs(published: Published) -> None:
    """Every path it names is published, with the digest it names; dates are the certificate's."""
    current = published.current("argus-backend")
    certificate = published.certificate("argus-backend")
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    stem = published.stem("vcc-services")
    extensions = published.authority("vcc-services").extensions
    issuer = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    renew_at = datetime.fromisoformat(current.pop("renewAt"))
    for file in (*current["files"].values(), current["staple"]):
        assert hashlib.sha256(published.files[file["path"]]).hexdigest() == file["sha256"]
    assert len(current.pop("commit")) == 40
    fullchain = current.pop("files")["fullchain.pem"]
    assert current.pop("staple")["path"] == "svc/vcc/argus-backend/default/staple.der"
    assert current == {
        "tenant": "vcc",
        "service": "argus-backend",
        "certificate": "default",
        "state": "valid",
        "set": fullchain["sha256"][:16],
        "serial": f"{certificate.serial_number:x}",
        "notBefore": "2026-11-23T11:55:00Z",
        "notAfter": "2027-02-21T11:54:59Z",
        "spkiSha256": hashlib.sha256(key).hexdigest(),
        "issuer": "vcc-services",
        "issuerCertificate": f"aia/{stem}.cer",
        "trustAnchor": f"aia/{published.stem('vcc-root')}.cer",
        "crl": f"crl/{stem}.crl",
        "crlChain": f"crl/{stem}.chain.pem",
        "renewalInfo": layout.renewal_path(issuer.digest.hex(), certificate.serial_number),
    }
    left = certificate.not_valid_after_utc - renew_at
    assert timedelta(days=30) <= left < timedelta(days=33)


def test_the_chain_leads_to_the_root_without_containing_it(published: Published) -> None:
    """RFC 8446 section 4.4.2: the trust anchor may be left out, and is."""
    files = published.current("argus-backend")["files"]
    body = {name: published.files[file["path"]] for name, file in files.items()}
    chain = x509.load_pem_x509_certificates(body["chain.pem"])
    assert chain == [published.authority("vcc-services")]
    assert body["fullchain.pem"] == body["cert.pem"] + body["chain.pem"]


def test_the_key_is_the_one_that_the_service_kept(world: World) -> None:
    """The certificate certifies the CSR's key; no private key is published or committed."""
    request = x509.load_pem_x509_csr((world.tree / ARGUS_CSR).read_bytes())
    assert Published.of(world).certificate("argus-backend").public_key() == request.public_key()
    tree = [p.read_bytes() for p in world.tree.rglob("*") if p.is_file()]
    assert not any(b"PRIVATE KEY" in body for body in (*tree, *Published.of(world).files.values()))


def test_what_a_request_asks_for_is_ignored(tmp_path: Path) -> None:
    """A CSR brings a key. Its subject, names and usages come from what is declared."""
    world = World.shipped(tmp_path)
    _request(world, subject="root", uris=["pki:vcc/argus-backend"], dns=["evil.vcc.local"], ca=True)
    world.commit()
    outcome = world.reconcile()
    certificate = Published.of(world).certificate("argus-backend")
    assert not outcome.observed.refused
    assert _by_pyca(certificate.public_bytes(Encoding.DER)) == _expected(
        Published.of(world), "vcc-service"
    )


def test_a_service_without_request_is_pending_and_the_rest_goes_on(tmp_path: Path) -> None:
    world = World.shipped(tmp_path)
    world.remove(ARGUS_CSR)
    world.commit()
    outcome = world.reconcile()
    published = Published.of(world)
    (remark,) = outcome.observed.remarks
    assert (str(remark.position), str(remark.severity)) == (f"{ARGUS}:5:18", "warning")
    assert "waits for its CSR" in remark.message
    assert not outcome.held
    assert not published.has("argus-backend")
    assert published.has("clara-backend")


def test_a_request_that_comes_later_is_certified_then(tmp_path: Path) -> None:
    world = World.shipped(tmp_path)
    request = (world.tree / ARGUS_CSR).read_text()
    world.remove(ARGUS_CSR)
    world.commit()
    world.reconcile()
    world.write(ARGUS_CSR, request)
    world.commit()
    outcome = world.reconcile(hours=1)
    assert outcome.done.signed == 1
    assert Published.of(world).has("argus-backend")


def test_two_certificates_of_one_service_have_requests_of_their_own(tmp_path: Path) -> None:
    """``pki-server`` waits for its second certificate only."""
    world = World.shipped(tmp_path)
    world.remove("tenants/vcc/csr/pki-server.api.pem")
    world.commit()
    world.reconcile()
    published = Published.of(world)
    assert (published.has("pki-server"), published.has("pki-server", name="api")) == (True, False)


def _request(
    world: World,
    *,
    subject: str = "",
    uris: list[str],
    dns: list[str] | None = None,
    ca: bool = False,
    forged: bool = False,
) -> None:
    """Write a CSR for argus-backend that says more, or other things, than it should."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    names = [
        *map(x509.UniformResourceIdentifier, uris),
        *map(x509.DNSName, dns or []),
    ]
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)] if subject else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if ca:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    request = builder.sign(key, hashes.SHA256())
    pem = request.public_bytes(Encoding.PEM)
    if forged:
        der = bytearray(request.public_bytes(Encoding.DER))
        der[-1] ^= 1  # the last octet of the signature's second integer
        pem = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)
    (world.tree / ARGUS_CSR).write_bytes(pem)


def _request_with_key_of(world: World, service: str) -> None:
    """A CSR for argus-backend, well made, with a key that another service has already."""
    from cryptography.hazmat.primitives import hashes, serialization

    key = serialization.load_pem_private_key(
        (world.hosts / "vcc" / service / "default.key.pem").read_bytes(), None
    )
    uri = x509.UniformResourceIdentifier("pki:vcc/argus-backend")
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.SubjectAlternativeName([uri]), critical=True)
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    (world.tree / ARGUS_CSR).write_bytes(request.public_bytes(Encoding.PEM))


def _for_another_service(world: World) -> None:
    _request(world, uris=["pki:vcc/clara-backend"])


def _for_another_tenant(world: World) -> None:
    _request(world, uris=["pki:partner/argus-backend"])


def _for_two_services(world: World) -> None:
    _request(world, uris=["pki:vcc/argus-backend", "pki:vcc/clara-backend"])


def _without_uri(world: World) -> None:
    _request(world, uris=[])


def _with_a_foreign_signature(world: World) -> None:
    _request(world, uris=["pki:vcc/argus-backend"], forged=True)


def _above_sixteen_kibibytes(world: World) -> None:
    pem = (world.tree / ARGUS_CSR).read_text()
    world.write(ARGUS_CSR, pem + "\n" * (16 * 1024 + 1 - len(pem)))


def _not_a_request(world: World) -> None:
    world.write(
        ARGUS_CSR, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
    )


def _with_a_small_key(world: World) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    uri = x509.UniformResourceIdentifier("pki:vcc/argus-backend")
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(x509.SubjectAlternativeName([uri]), critical=True)
        .sign(key, hashes.SHA256())
    )
    (world.tree / ARGUS_CSR).write_bytes(request.public_bytes(Encoding.PEM))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_for_another_service, "PKI4055"),
        (_for_another_tenant, "PKI4055"),
        (_for_two_services, "PKI4055"),
        (_without_uri, "PKI4055"),
        (_with_a_foreign_signature, "PKI4054"),
        (_with_a_small_key, "PKI4053"),
        (_not_a_request, "PKI4052"),
        (_above_sixteen_kibibytes, "PKI4050"),
    ],
    ids=lambda value: getattr(value, "__name__", value).strip("_"),
)
def test_a_request_that_proves_nothing_is_not_accepted(
    world: World, spoil: Callable[[World], None], code: str
) -> None:
    """Its tenant stands still, the file is named, and the certificate there is stays in use."""
    before = Published.of(world)
    accepted = before.current("argus-backend")["commit"]
    spoil(world)
    world.commit()
    outcome = world.reconcile(minutes=1)
    (fault,) = outcome.observed.faults
    (told,) = fault.problems
    assert told.startswith(f"{ARGUS_CSR}:1:1: error[{code}]")
    assert (fault.tenant, fault.since) == ("vcc", accepted)
    assert outcome.done.signed == 0
    after = Published.of(world)
    assert {p for p in after.but_pages if after.files[p] != before.files.get(p)} <= {"status.json"}


def test_a_key_belongs_to_one_service(world: World) -> None:
    """A second service that brings the first one's key gets nothing; the first is left alone."""
    before = Published.of(world)
    _request_with_key_of(world, "clara-backend")
    world.commit()
    outcome = world.reconcile(minutes=1)
    after = Published.of(world)
    assert outcome.done.signed == 0
    for service in ("argus-backend", "clara-backend"):
        assert after.certificate(service) == before.certificate(service)
    refused = [text for fault in outcome.observed.faults for text in fault.problems]
    waiting = [w.reason for w in outcome.plans[-1].waiting]
    assert any("key" in words for words in (*refused, *waiting))


def test_a_request_that_cannot_be_certified_does_not_stop_the_renewals(world: World) -> None:
    """What was applied goes on being renewed, with the key it was applied with."""
    before = Published.of(world).certificate("argus-backend")
    _request_with_key_of(world, "clara-backend")
    world.commit()
    world.reconcile(days=61)
    after = Published.of(world).certificate("argus-backend")
    assert after.public_key() == before.public_key()
    assert after.not_valid_after_utc > before.not_valid_after_utc


def test_removing_the_request_of_an_issued_certificate_changes_nothing_but_is_told(
    world: World,
) -> None:
    """The service is declared still: it goes on being renewed by the request applied before."""
    before = Published.of(world).certificate("argus-backend")
    world.remove(ARGUS_CSR)
    world.commit()
    outcome = world.reconcile(days=61)
    after = Published.of(world).certificate("argus-backend")
    assert ["waits for its CSR" in remark.message for remark in outcome.observed.remarks] == [True]
    assert after.public_key() == before.public_key()
    assert after.not_valid_after_utc > before.not_valid_after_utc
