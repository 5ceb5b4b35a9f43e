"""The parts of a certificate that a profile and an issuer determine.

The parts that thousands of certificates share are made once: the makers are functions of a few
immutable values, and remember what they made.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import AuthorityInformationAccessOID

from pki_publishers import layout
from pki_reconciler.decide.build.issuer import Issuer
from pki_schema.desired import Constraints, Profile, Subtrees
from pki_schema.x509 import der, oids

DER = serialization.Encoding.DER
_UTF8_STRING, _SEQUENCE = 0x0C, 0x30

E = TypeVar("E", bound=x509.ExtensionType)
AnyExtension = x509.Extension[Any]


def of_certificate(
    profile: Profile, *, issuer: Issuer | None, spki: bytes
) -> Iterator[AnyExtension]:
    """The extensions of a certificate, always in this order.

    ``spki`` is the DER SubjectPublicKeyInfo of the certified key.
    """
    yield from _purposes(
        profile.ca,
        profile.path_length,
        profile.key_usages,
        profile.extended_key_usages,
        profile.extended_key_usage_critical,
    )
    # RFC 5280 section 4.2.1.2: not critical, and in every certificate here.
    yield _extension(x509.SubjectKeyIdentifier(key_identifier(spki)))
    if issuer:
        yield _authority_key_identifier(issuer.ski)
    if profile.names:
        # RFC 5280 section 4.2.1.6: critical exactly when there is no subject to go by.
        yield _extension(_alternative_names(profile.names), critical=not profile.subject)
    yield from _limits(profile.name_constraints, profile.policies)
    if issuer:
        yield from _pointers(
            issuer.settings.base_urls,
            issuer.stem,
            profile.status_pointers,
            issuer.settings.ocsp.mode == "presigned",
        )
    if profile.ocsp_no_check:
        yield _extension(x509.OCSPNoCheck())  # RFC 6960 section 4.2.2.2.1: not critical
    for oid, critical, value in profile.extra_extensions:
        yield _extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), critical=critical
        )


def own_values(names: Sequence[tuple[str, str]], spki: bytes) -> dict[x509.ObjectIdentifier, bytes]:
    """The values (DER) of the extensions that tell certificates of one profile apart, by OID."""
    identifier = x509.SubjectKeyIdentifier(key_identifier(spki))
    values = {identifier.oid: identifier.public_bytes()}
    if names:
        values[x509.SubjectAlternativeName.oid] = _alternative_names(names).public_bytes()
    return values


def key_identifier(spki: bytes) -> bytes:
    """The SHA-1 of the key's bits (RFC 5280 section 4.2.1.2, method 1)."""
    return hashlib.sha1(key_bits(spki), usedforsecurity=False).digest()


def key_bits(spki: bytes) -> bytes:
    """The content of ``subjectPublicKey`` in a SubjectPublicKeyInfo: what gets hashed."""
    _, start, _ = der.header(spki)
    _, _, algorithm_end = der.header(spki, start)
    _, bits, end = der.header(spki, algorithm_end)
    # The first octet of a BIT STRING counts unused bits and is no part of the key.
    return spki[bits + 1 : end]


@lru_cache(maxsize=1024)
def subject_name(attributes: tuple[tuple[str, str], ...]) -> x509.Name:
    """A name with one attribute per RDN, in the declared order.

    String types are pyca's: PrintableString for country and serial number, IA5String for domain
    components, UTF8String for all else (RFC 5280 section 4.1.2.4 and appendix A).
    """
    return x509.Name([_relative_name(oid, value) for oid, value in attributes])


def subject_der(attributes: tuple[tuple[str, str], ...]) -> bytes:
    """The same name in DER."""
    return der.tlv(_SEQUENCE, b"".join([_attribute_der(oid, value) for oid, value in attributes]))


@lru_cache(maxsize=1024)  # most attributes of a fleet's subjects are the same
def _attribute_der(oid: str, value: str) -> bytes:
    [relative_name] = der.elements(x509.Name([_relative_name(oid, value)]).public_bytes())
    return relative_name


@lru_cache(maxsize=1024)
def _relative_name(oid: str, value: str) -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName([x509.NameAttribute(x509.ObjectIdentifier(oid), value)])


def _extension(value: E, *, critical: bool = False) -> x509.Extension[E]:
    return x509.Extension(value.oid, critical, value)


@lru_cache(maxsize=256)
def _purposes(
    ca: bool,
    path_length: int | None,
    key_usages: tuple[str, ...],
    extended_key_usages: tuple[str, ...],
    extended_key_usage_critical: bool,
) -> tuple[AnyExtension, ...]:
    """What the key is for: RFC 5280 sections 4.2.1.9, 4.2.1.3 and 4.2.1.12."""
    found: list[AnyExtension] = []
    if ca:
        found.append(_extension(x509.BasicConstraints(True, path_length), critical=True))
    if key_usages:
        found.append(_extension(_key_usage(frozenset(key_usages)), critical=True))
    if extended_key_usages:
        purposes = [
            x509.ObjectIdentifier(oids.EXTENDED_KEY_USAGES.get(usage, usage))
            for usage in extended_key_usages
        ]
        found.append(
            _extension(x509.ExtendedKeyUsage(purposes), critical=extended_key_usage_critical)
        )
    return tuple(found)


def _key_usage(words: frozenset[str]) -> x509.KeyUsage:
    if unknown := words - oids.KEY_USAGES.keys():
        raise ValueError(f"unknown key usages: {', '.join(sorted(unknown))}")
    bits = {argument: word in words for word, argument in oids.KEY_USAGES.items()}
    return x509.KeyUsage(**bits, encipher_only=False, decipher_only=False)


@lru_cache(maxsize=256)
def _authority_key_identifier(ski: bytes) -> x509.Extension[x509.AuthorityKeyIdentifier]:
    """Only keyid, copied from the issuer's own certificate (RFC 5280 section 4.2.1.1)."""
    return _extension(x509.AuthorityKeyIdentifier(ski, None, None))


def _alternative_names(names: Sequence[tuple[str, str]]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general_name(*name) for name in names])


def _general_name(kind: str, value: str) -> x509.GeneralName:
    match kind:
        case "dns":
            return x509.DNSName(value)
        case "ip":
            return x509.IPAddress(ipaddress.ip_address(value))
        case "uri":
            return x509.UniformResourceIdentifier(value)
        case "email":
            return x509.RFC822Name(value)
        case "upn":
            return x509.OtherName(
                x509.ObjectIdentifier(oids.USER_PRINCIPAL_NAME),
                der.tlv(_UTF8_STRING, value.encode()),
            )
        case "other":
            oid, _, text = value.partition(";")
            return x509.OtherName(x509.ObjectIdentifier(oid), der.tlv(_UTF8_STRING, text.encode()))
        case _:
            raise ValueError(f"unknown type of name: {kind}")


@lru_cache(maxsize=256)
def _limits(
    constraints: Constraints | None, policies: tuple[tuple[str, str], ...]
) -> tuple[AnyExtension, ...]:
    """Name constraints and policies: RFC 5280 sections 4.2.1.10 and 4.2.1.4."""
    found: list[AnyExtension] = []
    if constraints:
        # An empty list of subtrees must be absent, hence the ``or None``.
        value = x509.NameConstraints(
            _subtrees(constraints.permitted) or None, _subtrees(constraints.excluded) or None
        )
        found.append(_extension(value, critical=constraints.critical))
    if policies:
        informations = [
            x509.PolicyInformation(x509.ObjectIdentifier(oid), [cps] if cps else None)
            for oid, cps in policies
        ]
        found.append(_extension(x509.CertificatePolicies(informations)))
    return tuple(found)


def _subtrees(subtrees: Subtrees) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(domain) for domain in subtrees.dns),
        *(x509.IPAddress(ipaddress.ip_network(network)) for network in subtrees.ip),
        *(x509.RFC822Name(domain) for domain in subtrees.email),
        *(x509.UniformResourceIdentifier(domain) for domain in subtrees.uri),
    ]


@lru_cache(maxsize=256)
def _pointers(
    base_urls: tuple[str, ...], stem: str, status: bool, ocsp: bool
) -> tuple[AnyExtension, ...]:
    """Where to find the CRL, the OCSP answers and the issuer: sections 4.2.1.13 and 4.2.2.1."""
    crls, answers, issuers = (
        [x509.UniformResourceIdentifier(f"{base}/{path}") for base in base_urls]
        for path in (layout.crl_path(stem), layout.ocsp_path(stem), layout.aia_path(stem))
    )
    found: list[AnyExtension] = []
    if status and crls:
        # One point with many names: different ways to the same CRL.
        point = x509.DistributionPoint(crls, None, None, None)
        found.append(_extension(x509.CRLDistributionPoints([point])))
    accesses = [(AuthorityInformationAccessOID.OCSP, url) for url in answers if status and ocsp]
    accesses += [(AuthorityInformationAccessOID.CA_ISSUERS, url) for url in issuers]
    if accesses:
        found.append(
            _extension(
                x509.AuthorityInformationAccess(
                    [x509.AccessDescription(method, url) for method, url in accesses]
                )
            )
        )
    return tuple(found)
