"""Which of many objects the second judge is asked about.

All of them in a plan of up to ``ALL``; beyond that the first of every shape and one in five hundred
at random. A fault of a profile shows in its first object; one that hangs on a value shows in the
sample sooner or later, and our own rules look at every object anyway.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable

import msgspec

from pki_reconciler.chain import CertificateFacts

ALL = 500
"""Plans up to this size are judged whole; pkilint takes about 7 ms for a certificate."""

_ONE_IN_FIVE_HUNDRED = 2**32 // 500


class Sample:
    """For one plan of ``total`` objects; ``seed`` (random bytes) decides which ones are judged."""

    def __init__(self, total: int, seed: bytes) -> None:
        self._everything = total <= ALL
        self._seed = seed
        self._seen: set[Hashable] = set()

    def takes(self, shape: Hashable, content: bytes) -> bool:
        """Whether this object is judged; ``content`` are the bytes to be signed."""
        if self._everything:
            return True
        if shape not in self._seen:
            self._seen.add(shape)
            return True
        drawn = hashlib.sha256(self._seed + content).digest()[:4]
        return int.from_bytes(drawn, "big") < _ONE_IN_FIVE_HUNDRED


def certificate_shape(facts: CertificateFacts) -> Hashable:
    """What certificates of one issuer and one profile have in common: all but the names' values."""
    profile = facts.meaning.profile
    return (
        facts.issuer,
        msgspec.structs.replace(profile, subject=(), names=(), spki=None),
        tuple([(oid, _kind(value)) for oid, value in profile.subject]),
        frozenset([(kind, _kind(value)) for kind, value in profile.names]),
        # RFC 5280 section 4.1.2.5: dates are encoded in another way from 2050 on.
        facts.not_after.year >= 2050,
    )


def _kind(value: str) -> tuple[bool, bool]:
    """Other characters are other string types; a wildcard is another kind of name."""
    return value.isascii(), value.startswith("*")
