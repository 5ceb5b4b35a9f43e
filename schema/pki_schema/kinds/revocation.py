"""``Revocation``: a declared, irreversible end of trust in certificates."""

from __future__ import annotations

from typing import Literal

from pki_schema.fields import KeyDigest, Name, SerialNumber, Text, Timestamp
from pki_schema.kinds.envelope import Strict

Reason = Literal[
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
]
"""RFC 5280 section 5.3.1, without ``removeFromCRL``, which is no reason but a delta CRL's word."""


class RevocationTarget(Strict, frozen=True, kw_only=True):
    """What is revoked: exactly one of the five ways to say it.

    ``ca`` with ``serial`` one certificate; ``tenant`` with ``service`` (and ``certificate``) what
    that service holds; ``authority`` the certificates of a CA itself; ``template`` everything
    issued from it; ``key`` everything that certifies that key.
    """

    ca: Name | None = None
    serial: SerialNumber | None = None
    tenant: Name | None = None
    service: Name | None = None
    certificate: Name | None = None
    authority: Name | None = None
    template: Name | None = None
    key: KeyDigest | None = None


class RevocationSpec(Strict, frozen=True, kw_only=True):
    """Resolved once, when it is carried out, to the serials that are valid then.

    Removing the file, or reverting the commit, changes nothing.
    """

    target: RevocationTarget
    reason: Reason
    invalidity_date: Timestamp | None = None
    state: Literal["revoked", "held", "released"] = "revoked"
    comment: Text | None = None
