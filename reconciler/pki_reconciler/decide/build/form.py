"""What the certificates of one template, issuer and period have in common, laid out once.

pyca's builder makes one of them, and its octets are kept. Into these goes what is each one's own:
serial, subject, key, and of the extensions key identifier and alternative names, as pyca encodes
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from pki_reconciler.decide.build.capture import capture
from pki_reconciler.decide.build.extensions import DER, of_certificate, subject_name
from pki_reconciler.decide.build.issuer import Issuer
from pki_schema.desired import Profile
from pki_schema.instants import Instant
from pki_schema.x509 import der
from pki_schema.x509.algorithms import ALGORITHMS, PublicKey, algorithm_of, spki_der
from pki_schema.x509.oids import NAME_ATTRIBUTES

OWN = frozenset({ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.SUBJECT_ALTERNATIVE_NAME})
"""The extensions whose values are each certificate's own."""

_INTEGER, _OCTET_STRING, _SEQUENCE, _CONTEXT_3 = 0x02, 0x04, 0x30, 0xA3
_SOME_SUBJECT = ((NAME_ATTRIBUTES["CN"], "-"),)
_SOME_NAMES = (("dns", "-"),)


@dataclass(frozen=True, kw_only=True)
class Form:
    """The octets around a certificate's own parts, in their order.

    ``issuance`` are signature algorithm, issuer and validity. Of each extension the whole, of those
    in ``OWN`` what comes before the value. ``signature`` is what follows the bytes to be signed.
    """

    version: bytes
    issuance: bytes
    extensions: tuple[tuple[x509.ObjectIdentifier, bytes], ...]
    signature: bytes

    def filled(
        self,
        *,
        serial: int,
        subject: bytes,
        spki: bytes,
        values: Mapping[x509.ObjectIdentifier, bytes],
    ) -> bytes:
        """A whole draft; everything in DER, ``values`` those of the extensions in ``OWN``."""
        extensions = b"".join(
            der.tlv(_SEQUENCE, octets + der.tlv(_OCTET_STRING, values[oid]))
            if oid in OWN
            else octets
            for oid, octets in self.extensions
        )
        # RFC 5280 section 4.1: version, serialNumber, signature, issuer, validity, subject, key.
        tbs = (
            self.version
            + der.tlv(_INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
            + self.issuance
            + subject
            + spki
            + der.tlv(_CONTEXT_3, der.tlv(_SEQUENCE, extensions))
        )
        return der.tlv(_SEQUENCE, der.tlv(_SEQUENCE, tbs) + self.signature)


def form_of(profile: Profile, issuer: Issuer, *, not_before: Instant, not_after: Instant) -> Form:
    """The form of all that differ from this profile in no more than what is each one's own."""
    shared = msgspec.structs.replace(
        profile,
        subject=_SOME_SUBJECT if profile.subject else (),
        names=_SOME_NAMES if profile.names else (),
        spki=None,
    )
    return _form(shared, issuer, not_before, not_after)


@lru_cache(maxsize=64)
def _form(profile: Profile, issuer: Issuer, not_before: Instant, not_after: Instant) -> Form:
    draft = laid_out(
        profile,
        issuer=issuer,
        public_key=issuer.public_key,  # some key, as the subject is some subject
        serial=1,
        not_before=not_before,
        not_after=not_after,
    )
    tbs, algorithm, signature = der.elements(draft)
    version, _serial, inner_algorithm, name, validity, _subject, _key, tagged = der.elements(tbs)
    [found] = der.elements(tagged)
    order = [extension.oid for extension in x509.load_der_x509_certificate(draft).extensions]
    return Form(
        version=version,
        issuance=inner_algorithm + name + validity,
        extensions=tuple(
            (oid, b"".join(der.elements(octets)[:-1]) if oid in OWN else octets)
            for oid, octets in zip(order, der.elements(found), strict=True)
        ),
        signature=algorithm + signature,
    )


def laid_out(
    profile: Profile,
    *,
    issuer: Issuer | None,
    public_key: PublicKey,
    serial: int,
    not_before: Instant,
    not_after: Instant,
) -> bytes:
    """A whole draft from pyca's builder; without ``issuer`` it is self-signed.

    Raises ``ValueError`` for what X.509 cannot express.
    """
    subject = subject_name(profile.subject)
    builder = x509.CertificateBuilder(
        issuer_name=issuer.subject if issuer else subject,
        subject_name=subject,
        public_key=public_key,
        extensions=list(of_certificate(profile, issuer=issuer, spki=spki_der(public_key))),
    )
    return (
        builder.serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(
            issuer.stand_in if issuer else capture(public_key),
            ALGORITHMS[issuer.key_algorithm if issuer else listed(public_key)].digest,  # type: ignore[arg-type]
        )
        .public_bytes(DER)
    )


def listed(public_key: PublicKey) -> str:
    """The name of a key's algorithm; ``ValueError`` if it is not on the list."""
    algorithm = algorithm_of(public_key)
    if algorithm is None:
        raise ValueError("the key is not on the list of algorithms")
    return algorithm.name
