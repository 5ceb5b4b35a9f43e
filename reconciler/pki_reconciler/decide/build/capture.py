"""Keys that cannot sign: they let pyca's builders lay out bytes before any real key is used.

pyca has no way to build to-be-signed bytes without a private key. A capture key is a private key
of a foreign class, made from a *public* key, whose ``sign`` returns a constant of the right form.
What the builders put around that constant is exactly what they would put around a signature.
"""

from __future__ import annotations

from typing import Any, NoReturn, cast

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pki_schema.x509.algorithms import PrivateKey, PublicKey


def capture(public_key: PublicKey) -> PrivateKey:
    """A stand-in for the private key of ``public_key``; ``TypeError`` for an unknown kind."""
    for kind, stand_in in _STAND_INS:
        if isinstance(public_key, kind):
            return cast("PrivateKey", stand_in(public_key))
    raise TypeError(f"no capture key for {type(public_key).__name__}")


class _Captured:
    """What every stand-in has in common: a public key, a constant, and nothing to give away."""

    constant: bytes

    def __init__(self, public_key: Any) -> None:
        self._public_key = public_key
        self.constant = self._constant()

    def _constant(self) -> bytes:
        raise NotImplementedError

    def public_key(self) -> Any:
        return self._public_key

    @property
    def key_size(self) -> int:
        return cast("int", self._public_key.key_size)

    def sign(self, data: Any, *_arguments: Any, **_options: Any) -> bytes:
        """The constant; ``data`` is what a real key would sign."""
        return self.constant

    def _has_no_secret(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise TypeError("a capture key has no secret")

    private_bytes = private_bytes_raw = private_numbers = _has_no_secret
    decrypt = exchange = sign_mu = __copy__ = __deepcopy__ = _has_no_secret


class _CapturedCurve(_Captured, ec.EllipticCurvePrivateKey):
    """The constant is a DER ``ECDSA-Sig-Value`` (RFC 3279 section 2.2.3) of full length."""

    @property
    def curve(self) -> ec.EllipticCurve:
        return cast("ec.EllipticCurve", self._public_key.curve)

    def _constant(self) -> bytes:
        half = 1 << (self.key_size - 1)
        return encode_dss_signature(half, half)


class _CapturedRsa(_Captured, rsa.RSAPrivateKey):
    """The constant is as long as the modulus (RFC 8017 section 8.2.1)."""

    def _constant(self) -> bytes:
        return bytes(self.key_size // 8)


class _CapturedEd25519(_Captured, ed25519.Ed25519PrivateKey):
    """64 octets (RFC 8032 section 5.1.6)."""

    def _constant(self) -> bytes:
        return bytes(64)


class _CapturedMlDsa44(_Captured, mldsa.MLDSA44PrivateKey):
    """2420 octets (FIPS 204 table 2)."""

    def _constant(self) -> bytes:
        return bytes(2420)


class _CapturedMlDsa65(_Captured, mldsa.MLDSA65PrivateKey):
    """3309 octets (FIPS 204 table 2)."""

    def _constant(self) -> bytes:
        return bytes(3309)


class _CapturedMlDsa87(_Captured, mldsa.MLDSA87PrivateKey):
    """4627 octets (FIPS 204 table 2)."""

    def _constant(self) -> bytes:
        return bytes(4627)


_STAND_INS: tuple[tuple[Any, type[_Captured]], ...] = (
    (ec.EllipticCurvePublicKey, _CapturedCurve),
    (rsa.RSAPublicKey, _CapturedRsa),
    (ed25519.Ed25519PublicKey, _CapturedEd25519),
    (mldsa.MLDSA44PublicKey, _CapturedMlDsa44),
    (mldsa.MLDSA65PublicKey, _CapturedMlDsa65),
    (mldsa.MLDSA87PublicKey, _CapturedMlDsa87),
)
