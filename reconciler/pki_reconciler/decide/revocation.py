"""Declared revocations: which certificates they end, and what that means for their owners."""

from __future__ import annotations

from pki_schema.desired import GLOBAL, Identity
from pki_schema.issued import OpenRevocation
from pki_schema.planned import Action, Cause, CertificateRef, Verb, Wave

REPLACED_BY_ITSELF = "superseded"
KEY_IS_LOST = frozenset({"keyCompromise", "cACompromise", "aACompromise"})


def revocation_of(open_revocation: OpenRevocation) -> Action:
    """One action for one ``Revocation``: it is resolved once, to the certificates valid now.

    ``superseded`` asks for a replacement by itself; a compromise blocks the key and is replaced as
    soon as there is another; every other reason suspends the identity until its service names the
    revocation in ``resumeAfter``.
    """
    spec = open_revocation.request.spec
    certificates = tuple(
        sorted(
            CertificateRef(c.issuer, f"{c.serial:x}", c.subject)
            for c in open_revocation.certificates
        )
    )
    suspends = spec.reason != REPLACED_BY_ITSELF and spec.reason not in KEY_IS_LOST
    return Action(
        wave=Wave.REVOCATION,
        verb=Verb.REVOKE,
        subject=Identity("Revocation", GLOBAL, open_revocation.request.name),
        cause=Cause.GIT,
        reason=_reason(spec.reason, len(certificates)),
        commit=open_revocation.commit,
        certificates=certificates,
        revocation_reason=str(spec.reason),
        invalidity_date=str(spec.invalidity_date or ""),
        suspends=tuple(sorted({c.subject for c in certificates})) if suspends else (),
        blocks=spec.reason in KEY_IS_LOST,
    )


def _reason(reason: str, count: int) -> str:
    noun = "certificate" if count == 1 else "certificates"
    after = "replaced in the same run; " if reason == REPLACED_BY_ITSELF else ""
    return f"{reason}, {count} {noun}; {after}cannot be undone by git revert"
