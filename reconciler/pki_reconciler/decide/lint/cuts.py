"""Whether the bytes to be signed are those of the draft, and whose key they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pki_reconciler.chain import Unsigned
from pki_schema.x509 import der


def cut_faults(unsigned: Unsigned[Any], signed_object: bytes) -> Iterator[str]:
    """What is linted is what is signed; ``signed_object`` is a certificate or CRL in DER."""
    if der.taken_apart(signed_object) != (unsigned.tbs, unsigned.algorithm):
        yield "the bytes to be signed are not those of the draft"
    if der.header(signed_object)[2] != len(signed_object):
        yield "there are octets after the end"


def signer_faults(unsigned: Unsigned[Any], *, spki: str, key_algorithm: str) -> Iterator[str]:
    """The draft is for this key (SHA-256 of its SPKI, hex) and no other."""
    if unsigned.signer != spki:
        yield f"to be signed by key {unsigned.signer[:16]}, expected {spki[:16]}"
    if unsigned.key_algorithm != key_algorithm:
        yield f"to be signed with {unsigned.key_algorithm}, but the key is {key_algorithm}"
