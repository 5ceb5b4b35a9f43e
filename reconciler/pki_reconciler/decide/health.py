"""How everything stands, from what the ledger says and the time. Nothing is decided by it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pki_reconciler.decide import axes
from pki_reconciler.decide.axes import Verdict
from pki_schema.desired import Identity, authority_identity, responder_identity
from pki_schema.instants import Instant
from pki_schema.issued import IssuedAuthority, Standing
from pki_schema.planned import Held
from pki_schema.reported import (
    AuthorityStatus,
    CertificateStatus,
    Condition,
    Delivery,
    Doubt,
    Failure,
    Health,
    HeldStatus,
    PublicationStatus,
    Report,
    ResponderStatus,
    SliceStatus,
    Sync,
)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the ledger knows.

    ``unwritten`` are the units (see the README's words) not yet written, by publication, with the
    number of their files; ``answers`` the earliest thisUpdate and nextUpdate of an issuer's OCSP
    answers; ``certificates`` how many certificates of an issuer have not ended; ``stems`` name
    their files; ``base_urls`` are those of the publications that Git declares.
    """

    commit: str
    accepted_at: Instant | None
    authorities: Mapping[str, IssuedAuthority]
    stems: Mapping[str, str]
    standings: tuple[Standing, ...]
    unwritten: Mapping[str, Mapping[str, int]]
    answers: Mapping[str, tuple[Instant, Instant]]
    certificates: Mapping[str, int]
    crls_due: Mapping[str, Instant]
    base_urls: Mapping[str, tuple[str, ...]]
    failures: tuple[Failure, ...]
    next_due: Instant | None
    slices: tuple[SliceStatus, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def report(known: Known, *, held: Collection[Held], now: Instant) -> Report:
    """How everything stands at ``now``; ``held`` is what the last plan kept back."""
    view = _View(known=known, held=held, now=now)
    return Report(
        now=now,
        commit=known.commit,
        accepted_at=known.accepted_at,
        authorities=tuple(
            _authority(one, view)
            for one in sorted(known.authorities.values(), key=lambda a: (a.name, a.generation))
        ),
        responders=tuple(
            _responder(one, view) for one in known.standings if _is(one, "ResponderCertificate")
        ),
        certificates=tuple(
            _certificate(one, view) for one in known.standings if _is(one, "Certificate")
        ),
        publications=tuple(_publication(name, known) for name in sorted(known.unwritten)),
        held=tuple(_held(one) for one in held),
        failures=known.failures,
        slices=known.slices,
        doubts=known.doubts,
        next_due=known.next_due,
    )


def _is(standing: Standing, kind: str) -> bool:
    return standing.identity.kind == kind


@dataclass(kw_only=True)
class _View:
    """What is known, arranged for looking things up once for each object."""

    known: Known
    held: Collection[Held]
    now: Instant
    standings: Mapping[Identity, Standing] = field(init=False)
    kept: Mapping[Identity, Held] = field(init=False)
    faulty: Mapping[str, SliceStatus] = field(init=False)
    pending: frozenset[str] = field(init=False)
    issuers: Mapping[str, Verdict] = field(init=False)

    def __post_init__(self) -> None:
        known = self.known
        self.standings = {
            one.identity: one for one in known.standings if not _is(one, "Certificate")
        }
        self.kept = {action.subject: one for one in self.held for action in one.actions}
        self.faulty = {one.tenant: one for one in known.slices}
        self.pending = frozenset(unit for units in known.unwritten.values() for unit in units)
        self.issuers = {
            spki: axes.authority_health(one, known.answers.get(spki), self.now)
            for spki, one in known.authorities.items()
        }

    def sync(self, standing: Standing | None) -> tuple[Sync, str]:
        if standing is None:
            return Sync.UNKNOWN, ""
        identity = standing.identity
        return axes.sync(standing, self.kept.get(identity), self.faulty.get(identity.tenant))

    def delivery(self, units: Collection[str], *, issued: bool) -> Delivery:
        """Published when every publication that is bound here has all of these units."""
        written = issued and bool(self.known.unwritten) and self.pending.isdisjoint(units)
        return Delivery.PUBLISHED if written else Delivery.NONE


def _certificate(standing: Standing, view: _View) -> CertificateStatus:
    known = view.known
    sync, why = view.sync(standing)
    health, how = axes.certificate_health(standing, view.issuers.get(standing.issuer), view.now)
    identity = standing.identity
    unit = f"certificate/{identity.tenant}/{identity.name}"
    delivery = view.delivery((unit,), issued=bool(standing.serial))
    issuer = known.authorities.get(standing.issuer)
    return CertificateStatus(
        identity=identity,
        sync=sync,
        health=health,
        delivery=delivery,
        conditions=axes.conditions(sync, why, health, how, delivery, bool(standing.serial)),
        commit=standing.commit,
        issuer=issuer.name if issuer else "",
        issuer_stem=known.stems.get(standing.issuer, ""),
        serial=standing.serial,
        issued_at=standing.issued_at,
        issued_for=standing.issued_for,
        plan=standing.plan,
        not_before=standing.not_before,
        not_after=standing.not_after,
        renew_at=standing.renew_at,
        note=why,
    )


def _authority(authority: IssuedAuthority, view: _View) -> AuthorityStatus:
    known, spki = view.known, authority.spki
    settings = authority.meaning.authority
    parent = known.authorities.get(authority.parent)
    crl = authority.crl
    oldest, answers = known.answers.get(spki, (None, None))
    standing = view.standings.get(authority_identity(authority.name, authority.generation))
    sync, why = view.sync(standing)
    health, how = view.issuers[spki]
    delivery = view.delivery((f"authority/{spki}", f"crl/{spki}"), issued=crl is not None)
    return AuthorityStatus(
        name=authority.name,
        generation=authority.generation,
        spki=spki,
        stem=known.stems[spki],
        parent=parent.name if parent and parent.spki != spki else "",
        state=str(authority.certificate.state),
        sync=sync,
        health=health,
        delivery=delivery,
        conditions=axes.conditions(sync, why, health, how, delivery, crl is not None),
        offline=settings is not None and settings.offline,
        not_after=authority.certificate.not_after,
        commit=standing.commit if standing else "",
        certificates=known.certificates.get(spki, 0),
        crl_number=crl.number if crl else None,
        crl_this_update=crl.this_update if crl else None,
        crl_next_update=crl.next_update if crl else None,
        crl_due=known.crls_due.get(spki),
        answers_this_update=oldest,
        answers_next_update=answers,
        responder_not_after=authority.responder.not_after if authority.responder else None,
        responder_spki=authority.responder.spki if authority.responder else "",
        note=why or how,
    )


def _responder(standing: Standing, view: _View) -> ResponderStatus:
    name, _, generation = standing.identity.name.partition("/")
    sync, why = view.sync(standing)
    health, how = axes.certificate_health(standing, None, view.now)
    spki = next(
        (
            spki
            for spki, one in view.known.authorities.items()
            if responder_identity(one.name, one.generation) == standing.identity
        ),
        "",
    )
    waiting = [unit for unit in view.pending if unit.startswith(f"answer/{spki}/")]
    answers = spki in view.known.answers
    delivery = view.delivery(waiting, issued=answers)
    return ResponderStatus(
        authority=name,
        generation=int(generation),
        sync=sync,
        health=health,
        delivery=delivery,
        conditions=axes.conditions(sync, why, health, how, delivery, answers),
        serial=standing.serial,
        not_after=standing.not_after,
        renew_at=standing.renew_at,
        note=why or how,
    )


def _publication(name: str, known: Known) -> PublicationStatus:
    waiting = sum(known.unwritten[name].values())
    failure = next((f for f in known.failures if f.resource == f"publication/{name}"), None)
    declared = known.base_urls.get(name)
    sync = Sync.SYNCED if declared is not None else Sync.OUT_OF_SYNC
    health = Health.DEGRADED if failure else Health.HEALTHY
    delivery = Delivery.NONE if waiting else Delivery.PUBLISHED
    published = axes.published(delivery, True)
    return PublicationStatus(
        name=name,
        sync=sync,
        health=health,
        delivery=delivery,
        conditions=(
            Condition(
                type="Synced",
                status=axes.truth(declared is not None),
                reason=str(sync),
                message="" if declared is not None else "bound on this host, not declared in Git",
            ),
            Condition(
                type="Healthy",
                status=axes.truth(failure is None),
                reason="Failing" if failure else str(health),
                message=failure.message if failure else "",
            ),
            published,
            *axes.UNREPORTED,
        ),
        base_urls=declared or (),
        unwritten=waiting,
        retry_at=failure.retry_at if failure else None,
    )


def _held(held: Held) -> HeldStatus:
    return HeldStatus(
        code=held.code,
        message=held.message,
        remedy=held.remedy,
        origin=str(held.origin) if held.origin else "",
        actions=tuple(f"{a.verb} {a.subject}" for a in held.actions),
    )
