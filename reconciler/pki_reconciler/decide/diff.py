"""One subject: what Git asks for, what the clock asks for, or what it waits for.

The two are kept apart because a guard may hold back everything Git-caused while renewals that are
due under the *applied* meaning go on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pki_schema.desired import Identity, Meaning, Profile
from pki_schema.instants import Instant
from pki_schema.issued import (
    CertificateState,
    DueWork,
    IssuedAuthority,
    Subject,
    Touched,
)
from pki_schema.planned import Action, Cause, Held, Verb, Waiting, Wave

WAVES = {
    "AuthorityCertificate": Wave.AUTHORITY,
    "ResponderCertificate": Wave.RESPONDER,
    "Certificate": Wave.LEAF,
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What one subject asks for: at most one Git-caused and one clock-caused action."""

    git: Action | None = None
    clock: Action | None = None
    held: Held | None = None
    waiting: Waiting | None = None


def wish_of(subject: Subject, touched: Touched, now: Instant) -> Wish:
    """Compare declared with applied, and the due work with the clock."""
    if _is_suspended(subject):
        return Wish(waiting=Waiting(subject=subject.identity, reason="suspended by its author"))
    git = _asked_by_git(subject, touched, now)
    clock = _asked_by_clock(subject, touched, now)
    return Wish(
        git=git if isinstance(git, Action) else None,
        clock=clock if isinstance(clock, Action) else None,
        held=git if isinstance(git, Held) else None,
        waiting=next((asked for asked in (git, clock) if isinstance(asked, Waiting)), None),
    )


def _is_suspended(subject: Subject) -> bool:
    meaning = subject.declared or subject.applied
    return meaning is not None and meaning.suspended


def _asked_by_git(
    subject: Subject, touched: Touched, now: Instant
) -> Action | Held | Waiting | None:
    if subject.pending:
        return Waiting(subject=subject.identity, reason="waits for its CSR")
    if subject.declared is None:
        return _withdrawn(subject, touched)
    if _lost_its_authority(subject, subject.declared, touched):
        return None
    verb, reason = _difference(subject, subject.declared, now)
    if verb is None:
        return None
    refused = _authority_rule(subject, subject.declared, touched)
    if refused:
        return refused
    if verb in (Verb.ISSUE, Verb.REISSUE):
        obstacle = _obstacle(subject, subject.declared, touched, now)
        if obstacle:
            return Waiting(subject=subject.identity, reason=obstacle)
    return action(verb, subject, subject.declared, cause=Cause.GIT, reason=reason)


def _asked_by_clock(subject: Subject, touched: Touched, now: Instant) -> Action | Waiting | None:
    """A renewal of exactly the applied meaning, when it is due; what stands against it is said."""
    due = next((d for d in subject.due if d.work is DueWork.RENEW and d.at <= now), None)
    if due is None or subject.applied is None or subject.retired:
        return None
    if subject.current is None or not (
        subject.current.state is CertificateState.VALID or _is_on_hold(subject, now)
    ):
        return None
    obstacle = _obstacle(subject, subject.applied, touched, now)
    if obstacle:
        return Waiting(subject=subject.identity, reason=f"due for renewal, but {obstacle}")
    left = subject.current.not_after - now
    reason = f"{left.days} days left" if left.days >= 0 else f"expired {-left.days} days ago"
    return action(Verb.RENEW, subject, subject.applied, cause=Cause.CLOCK, reason=reason)


def _is_on_hold(subject: Subject, now: Instant) -> bool:
    """It may be valid again, so nothing takes its place; what would have is told to wait."""
    current = subject.current
    return current is not None and current.on_hold and now <= current.not_after


def _difference(subject: Subject, declared: Meaning, now: Instant) -> tuple[Verb | None, str]:
    if subject.applied is None or subject.current is None:
        return Verb.ISSUE, "declared"
    if subject.current.state is not CertificateState.VALID and not _is_on_hold(subject, now):
        return Verb.REISSUE, f"its certificate is {subject.current.state}"
    changed = _changed_fields(subject.applied.profile, declared.profile)
    if changed:
        return Verb.REISSUE, f"changed: {', '.join(changed)}"
    if subject.retired:
        return Verb.ADOPT, "declared again"
    if subject.applied.care() != declared.care():
        return Verb.ADOPT, "looked after differently, same certificate"
    return None, ""


_WORDS = {"spki": "key", "subject": "subject", "names": "names", "duration": "duration"}


def _changed_fields(old: Profile, new: Profile) -> list[str]:
    return [
        _WORDS.get(name, name.replace("_", " "))
        for name in Profile.__struct_fields__
        if getattr(old, name) != getattr(new, name)
    ]


def _withdrawn(subject: Subject, touched: Touched) -> Action | Held | None:
    """No longer declared. A service retires; a CA must say ``lifecycle: retired`` first."""
    if subject.applied is None or subject.retired:
        return None
    retire = action(
        Verb.RETIRE, subject, subject.applied, cause=Cause.GIT, reason="no longer declared"
    )
    if subject.identity.kind == "Certificate" or _has_ended(subject):
        return retire
    declared = _declared_generations(subject, touched)
    if declared:
        # A generation that falls is told, and held, where it is declared.
        return retire if max(declared) > _generation(subject) else None
    name = subject.identity.name.partition("/")[0]
    return Held(
        code="PKI6003",
        message=f"CertificateAuthority/{name} was deleted while its certificates are in use",
        remedy=f"restore its file with spec.lifecycle: retired ({subject.applied.origin})",
        origin=subject.applied.origin,
        actions=(retire,),
    )


def _lost_its_authority(subject: Subject, declared: Meaning, touched: Touched) -> bool:
    """A responder outlives the declaration of its CA's generation, for what that one has signed.

    One that was taken back, or raised, before it existed has signed nothing.
    """
    if subject.identity.kind != "ResponderCertificate" or subject.applied is not None:
        return False
    authority = Identity("AuthorityCertificate", subject.identity.tenant, subject.identity.name)
    return issuer_of(declared, touched) is None and not any(
        other.identity == authority and other.declared is not None for other in touched.subjects
    )


def _has_ended(subject: Subject) -> bool:
    """A CA whose own certificate has expired outlived everything that it issued."""
    return subject.current is not None and subject.current.state is CertificateState.EXPIRED


def _generation(subject: Subject) -> int:
    return int(subject.identity.name.partition("/")[2])


def _declared_generations(subject: Subject, touched: Touched) -> list[int]:
    """Which generations of a subject's CA are declared now."""
    name = subject.identity.name.partition("/")[0]
    return [
        _generation(other)
        for other in touched.subjects
        if other.identity.kind == subject.identity.kind
        and other.declared is not None
        and other.identity.name.partition("/")[0] == name
    ]


def _authority_rule(subject: Subject, declared: Meaning, touched: Touched) -> Held | None:
    """A CA keeps its name with its key, and its generation never falls (DESIGN: CRLs and names).

    A CRL's scope is the issuer *name*: two keys under one DN let a revoked certificate pass.
    """
    settings = declared.authority
    if settings is None:
        return None
    message = ""
    latest = max(
        (a.generation for a in touched.authorities.values() if a.name == settings.name), default=0
    )
    if settings.generation < latest:
        message = f"generation falls from {latest} to {settings.generation}"
    elif subject.applied and _identity_of_key(subject.applied) != _identity_of_key(declared):
        message = "subject, parent or key algorithm changed without a new generation"
    elif subject.applied and _answers_end(subject.applied, declared):
        message = "OCSP switched off, but certificates of this generation point to it"
    else:
        other = _same_name(declared, touched)
        if other:
            message = f"has the subject of {other.name} generation {other.generation}"
    if not message:
        return None
    return Held(
        code="PKI6004",
        message=f"CertificateAuthority/{settings.name}: {message}",
        remedy=f"raise spec.generation to {latest + 1} and give it a subject of its own",
        origin=declared.origin,
        actions=(action(Verb.REISSUE, subject, declared, cause=Cause.GIT, reason=message),),
    )


def _answers_end(applied: Meaning, declared: Meaning) -> bool:
    """A generation that began to answer answers until its last certificate has expired."""
    before, after = applied.authority, declared.authority
    return (
        before is not None
        and after is not None
        and (before.ocsp.mode == "presigned" and after.ocsp.mode != "presigned")
    )


def _identity_of_key(meaning: Meaning) -> tuple[object, ...]:
    profile = meaning.profile
    return (profile.subject, profile.issuer, profile.key_algorithm)


def _same_name(declared: Meaning, touched: Touched) -> IssuedAuthority | None:
    return next(
        (
            authority
            for authority in touched.authorities.values()
            if authority.meaning.profile.subject == declared.profile.subject
            and authority.certificate.subject != declared.subject
        ),
        None,
    )


def _obstacle(subject: Subject, meaning: Meaning, touched: Touched, now: Instant) -> str:
    """Why this may not be certified now, although it is declared; empty when it may."""
    suspended = _suspension(subject, meaning, now)
    if suspended:
        return suspended
    if meaning.profile.spki is not None:
        digest = digest_of(meaning.profile.spki)
        if digest in touched.blocked:
            return "its key was revoked as compromised; commit a CSR with a new key"
        owner = touched.owners.get(digest, subject.identity)
        if owner != subject.identity:
            return f"its key belongs to {owner}; commit a CSR with a key of its own"
    elif meaning.authority and subject.current and subject.current.spki in touched.blocked:
        # A generation is its key: no certificate, however new, makes it trustworthy again.
        return "its key was revoked as compromised; raise spec.generation, with a new subject"
    issuer = issuer_of(meaning, touched)
    # A responder goes on: what its CA signed has to be answered for until it has expired.
    responder = subject.identity.kind == "ResponderCertificate"
    if issuer and issuer.certificate.state is CertificateState.REVOKED and not responder:
        return f"its issuer {issuer.name} is revoked"
    settings = issuer.meaning.authority if issuer else None
    if settings and settings.lifecycle != "active" and subject.identity.kind == "Certificate":
        return f"its issuer {settings.name} is {settings.lifecycle}"
    return ""


def _suspension(subject: Subject, meaning: Meaning, now: Instant) -> str:
    """Which revocation keeps it from being certified, and how that ends."""
    for name in subject.held_by:
        if name in subject.holds:
            return f"on hold by {name}; set spec.state: released there to certify again"
    for name in subject.held_by:
        cure = "raise spec.generation" if meaning.authority else "name it in spec.resumeAfter"
        return f"revoked by {name}; {cure} to certify again"
    if _is_on_hold(subject, now):
        return "on hold, by no revocation that is known; declare one for it"
    return ""


def digest_of(spki: bytes) -> str:
    """The name of a key here: SHA-256 of its DER SubjectPublicKeyInfo, hex."""
    return hashlib.sha256(spki).hexdigest()


def issuer_of(meaning: Meaning, touched: Touched) -> IssuedAuthority | None:
    """The newest generation of the CA a meaning is issued by, if it exists already."""
    generations = [a for a in touched.authorities.values() if a.name == meaning.profile.issuer]
    if meaning.subject.kind == "ResponderCertificate":
        wanted = int(meaning.subject.name.partition("/")[2])
        return next((a for a in generations if a.generation == wanted), None)
    return max(generations, key=lambda a: a.generation, default=None)


def action(verb: Verb, subject: Subject, meaning: Meaning, *, cause: Cause, reason: str) -> Action:
    """An action on a subject, in the wave of its kind."""
    settings = meaning.authority
    identity: Identity = subject.identity
    return Action(
        wave=WAVES[identity.kind],
        depth=settings.depth if settings else 0,
        verb=verb,
        subject=identity,
        cause=cause,
        reason=reason,
        commit=subject.commit if cause is Cause.GIT else "",
        tenant=identity.tenant,
        meaning=meaning,
    )
