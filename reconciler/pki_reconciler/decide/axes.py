"""The three axes of one object: what counts for each, and the conditions that say so."""

from __future__ import annotations

from functools import lru_cache

from pki_schema import instants
from pki_schema.instants import Instant
from pki_schema.issued import CertificateState, IssuedAuthority, Standing
from pki_schema.planned import Held
from pki_schema.reported import Condition, Delivery, Health, SliceStatus, Sync

Verdict = tuple[Health, str]
"""Health, and in words what it rests on where it is not good."""

UNTOLD = "nobody has reported it"
UNREPORTED = (
    Condition(type="Fetched", status="Unknown", reason="NotReported", message=UNTOLD),
    Condition(type="Served", status="Unknown", reason="NotReported", message=UNTOLD),
)


def sync(standing: Standing, held: Held | None, faulty: SliceStatus | None) -> tuple[Sync, str]:
    """How a subject stands to Git, and what stands in the way; ``faulty`` is its slice if that
    stands still.
    """
    if not (standing.declared or standing.pending):
        return Sync.SYNCED, "not declared"
    if standing.holds and not standing.suspended:
        return Sync.HELD, f"on hold by {standing.holds[0]}"
    if standing.held_by and not standing.suspended:
        return Sync.HELD, f"revoked by {standing.held_by[0]}"
    if faulty:
        return Sync.INVALID, f"its slice has errors in commit {faulty.commit[:12]}"
    if standing.pending:
        return Sync.OUT_OF_SYNC, "needs its CSR"
    if standing.suspended:
        return Sync.SYNCED, "suspended by its author"
    if held:
        return Sync.HELD, f"{held.code}: {held.message}"
    return (Sync.SYNCED, "") if standing.done else (Sync.OUT_OF_SYNC, "")


def certificate_health(standing: Standing, issuer: Verdict | None, now: Instant) -> Verdict:
    """Of a service's certificate or a responder's. ``issuer`` is how the one that signed it is."""
    if not standing.declared and standing.retired:
        return Health.RETIRED, "no longer declared"
    if standing.suspended:
        return Health.SUSPENDED, ""
    if not standing.serial or standing.not_after is None:
        return Health.PENDING, "not issued yet"
    if standing.state is CertificateState.REVOKED:
        return (Health.ON_HOLD if standing.on_hold else Health.REVOKED), ""
    if standing.not_after <= now:
        return Health.EXPIRED, f"ended {instants.render(standing.not_after)}"
    if standing.renew_at is not None and standing.renew_at <= now:
        return Health.EXPIRING, f"renewal was due {instants.render(standing.renew_at)}"
    if issuer and issuer[0] in (Health.DEGRADED, Health.EXPIRED):
        return Health.DEGRADED, f"of its issuer: {issuer[1]}"
    return Health.HEALTHY, ""


def authority_health(
    authority: IssuedAuthority, answers: tuple[Instant, Instant] | None, now: Instant
) -> Verdict:
    """Of a CA generation. ``answers`` are the earliest thisUpdate and nextUpdate of its own."""
    if authority.certificate.state is CertificateState.REVOKED:
        return Health.REVOKED, ""
    if authority.certificate.not_after <= now:
        return Health.EXPIRED, f"ended {instants.render(authority.certificate.not_after)}"
    if authority.crl is None:
        return Health.PENDING, "no CRL yet"
    if authority.crl.next_update <= now:
        return Health.DEGRADED, f"CRL ended {instants.render(authority.crl.next_update)}"
    if answers is not None and answers[1] <= now:
        return Health.DEGRADED, f"an OCSP answer ended {instants.render(answers[1])}"
    return Health.HEALTHY, ""


@lru_cache(maxsize=1_024)  # of thousands of certificates nearly all have the same
def conditions(
    synced: Sync, why: str, health: Health, how: str, delivery: Delivery, issued: bool
) -> tuple[Condition, ...]:
    """One statement per axis, and per step of the way that nobody reports yet."""
    return (
        Condition(
            type="Synced", status=truth(synced is Sync.SYNCED), reason=str(synced), message=why
        ),
        Condition(
            type="Healthy", status=truth(health is Health.HEALTHY), reason=str(health), message=how
        ),
        published(delivery, issued),
        *UNREPORTED,
    )


def published(delivery: Delivery, issued: bool) -> Condition:
    """Whether it is written to every target."""
    written = delivery is not Delivery.NONE
    reason = "Written" if written else "Waiting" if issued else "NotIssued"
    return Condition(type="Published", status=truth(written), reason=reason)


def truth(value: object) -> str:
    return "True" if value else "False"
