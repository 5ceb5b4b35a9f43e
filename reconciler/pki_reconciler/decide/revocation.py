"""Declared revocations: which certificates they end, and what that means for their owners."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pki_schema.desired import GLOBAL, Identity
from pki_schema.issued import IssuedCertificate, OpenRevocation, Subject
from pki_schema.kinds.revocation import RevocationTarget
from pki_schema.planned import Action, Cause, CertificateRef, Verb, Waiting, Wave

REPLACED_BY_ITSELF = "superseded"
KEY_IS_LOST = frozenset({"keyCompromise", "cACompromise", "aACompromise"})


def revocation_of(
    open_revocation: OpenRevocation, subjects: Sequence[Subject] = ()
) -> Action | Waiting:
    """One action for one ``Revocation``: it is resolved once, to the certificates valid now.

    ``subjects`` are those that the plan looks at: who is declared and was never certified is meant
    too, so that looking in between decides nothing. A revocation that means nobody at all waits,
    visibly: its author has mistyped something.

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
    coming = [s for s in subjects if s.current is None and _means(spec.target, s)]
    if not (meant or coming or spec.target.key):
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
        suspends=_identities(meant, coming) if suspends else (),
        blocks=_keys(spec.target, meant, coming) if spec.reason in KEY_IS_LOST else (),
    )


def _means(target: RevocationTarget, subject: Subject) -> bool:
    """Whether a target means what a subject is about to be certified as."""
    identity, declared = subject.identity, subject.declared
    if declared is None or identity.kind != "Certificate":
        return False
    if target.service is not None:
        service, _, name = identity.name.partition("/")
        return (identity.tenant, service) == (target.tenant, target.service) and (
            target.certificate in (None, name)
        )
    return target.template is not None and declared.template == target.template


def _identities(
    meant: Sequence[IssuedCertificate], coming: Sequence[Subject]
) -> tuple[Identity, ...]:
    return tuple(sorted({*(c.subject for c in meant), *(s.identity for s in coming)}))


def _keys(
    target: RevocationTarget, meant: Sequence[IssuedCertificate], coming: Sequence[Subject]
) -> tuple[str, ...]:
    """Every key that was certified, or is about to be, for what is meant; or the one named."""
    declared = (s.declared.profile.spki for s in coming if s.declared)
    return tuple(
        sorted(
            {
                *(c.spki for c in meant),
                *(hashlib.sha256(spki).hexdigest() for spki in declared if spki),
                *([str(target.key)] if target.key else []),
            }
        )
    )


def _reason(reason: str, count: int) -> str:
    noun = "certificate" if count == 1 else "certificates"
    after = "replaced in the same run; " if reason == REPLACED_BY_ITSELF else ""
    return f"{reason}, {count} {noun}; {after}cannot be undone by git revert"
