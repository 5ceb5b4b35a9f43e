"""Declared revocations: which certificates they end, hold or release, and what that means for
their owners.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pki_schema.desired import GLOBAL, Identity
from pki_schema.issued import IssuedCertificate, OnHold, OpenRevocation, Subject
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
    revocation in ``resumeAfter``, and a hold until it is released.
    """
    spec = open_revocation.request.spec
    if spec.state == "released":
        return _release(open_revocation)
    coming = [s for s in subjects if s.current is None and _means(spec.target, s)]
    return (
        _hold(open_revocation, coming) if spec.state == "held" else _revoke(open_revocation, coming)
    )


def _revoke(one: OpenRevocation, coming: Sequence[Subject]) -> Action | Waiting:
    """For ever. What is on hold becomes final, whoever holds it; who makes a hold final means what
    that holds and nothing else.
    """
    spec = one.request.spec
    fresh = () if one.concludes else one.certificates
    held = [h.certificate for h in one.on_hold if not one.concludes or _is_held_by(h, one)]
    meant = (*fresh, *held, *one.former)
    if not (meant or coming or one.replacements or spec.target.key or one.concludes):
        return _matches_nothing(one)
    suspends = spec.reason != REPLACED_BY_ITSELF and spec.reason not in KEY_IS_LOST
    certificates = _refs((*fresh, *held))
    return _action(
        one,
        Verb.REVOKE,
        _reason(spec.reason, len(certificates)),
        certificates=certificates,
        on_hold=_refs(held),
        suspends=_identities(meant, coming) if suspends else (),
        blocks=_keys(spec.target, meant, coming) if spec.reason in KEY_IS_LOST else (),
    )


def _hold(one: OpenRevocation, coming: Sequence[Subject]) -> Action | Waiting:
    """Until it is released. A CA or a responder on hold would take down all that it vouches for."""
    meant = (*one.certificates, *(h.certificate for h in one.on_hold), *one.former)
    if any(certificate.subject.kind != "Certificate" for certificate in meant):
        reason = "only certificates of services go on hold; this means one of a CA"
        return Waiting(subject=_identity(one), reason=reason)
    if not (meant or coming or one.replacements):
        return _matches_nothing(one)
    others = [h.certificate for h in one.on_hold if one.request.name not in h.by]
    certificates = _refs((*one.certificates, *others))
    return _action(
        one,
        Verb.HOLD,
        f"{_counted(len(certificates))}, until its state is released",
        certificates=certificates,
        on_hold=_refs(others),
        suspends=_identities(meant, coming),
    )


def _release(one: OpenRevocation) -> Action:
    """What this name holds, as far as nobody else does; what is final or expired stays so."""
    held = [h for h in one.on_hold if _is_held_by(h, one)]
    staying = {h.certificate.key: h.by for h in held if set(h.by) - {one.request.name}}
    reason = f"{_counted(len(held) - len(staying))} valid again"
    if staying:
        others = sorted({name for by in staying.values() for name in by} - {one.request.name})
        reason += f"; {_counted(len(staying))} held by {', '.join(others)}, too"
    return _action(
        one,
        Verb.RELEASE,
        reason,
        certificates=_refs([h.certificate for h in held]),
        on_hold=_refs([h.certificate for h in held if h.certificate.key in staying]),
    )


def _is_held_by(held: OnHold, one: OpenRevocation) -> bool:
    """What was only found published, and nobody holds, is let go by whoever means it."""
    return one.request.name in held.by or not held.by


def _action(
    one: OpenRevocation,
    verb: Verb,
    reason: str,
    *,
    certificates: tuple[CertificateRef, ...],
    on_hold: tuple[CertificateRef, ...],
    suspends: tuple[Identity, ...] = (),
    blocks: tuple[str, ...] = (),
) -> Action:
    spec = one.request.spec
    return Action(
        wave=Wave.REVOCATION,
        verb=verb,
        subject=_identity(one),
        cause=Cause.GIT,
        reason=reason,
        commit=one.commit,
        certificates=certificates,
        on_hold=on_hold,
        revocation_reason=str(spec.reason),
        invalidity_date=str(spec.invalidity_date or ""),
        suspends=suspends,
        blocks=blocks,
    )


def _identity(one: OpenRevocation) -> Identity:
    return Identity("Revocation", GLOBAL, one.request.name)


def _matches_nothing(one: OpenRevocation) -> Waiting:
    return Waiting(subject=_identity(one), reason="matches no certificate; see its target")


def _refs(certificates: Sequence[IssuedCertificate]) -> tuple[CertificateRef, ...]:
    return tuple(sorted(CertificateRef(c.issuer, f"{c.serial:x}", c.subject) for c in certificates))


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
    after = "replaced in the same run; " if reason == REPLACED_BY_ITSELF else ""
    return f"{reason}, {_counted(count)}; {after}cannot be undone by git revert"


def _counted(count: int) -> str:
    return f"{count} certificate{'' if count == 1 else 's'}"
