"""Whom to trust, in the forms its readers know: trust bundles and the CA certificates for EST."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import jwt.algorithms
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from pki_publishers import layout
from pki_publishers.encodings import Json, certs_only, pem, trust_store
from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_schema.issued import IssuedAuthority
from pki_schema.kinds import TrustBundleSpec
from pki_schema.x509.algorithms import algorithm_of


class SpiffeKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CA for X.509 identities (SPIFFE Trust Domain and Bundle, section 4.2): its public key as a
    JWK (RFC 7518 section 6), and its certificate, the only one in ``x5c``, in base64 of DER.
    """

    use: str
    kty: str
    x5c: tuple[str]
    crv: str = ""
    x: str = ""
    y: str = ""
    n: str = ""
    e: str = ""


class SpiffeBundle(Json, frozen=True, kw_only=True, rename=None, omit_defaults=False):
    """SPIFFE Trust Domain and Bundle, section 4.1. The hint is in seconds; the sequence grows with
    every change.
    """

    spiffe_sequence: int
    spiffe_refresh_hint: int
    keys: tuple[SpiffeKey, ...]


def render_bundle(
    name: str, spec: TrustBundleSpec, *, members: Iterable[IssuedAuthority], sequence: int
) -> tuple[PublicObject, ...]:
    """A trust bundle in each of its formats. ``members`` are the CA generations to be trusted;
    without any there is no bundle, because most readers take an empty file for a broken one.
    """
    ordered = sorted(members, key=lambda one: (one.name, one.generation))
    if not ordered:
        return ()
    paths, unit = layout.bundle(name), f"bundle/{name}"
    objects: list[PublicObject] = []
    for written in spec.formats:
        match written:
            case "pem":
                objects.append(PublicObject(paths.pem, _pem(ordered), Class.TRUST, unit))
            case "pkcs12":
                objects.append(PublicObject(paths.p12, _trust_store(ordered), Class.TRUST, unit))
            case "spiffe":
                body = _spiffe(spec, ordered, sequence)
                objects.append(PublicObject(paths.spiffe, body, Class.TRUST, unit, sequence))
    return tuple(objects)


def render_cacerts(name: str, *, authorities: Iterable[IssuedAuthority]) -> PublicObject:
    """The answer of an EST server to ``/cacerts``: base64 of a certs-only CMS.

    RFC 7030 section 4.1.3, without a Content-Transfer-Encoding (RFC 8951 section 2.1).
    ``authorities`` are those of the trust bundle ``name`` and the CAs below them, which clients
    need to build chains.
    """
    body = certs_only({one.certificate.der for one in authorities})
    return PublicObject(
        layout.CACERTS_PATH, base64.encodebytes(body), Class.TRUST, f"cacerts/{name}"
    )


def _pem(members: Sequence[IssuedAuthority]) -> bytes:
    return b"".join(pem("CERTIFICATE", one.certificate.der) for one in members)


def _trust_store(members: Sequence[IssuedAuthority]) -> bytes:
    return trust_store((f"{one.name}-g{one.generation}", one.certificate.der) for one in members)


def _spiffe(spec: TrustBundleSpec, members: Sequence[IssuedAuthority], sequence: int) -> bytes:
    keys = tuple(key for one in members if (key := _spiffe_key(one.certificate.der)))
    bundle = SpiffeBundle(
        spiffe_sequence=sequence, spiffe_refresh_hint=int(spec.refresh_hint), keys=keys
    )
    return bundle.body()


def _spiffe_key(der: bytes) -> SpiffeKey | None:
    """``None`` for a key that JWK has no form for."""
    key = x509.load_der_x509_certificate(der).public_key()
    algorithm = algorithm_of(key)
    if algorithm is None or not algorithm.jwk:
        return None
    jwk: dict[str, str]
    match key:
        case ec.EllipticCurvePublicKey():
            jwk = jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True)
        case ed25519.Ed25519PublicKey():
            jwk = jwt.algorithms.OKPAlgorithm.to_jwk(key, as_dict=True)
        case rsa.RSAPublicKey():
            jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
        case _:
            return None
    members = {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}
    return SpiffeKey(use="x509-svid", x5c=(base64.b64encode(der).decode("ascii"),), **members)
