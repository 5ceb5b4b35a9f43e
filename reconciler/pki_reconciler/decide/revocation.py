"""Declared revocations: which certificates they end, and what that means for their owners."""

from __future__ import annotations

from collections.abc import Sequence

from pki_schema.desired import GLOBAL, Identity
from pki_schema.issued import IssuedCertificate, OpenRevocation
from pki_schema.planned import Action, Cause, CertificateRef, Verb, Waiting, Wave

REPLACED_BY_ITSELF = "superseded"
KEY_IS_LOST = frozenset({"keyCompromise", "cACompromise", "aACompromise"})


def revocation_of(open_revocation: OpenRevocation) -> Action | Waiting:
    """One action for one ``Revocation``: it is resolved once, to the certificates valid now.

    One that means no certificate at all waits, visibly: its author mistyped something, or revokes
    what is about to be issued.

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
    subject = Identity("Revocation", GLOBAL, open_revocation.request.name)
    meant = (*open_revocation.certificates, *open_revocation.former)
    if not meant and spec.target.key is None:
        return Waiting(subject=subject, reason="matches no certificate; see its target")
    suspends = spec.reason != REPLACED_BY_ITSELF and spec.reason not in KEY_IS_LOST
    return Action(
        wave=Wave.REVOCATION,
        verb=Verb.REVOKE,
        subject=subject,
        cause=Cause.GIT,
        reason=_reason(spec.reason, len(certificates)),
        commit=open_revocation.commit,
        certificates=certificates,
        revocation_reason=str(spec.reason),
        invalidity_date=str(spec.invalidity_date or ""),
        suspends=tuple(sorted({c.subject for c in meant})) if suspends else (),
        blocks=_keys(open_revocation, meant) if spec.reason in KEY_IS_LOST else (),
    )


def _keys(open_revocation: OpenRevocation, meant: Sequence[IssuedCertificate]) -> tuple[str, ...]:
    """Every key that was certified for what is meant, and the one that is named itself."""
    named = open_revocation.request.spec.target.key
    return tuple(sorted({*(c.spki for c in meant), *([str(named)] if named else [])}))


def _reason(reason: str, count: int) -> str:
    noun = "certificate" if count == 1 else "certificates"
    after = "replaced in the same run; " if reason == REPLACED_BY_ITSELF else ""
    return f"{reason}, {count} {noun}; {after}cannot be undone by git revert"
