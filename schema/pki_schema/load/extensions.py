"""Extensions that a template brings itself, beside those that this product writes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from pki_schema.kinds.template import ExtraExtension
from pki_schema.load.subjects import Fault
from pki_schema.x509 import der, oids

LONGEST = 4_096
"""Octets of one value: a certificate is sent with every handshake."""

Extensions = tuple[tuple[str, bool, bytes], ...]
"""(OID, critical, DER of the value), sorted."""


def extension_faults(written: Iterable[ExtraExtension]) -> Iterator[Fault]:
    """Whether each is nobody else's, is there once, and has a value that is DER."""
    seen: set[str] = set()
    for index, one in enumerate(written):
        path = ("extraExtensions", index)
        if oids.is_reserved_extension(one.oid):
            message = f"the extension {one.oid} is made from other fields, or never"
            hint = "leave it out; usages, names, policies and status have fields of their own"
            yield (*path, "oid"), "PKI2235", message, hint
        elif one.oid in seen:
            # RFC 5280 section 4.2: no more than one instance of an extension.
            yield (*path, "oid"), "PKI2236", f"the extension {one.oid} is there twice", ""
        seen.add(one.oid)
        value = decoded(one.value)
        if value is None or len(value) > LONGEST or not der.is_one_element(value):
            message = f"the value is not base64 of one element in DER, of at most {LONGEST} octets"
            yield (*path, "value"), "PKI2237", message, "write e.g. MAMCAQU= for must-staple"


def values(written: Iterable[ExtraExtension]) -> Extensions:
    """What ``extension_faults`` has found nothing against, as it goes into a certificate."""
    return tuple(
        sorted((str.__str__(one.oid), one.critical, decoded(one.value) or b"") for one in written)
    )


def decoded(text: str) -> bytes | None:
    """Strict base64 (RFC 4648 section 4), or ``None``."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
