"""How everything stands, from what the ledger says and the time. Nothing is decided by it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pki_schema.desired import Identity
from pki_schema.instants import Instant
from pki_schema.issued import CertificateState, DueWork, IssuedAuthority, Subject
from pki_schema.planned import Held
from pki_schema.reported import (
    AuthorityStatus,
    CertificateStatus,
    Condition,
    Delivery,
    Failure,
    Health,
    HeldStatus,
    PublicationStatus,
    Report,
    Sync,
)

UNTOLD = "nobody has reported it"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the ledger knows.

    ``unwritten`` are the units (see the README's words) not yet written, by publication, with the
    number of their files; ``answers`` the earliest thisUpdate and nextUpdate of an issuer's OCSP
    answers; ``certificates`` how many certificates of an issuer have not ended; ``stems`` name
    their files.
    """

    commit: str
    accepted_at: Instant | None
    authorities: Mapping[str, IssuedAuthority]
    stems: Mapping[str, str]
    subjects: tuple[Subject, ...]
    unwritten: Mapping[str, Mapping[str, int]]
    answers: Mapping[str, tuple[Instant, Instant]]
    certificates: Mapping[str, int]
    failures: tuple[Failure, ...]
    next_due: Instant | None


def report(known: Known, *, held: Collection[Held], now: Instant) -> Report:
    """How everything stands at ``now``; ``held`` is what the last plan kept back."""
    kept = {action.subject: one for one in held for action in one.actions}
    pending = {unit for units in known.unwritten.values() for unit in units}
    return Report(
        now=now,
        commit=known.commit,
        accepted_at=known.accepted_at,
        authorities=tuple(
            _authority(one, known, now)
            for one in sorted(known.authorities.values(), key=lambda a: (a.name, a.generation))
        ),
        certificates=tuple(
            _certificate(one, kept.get(one.identity), pending, known, now)
            for one in known.subjects
            if one.identity.kind == "Certificate"
        ),
        publications=tuple(
            PublicationStatus(name=name, unwritten=sum(known.unwritten[name].values()))
            for name in sorted(known.unwritten)
        ),
        held=tuple(_held(one) for one in held),
        failures=known.failures,
        next_due=known.next_due,
    )


def _authority(authority: IssuedAuthority, known: Known, now: Instant) -> AuthorityStatus:
    settings = authority.meaning.authority
    parent = known.authorities.get(authority.parent)
    crl = authority.crl
    oldest, answers = known.answers.get(authority.spki, (None, None))
    return AuthorityStatus(
        name=authority.name,
        generation=authority.generation,
        spki=authority.spki,
        stem=known.stems[authority.spki],
        parent=parent.name if parent and parent.spki != authority.spki else "",
        state=str(authority.certificate.state),
        health=_authority_health(authority, answers, now),
        offline=settings is not None and settings.offline,
        not_after=authority.certificate.not_after,
        certificates=known.certificates.get(authority.spki, 0),
        crl_number=crl.number if crl else None,
        crl_this_update=crl.this_update if crl else None,
        crl_next_update=crl.next_update if crl else None,
        answers_this_update=oldest,
        answers_next_update=answers,
        responder_not_after=authority.responder.not_after if authority.responder else None,
        responder_spki=authority.responder.spki if authority.responder else "",
    )


def _authority_health(authority: IssuedAuthority, answers: Instant | None, now: Instant) -> Health:
    if authority.certificate.state is CertificateState.REVOKED:
        return Health.REVOKED
    if authority.certificate.not_after <= now:
        return Health.EXPIRED
    if authority.crl is None:
        return Health.PENDING
    stale = authority.crl.next_update <= now or (answers is not None and answers <= now)
    return Health.DEGRADED if stale else Health.HEALTHY


def _certificate(
    subject: Subject, held: Held | None, pending: Collection[str], known: Known, now: Instant
) -> CertificateStatus:
    current = subject.current
    sync, why = _sync(subject, held)
    health = _health(subject, known, now)
    written = current is not None and _unit(subject.identity) not in pending
    issuer = known.authorities.get(current.issuer) if current else None
    return CertificateStatus(
        identity=subject.identity,
        sync=sync,
        health=health,
        delivery=Delivery.PUBLISHED if written else Delivery.NONE,
        conditions=(
            Condition(
                type="Synced", status=_truth(sync is Sync.SYNCED), reason=str(sync), message=why
            ),
            Condition(type="Healthy", status=_truth(health is Health.HEALTHY), reason=str(health)),
            Condition(
                type="Published",
                status=_truth(written),
                reason="Written" if written else "Waiting" if current else "NotIssued",
            ),
            Condition(type="Fetched", status="Unknown", reason="NotReported", message=UNTOLD),
            Condition(type="Served", status="Unknown", reason="NotReported", message=UNTOLD),
        ),
        commit=subject.commit,
        issuer=issuer.name if issuer else "",
        serial=f"{current.serial:x}" if current else "",
        not_before=current.not_before if current else None,
        not_after=current.not_after if current else None,
        renew_at=next((d.at for d in subject.due if d.work is DueWork.RENEW), None),
        note=why,
    )


def _sync(subject: Subject, held: Held | None) -> tuple[Sync, str]:
    """How it stands to Git, and what stands in the way."""
    if subject.pending:
        return Sync.OUT_OF_SYNC, "needs its CSR"
    if subject.declared is None:
        return Sync.SYNCED, "not declared"
    if subject.declared.suspended:
        return Sync.SYNCED, "suspended by its author"
    waiting = [name for name in subject.held_by if name not in subject.declared.resume_after]
    if waiting:
        return Sync.HELD, f"revoked by {waiting[0]}"
    if held:
        return Sync.HELD, f"{held.code}: {held.message}"
    synced = (
        subject.applied is not None
        and subject.applied.profile == subject.declared.profile
        and subject.applied.care() == subject.declared.care()
    )
    return (Sync.SYNCED, "") if synced else (Sync.OUT_OF_SYNC, "")


def _health(subject: Subject, known: Known, now: Instant) -> Health:
    current, declared = subject.current, subject.declared
    if declared is None and subject.retired:
        return Health.RETIRED
    if declared is not None and declared.suspended and not subject.pending:
        return Health.SUSPENDED
    if current is None:
        return Health.PENDING
    if current.state is CertificateState.REVOKED:
        return Health.REVOKED
    if current.not_after <= now:
        return Health.EXPIRED
    if any(d.work is DueWork.RENEW and d.at <= now for d in subject.due):
        return Health.EXPIRING
    issuer = known.authorities.get(current.issuer)
    _, answers = known.answers.get(current.issuer, (None, None))
    stale = issuer and _authority_health(issuer, answers, now)
    return Health.DEGRADED if stale in (Health.DEGRADED, Health.EXPIRED) else Health.HEALTHY


def _unit(identity: Identity) -> str:
    return f"certificate/{identity.tenant}/{identity.name}"


def _truth(value: object) -> str:
    return "True" if value else "False"


def _held(held: Held) -> HeldStatus:
    return HeldStatus(
        code=held.code,
        message=held.message,
        remedy=held.remedy,
        origin=str(held.origin) if held.origin else "",
        actions=tuple(f"{a.verb} {a.subject}" for a in held.actions),
    )
