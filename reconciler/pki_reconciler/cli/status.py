"""``vcc-pki status``: CAs, services and what is due next, from the ledger alone."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from pki_reconciler.cli import output as told
from pki_reconciler.config import Config, find_config, load_config
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ports import SystemClock
from pki_schema import instants
from pki_schema.instants import Instant
from pki_schema.issued import CertificateState, IssuedAuthority, Subject

Row = dict[str, str]


def run(option: Path | None, *, output: str) -> int:
    config = load_config(find_config(option, os.environ))
    now = SystemClock().now()
    with Reader.open(config.state.ledger) as reader:
        document = picture(reader, config, now)
    if output == "json":
        told.json(document)
    else:
        tell(document)
    return 0


def picture(reader: Reader, config: Config, now: Instant) -> dict[str, object]:
    """The state as one document: what people read as tables, programs read as JSON."""
    authorities = reader.authorities()
    subjects = reader.subjects()
    due = reader.next_due()
    return {
        "commit": reader.accepted() or "",
        "authorities": [_authority(a, config, now) for a in authorities.values()],
        "certificates": [_subject(s, now) for s in subjects if s.identity.kind == "Certificate"],
        "counts": dict(reader.certificate_counts()),
        "unpublished": {
            str(t.publication): len(reader.outbox(str(t.publication))) for t in config.targets
        },
        "declaredOnly": sorted(
            str(row.identity) for row in reader.object_rows() if not row.facts.acted_on
        ),
        "nextDue": instants.render(due) if due else "",
    }


def _authority(authority: IssuedAuthority, config: Config, now: Instant) -> Row:
    settings = authority.meaning.authority
    offline = settings is not None and settings.offline
    crl = authority.crl
    return {
        "ca": authority.name,
        "generation": str(authority.generation),
        "state": str(authority.certificate.state),
        "notAfter": instants.render(authority.certificate.not_after),
        "key": f"offline, in {config.state.offline_keys}" if offline else "online",
        "crl": str(crl.number) if crl else "none",
        "crlNextUpdate": instants.render(crl.next_update) if crl else "",
        "crlState": _freshness(crl.next_update if crl else None, now),
    }


def _freshness(next_update: Instant | None, now: Instant) -> str:
    if next_update is None:
        return "missing"
    return "fresh" if next_update > now else "EXPIRED"


def _subject(subject: Subject, now: Instant) -> Row:
    sync, health, note = conditions(subject, now)
    current = subject.current
    renewal = next((d.at for d in subject.due if d.work == "renew"), None)
    return {
        "tenant": subject.identity.tenant,
        "certificate": subject.identity.name,
        "sync": sync,
        "health": health,
        "serial": f"{current.serial:x}" if current else "",
        "notAfter": instants.render(current.not_after) if current else "",
        "renewAt": instants.render(renewal) if renewal else "",
        "note": note,
    }


def conditions(subject: Subject, now: Instant) -> tuple[str, str, str]:
    """Sync, Health and a note: how it stands to Git, how it stands by itself, and why."""
    current = subject.current
    if subject.pending:
        return "OutOfSync", "Pending" if current is None else _health(subject, now), "needs its CSR"
    if subject.declared is None:
        return "Synced", "Retired" if subject.retired else _health(subject, now), "not declared"
    if subject.declared.suspended:
        return "Synced", "Suspended", "suspended by its author"
    waiting = [name for name in subject.held_by if name not in subject.declared.resume_after]
    if waiting:
        return "Held", _health(subject, now), f"revoked by {waiting[0]}"
    synced = (
        subject.applied is not None
        and subject.applied.profile == subject.declared.profile
        and subject.applied.care() == subject.declared.care()
    )
    return "Synced" if synced else "OutOfSync", _health(subject, now), ""


def _health(subject: Subject, now: Instant) -> str:
    current = subject.current
    if current is None:
        return "Pending"
    if current.state is CertificateState.REVOKED:
        return "Revoked"
    if current.not_after <= now:
        return "Expired"
    due = any(d.work == "renew" and d.at <= now for d in subject.due)
    return "Expiring" if due else "Healthy"


def tell(document: dict[str, object]) -> None:
    """Tables for people: CAs first, then certificates, then what is next."""
    authorities = [dict(row) for row in _rows(document["authorities"])]
    typer.echo(f"commit {str(document['commit'])[:12] or 'none accepted yet'}\n")
    told.table(
        ("CA", "GEN", "STATE", "NOT AFTER", "KEY", "CRL", "CRL NEXT UPDATE", ""),
        [tuple(row.values()) for row in authorities],
    )
    typer.echo("")
    told.table(
        ("TENANT", "CERTIFICATE", "SYNC", "HEALTH", "NOT AFTER", "RENEW AT", "NOTE"),
        [
            tuple(value for key, value in row.items() if key != "serial")
            for row in _rows(document["certificates"])
        ],
    )
    typer.echo("")
    for name in _names(document["declaredOnly"]):
        typer.echo(f"declared, not yet acted on: {name}")
    unpublished = document["unpublished"]
    if isinstance(unpublished, dict):
        for publication, count in unpublished.items():
            if count:
                typer.echo(f"publication {publication}: {count} files not yet written")
    typer.echo(f"next work due {document['nextDue'] or 'never'}")


def _rows(value: object) -> list[Row]:
    return value if isinstance(value, list) else []


def _names(value: object) -> list[str]:
    return value if isinstance(value, list) else []
