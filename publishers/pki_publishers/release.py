"""What is to be published: paths and bytes, and what the bytes say about their own age."""

from __future__ import annotations

import hashlib
from copy import copy
from dataclasses import dataclass

import msgspec
from cryptography import x509
from cryptography.x509 import ocsp

from pki_publishers.layout import Class
from pki_schema import instants
from pki_schema.instants import Instant


class PublicObject(msgspec.Struct, frozen=True):
    """One file. ``unit`` names what it was rendered with; a unit is published whole or not at all.

    ``number`` orders the versions of one path, where going back would un-revoke: the CRL number of
    CRLs, thisUpdate in epoch seconds of OCSP answers, 0 for everything else.
    """

    path: str
    body: bytes
    kind: Class
    unit: str
    number: int = 0
    digest: str = ""
    """SHA-256 of the bytes, lower-case hex, whatever is given."""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "digest", hashlib.sha256(self.body).hexdigest())

    def at(self, path: str, unit: str) -> PublicObject:
        """The same bytes elsewhere, in another unit; they are not hashed again."""
        elsewhere = copy(self)
        msgspec.structs.force_setattr(elsewhere, "path", path)
        msgspec.structs.force_setattr(elsewhere, "unit", unit)
        return elsewhere


@dataclass(frozen=True)
class Release:
    """Objects to be published together, in any order."""

    objects: tuple[PublicObject, ...]


@dataclass(frozen=True)
class Age:
    """What a CRL or an OCSP answer says about itself; ``number`` as in ``PublicObject``."""

    this_update: Instant
    next_update: Instant
    number: int


def age(path: str, body: bytes) -> Age | None:
    """Read thisUpdate, nextUpdate and number out of published bytes, by the ending of their path.

    ``None`` for what carries none: certificates, pointers, and bytes that cannot be read.
    """
    try:
        if path.endswith((".der", ".ocsp")):
            return _answer_age(body)
        if path.endswith(".crl"):
            return _crl_age(x509.load_der_x509_crl(body))
        if path.endswith(".chain.pem"):
            return _chain_age(body)
    except (ValueError, x509.ExtensionNotFound):
        return None
    return None


def _answer_age(body: bytes) -> Age | None:
    answer = ocsp.load_der_ocsp_response(body)
    if answer.next_update_utc is None:
        return None
    this_update = answer.this_update_utc
    return Age(this_update, answer.next_update_utc, instants.to_epoch(this_update))


def _crl_age(crl: x509.CertificateRevocationList) -> Age | None:
    if crl.next_update_utc is None:
        return None
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return Age(crl.last_update_utc, crl.next_update_utc, number)


_END = b"-----END X509 CRL-----\n"


def _chain_age(body: bytes) -> Age | None:
    """A chain of CRLs is as fresh as the one that ends first; its number is its first CRL's."""
    parts = [part + _END for part in body.split(_END) if part]
    ages = [_crl_age(x509.load_pem_x509_crl(part)) for part in parts]
    known = [one for one in ages if one is not None]
    if not known or len(known) != len(ages):
        return None
    return Age(
        max(one.this_update for one in known),
        min(one.next_update for one in known),
        known[0].number,
    )
