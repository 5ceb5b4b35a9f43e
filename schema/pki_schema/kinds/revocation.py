"""``Revocation``: a declared end of trust in certificates, for ever or until it is released."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pki_schema.fields import KeyDigest, Name, SerialNumber, Text, Timestamp
from pki_schema.kinds.envelope import Strict, about

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

HOLD: Final = "certificateHold"
"""The one reason that may end; every other is for ever."""


class RevocationTarget(Strict, frozen=True, kw_only=True):
    """What is revoked: exactly one of the five ways to say it.

    ``ca`` with ``serial`` one certificate; ``tenant`` with ``service`` (and ``certificate``) what
    that service holds; ``authority`` the certificates of a CA itself; ``template`` everything
    issued from it; ``key`` everything that certifies that key.
    """

    ca: Annotated[Name | None, about("With serial: the issuing CA.", "vcc-services")] = None
    serial: Annotated[
        SerialNumber | None, about("With ca: the serial in hexadecimal, quoted.", "4f3a09c1")
    ] = None
    tenant: Annotated[Name | None, about("With service: whose service it is.", "vcc")] = None
    service: Annotated[
        Name | None, about("With tenant: all certificates it holds.", "argus-backend")
    ] = None
    certificate: Annotated[
        Name | None, about("With service: only those of this name.", "client")
    ] = None
    authority: Annotated[Name | None, about("A CA itself.", "vcc-people")] = None
    template: Annotated[Name | None, about("All that was issued from a template.", "vcc-admin")] = (
        None
    )
    key: Annotated[
        KeyDigest | None,
        about("All that certifies a key: the SHA-256 of its SubjectPublicKeyInfo.", "0c" * 32),
    ] = None


class RevocationSpec(Strict, frozen=True, kw_only=True):
    """Resolved once, when it is carried out, to the serials that are valid then.

    Removing the file, or reverting the commit, changes nothing. ``held`` and ``released`` go with
    the reason certificateHold, ``revoked`` with every other. The same object says ``released`` or
    ``revoked`` later, with the same target.
    """

    target: Annotated[
        RevocationTarget, about("What is revoked.", {"tenant": "vcc", "service": "argus-backend"})
    ]
    reason: Annotated[Reason, about("Why, in the words of RFC 5280.", "keyCompromise")]
    invalidity_date: Annotated[
        Timestamp | None, about("Since when it is not to be trusted.", "2026-11-22T21:00:00Z")
    ] = None
    state: Annotated[
        Literal["revoked", "held", "released"],
        about("revoked is for ever; held, with certificateHold, until released.", "revoked"),
    ] = "revoked"
    comment: Annotated[Text | None, about("For people.", "Laptop lost on the train")] = None
