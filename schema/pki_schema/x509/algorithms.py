"""The closed list of key algorithms: everything there is to know about each, in one place.

Adding an algorithm is adding an entry to ``ALGORITHMS``; nothing else branches on names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificatePublicKeyTypes,
)

PrivateKey = CertificateIssuerPrivateKeyTypes
PublicKey = CertificatePublicKeyTypes


@dataclass(frozen=True)
class Algorithm:
    """A kind of key and how it signs.

    ``digest`` is the hash of signatures made with such a key, ``None`` where the scheme hashes
    itself (Ed25519, ML-DSA). ``generate`` makes a private key from the operating system's entropy.
    ``jwk``: whether its public keys can be written as a JWK (RFC 7518 section 6, RFC 8037).
    """

    name: str
    generate: Callable[[], PrivateKey]
    digest: hashes.HashAlgorithm | None
    matches: Callable[[object], bool]
    jwk: bool = False

    @property
    def signature(self) -> str:
        """What its signatures are called: ``ECDSA-SHA384``, ``RSA-SHA256``, ``Ed25519``."""
        if self.digest is None:
            return self.name
        scheme = "RSA" if self.name.startswith("RSA-") else "ECDSA"
        return f"{scheme}-{self.digest.name.upper()}"

    @cached_property
    def _ecdsa(self) -> ec.ECDSA:
        return ec.ECDSA(cast("hashes.HashAlgorithm", self.digest))

    def sign(self, key: PrivateKey, data: bytes) -> bytes:
        """Sign ``data``; the signature is as X.509 carries it (ECDSA: DER ``ECDSA-Sig-Value``)."""
        match key:
            case ec.EllipticCurvePrivateKey():
                return key.sign(data, self._ecdsa)
            case rsa.RSAPrivateKey():
                return key.sign(data, padding.PKCS1v15(), cast("hashes.HashAlgorithm", self.digest))
            case _:
                return cast("bytes", cast("Any", key).sign(data))

    def verify(self, key: PublicKey, signature: bytes, data: bytes) -> None:
        """Raise ``cryptography.exceptions.InvalidSignature`` unless the signature is right."""
        match key:
            case ec.EllipticCurvePublicKey():
                key.verify(signature, data, self._ecdsa)
            case rsa.RSAPublicKey():
                key.verify(
                    signature, data, padding.PKCS1v15(), cast("hashes.HashAlgorithm", self.digest)
                )
            case _:
                cast("Any", key).verify(signature, data)


def _curve(name: str, curve: ec.EllipticCurve, digest: hashes.HashAlgorithm) -> Algorithm:
    return Algorithm(
        name=name,
        generate=lambda: ec.generate_private_key(curve),
        digest=digest,
        matches=lambda key: (
            isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == curve.name
        ),
        jwk=name.startswith("P-"),
    )


def _rsa(bits: int) -> Algorithm:
    return Algorithm(
        name=f"RSA-{bits}",
        generate=lambda: rsa.generate_private_key(65537, bits),
        digest=hashes.SHA256(),
        matches=lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size == bits,
        jwk=True,
    )


ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (
        _curve("P-256", ec.SECP256R1(), hashes.SHA256()),
        _curve("P-384", ec.SECP384R1(), hashes.SHA384()),
        _curve("P-521", ec.SECP521R1(), hashes.SHA512()),
        _curve("brainpoolP256r1", ec.BrainpoolP256R1(), hashes.SHA256()),
        _curve("brainpoolP384r1", ec.BrainpoolP384R1(), hashes.SHA384()),
        _curve("brainpoolP512r1", ec.BrainpoolP512R1(), hashes.SHA512()),
        _rsa(3072),
        _rsa(4096),
        Algorithm(
            "Ed25519",
            ed25519.Ed25519PrivateKey.generate,
            None,
            lambda key: isinstance(key, ed25519.Ed25519PublicKey),
            jwk=True,
        ),
        Algorithm(
            "ML-DSA-44",
            mldsa.MLDSA44PrivateKey.generate,
            None,
            lambda key: isinstance(key, mldsa.MLDSA44PublicKey),
        ),
        Algorithm(
            "ML-DSA-65",
            mldsa.MLDSA65PrivateKey.generate,
            None,
            lambda key: isinstance(key, mldsa.MLDSA65PublicKey),
        ),
        Algorithm(
            "ML-DSA-87",
            mldsa.MLDSA87PrivateKey.generate,
            None,
            lambda key: isinstance(key, mldsa.MLDSA87PublicKey),
        ),
    )
}


def algorithm_of(key: object) -> Algorithm | None:
    """The algorithm a public key belongs to, or ``None`` when it is not on the list."""
    return next((a for a in ALGORITHMS.values() if a.matches(key)), None)


def load_spki(der: bytes) -> PublicKey:
    """A public key from its DER SubjectPublicKeyInfo; ``ValueError`` if pyca reads none."""
    return cast("PublicKey", serialization.load_der_public_key(der))


def spki_der(key: PublicKey) -> bytes:
    """The DER SubjectPublicKeyInfo of a public key (RFC 5280 section 4.1.2.7)."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
