"""The forms in which certificates and facts about them are written down for readers."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Collection, Iterable
from functools import lru_cache

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from pki_schema.x509 import der as encoding


class Json(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A public JSON document: keys sorted, indented for people, one newline at the end."""

    def body(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"


@lru_cache(maxsize=256)  # a CA's certificate is in every set below it
def pem(label: str, der: bytes) -> bytes:
    """RFC 7468 section 2: base64 in lines of 64 characters."""
    lines = [b2a_base64(der[start : start + 48]) for start in range(0, len(der), 48)]
    named = label.encode("ascii")
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (named, b"".join(lines), named)


def certs_only(certificates: Collection[bytes]) -> bytes:
    """Certificates (DER) as a CMS without signers; they are a SET, sorted for DER.

    RFC 5652 section 5, and RFC 5280 section 4.2.2.1 for what AIA points to.
    """
    return encoding.certs_only(sorted(certificates))


def trust_store(certificates: Iterable[tuple[str, bytes]]) -> bytes:
    """Certificates (alias, DER) as a PKCS#12 trust store, marked as Java wants its trust anchors.

    Without a password and without a MAC (RFC 7292 section 4: it is optional). A MAC would be keyed
    by a password that everybody knows, would keep Java from opening the file with any other, and
    its salt would make every rendering another file.
    """
    entries = [
        pkcs12.PKCS12Certificate(x509.load_der_x509_certificate(der), alias.encode("ascii"))
        for alias, der in certificates
    ]
    with_mac = pkcs12.serialize_java_truststore(entries, serialization.NoEncryption())
    return encoding.without_mac(with_mac)
