"""``Touched``: what one cycle has to look at, found by a handful of indexed queries.

The queries are functions of their own so that a test can ask the database for their plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import authorities, refs, rows, statements, tables, targets
from pki_reconciler.ledger.rows import Row
from pki_schema.desired import Identity, RevocationRequest, from_canonical
from pki_schema.errors import Position
from pki_schema.instants import DAY, Instant, from_epoch, to_epoch
from pki_schema.issued import (
    Allowance,
    Due,
    DueWork,
    IssuedAuthority,
    IssuedCertificate,
    OpenRevocation,
    Subject,
    Touched,
)

CERTIFICATE = tables.certificate
OBJECT = tables.object_
KEY = tables.key
TALLY = tables.tally
REVOCATION = tables.revocation
DUE = tables.due

IS_DIRTY = sa.text("dirty = 1")
IS_OPEN = sa.text("resolved_seq IS NULL")
ANSWERED = ("valid", "revoked", "burnt")


def touched(
    connection: sa.Connection, now: Instant, *, repository: Allowance | None = None
) -> Touched:
    """Everything that is dirty or due at ``now``.

    Without ``repository`` there is no limit for the whole repository.
    """
    due = due_work(connection, now)
    subjects = _subjects(connection, due)
    existing = authorities.issued(connection)
    blocked, owners = _keys(connection, subjects)
    return Touched(
        commit=accepted_commit(connection) or "",
        subjects=subjects,
        authorities=existing,
        revocations=_open_revocations(connection, now),
        crls_due=_crls_due(connection, due, existing),
        answers_due=_answers_due(connection, due, now),
        expiring=_expiring(connection, due),
        blocked=blocked,
        owners=owners,
        allowances=_allowances(connection, now, repository),
        declared_objects=declared_objects(connection),
    )


def accepted_commit(connection: sa.Connection) -> str | None:
    """The commit that was accepted last."""
    table = tables.accepted
    return connection.execute(
        sa.select(table.c.commit).where(table.c.slice == "*").order_by(table.c.seq.desc()).limit(1)
    ).scalar()


def declared_objects(connection: sa.Connection) -> int:
    """How many objects the accepted tree declares; subjects are derived and not counted."""
    table = tables.accepted
    query = sa.select(table.c.objects).order_by(table.c.seq.desc()).limit(1)
    return connection.execute(query).scalar() or 0


def due_query(now: Instant) -> sa.Select[str, str, int, int, str]:
    return sa.select(DUE).where(DUE.c.at <= to_epoch(now)).order_by(DUE.c.at, DUE.c.ref)


def due_work(connection: sa.Connection, now: Instant) -> Mapping[DueWork, list[Due]]:
    found: dict[DueWork, list[Due]] = {work: [] for work in DueWork}
    for row in connection.execute(due_query(now)):
        found[DueWork(row.work)].append(due(row))
    return found


def due(row: Row) -> Due:
    """A row of ``due``."""
    return Due(at=from_epoch(row.at), ref=row.ref, work=DueWork(row.work), attempt=row.attempt)


def dirty_query() -> sa.Select[str]:
    return sa.select(OBJECT.c.ref).where(IS_DIRTY)


def _subjects(connection: sa.Connection, due_: Mapping[DueWork, list[Due]]) -> tuple[Subject, ...]:
    """Subjects that are dirty, or due for renewal and not suspended by their author.

    Where a CA generation is withdrawn its siblings come along: one of them may be its successor.
    """
    renewals = {work.ref: work for work in due_[DueWork.RENEW]}
    wanted = set(connection.execute(dirty_query()).scalars())
    due_refs = [*renewals]
    for chunk in statements.chunks(due_refs):
        wanted |= set(
            connection.execute(
                sa.select(OBJECT.c.ref).where(OBJECT.c.ref.in_(chunk), OBJECT.c.suspended == 0)
            ).scalars()
        )
    found = subject_rows(connection, wanted)
    siblings = [ref for row in found for ref in _siblings(connection, row)]
    found += subject_rows(connection, set(siblings) - wanted)
    return tuple(
        sorted(
            (subject(row, [renewals[row.ref]] if row.ref in renewals else []) for row in found),
            key=lambda s: s.identity,
        )
    )


def _siblings(connection: sa.Connection, row: Row) -> Iterable[str]:
    if row.declared is not None or row.kind == "Certificate":
        return ()
    name = row.name.partition("/")[0]
    return connection.execute(
        sa.select(OBJECT.c.ref).where(targets.under(OBJECT.c.ref, row.kind, row.tenant, name))
    ).scalars()


_CURRENT = [column.label(f"c_{column.name}") for column in CERTIFICATE.c]


def subjects_query() -> sa.Select[*tuple[Any, ...]]:
    """Subjects with their current certificates."""
    return sa.select(OBJECT, *_CURRENT).outerjoin(
        CERTIFICATE,
        (CERTIFICATE.c.issuer == OBJECT.c.issuer) & (CERTIFICATE.c.serial == OBJECT.c.serial),
    )


def subject_rows(connection: sa.Connection, wanted: Iterable[str]) -> list[Row]:
    return [
        row
        for chunk in statements.chunks(sorted(wanted))
        for row in connection.execute(subjects_query().where(OBJECT.c.ref.in_(chunk)))
    ]


class _Current:
    """The certificate's half of a row of ``subjects_query``."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def __getattr__(self, name: str) -> object:
        return getattr(self._row, f"c_{name}")


def subject(row: Row, due_: Sequence[Due]) -> Subject:
    """A row of ``subjects_query`` as a value."""
    return Subject(
        identity=refs.identity(row.ref),
        declared=rows.meaning(row.declared),
        applied=rows.meaning(row.applied),
        pending=row.state == "pending",
        retired=bool(row.retired),
        commit=row.commit,
        current=rows.certificate(_Current(row)) if row.c_serial is not None else None,
        held_by=from_canonical(row.held_by.encode(), tuple[str, ...]) if row.held_by else (),
        due=tuple(due_),
    )


def revocations_query() -> sa.Select[str, str]:
    return (
        sa.select(REVOCATION.c.request, REVOCATION.c.commit)
        .where(IS_OPEN)
        .order_by(REVOCATION.c.seq, REVOCATION.c.name)
    )


def _open_revocations(connection: sa.Connection, now: Instant) -> tuple[OpenRevocation, ...]:
    """Resolved to the certificates that are valid now."""
    found = []
    for text, commit in connection.execute(revocations_query()).all():
        request = from_canonical(text.encode(), RevocationRequest)
        meant = sa.select(CERTIFICATE).where(
            targets.matching(request.spec.target),
            CERTIFICATE.c.state == "valid",
            CERTIFICATE.c.not_after >= to_epoch(now),
        )
        certificates = sorted(
            (rows.certificate(row) for row in connection.execute(meant)), key=lambda c: c.key
        )
        found.append(
            OpenRevocation(request=request, commit=commit, certificates=tuple(certificates))
        )
    return tuple(found)


def _crls_due(
    connection: sa.Connection,
    due_: Mapping[DueWork, list[Due]],
    existing: Mapping[str, IssuedAuthority],
) -> tuple[str, ...]:
    """Also those whose bytes a replay could not bring back, while their CA signs CRLs at all."""
    found = {work.ref for work in due_[DueWork.CRL]}
    lost = [issuer for issuer, a in existing.items() if a.crl is None and issuer not in found]
    for chunk in statements.chunks(lost):
        query = sa.select(DUE.c.ref).where(DUE.c.ref.in_(chunk), DUE.c.work == str(DueWork.CRL))
        found.update(connection.execute(query).scalars())
    return tuple(sorted(found))


def _answers_due(
    connection: sa.Connection, due_: Mapping[DueWork, list[Due]], now: Instant
) -> tuple[IssuedCertificate, ...]:
    found = certificates(connection, [work.ref for work in due_[DueWork.ANSWER]])
    return tuple(c for c in found if c.state in ANSWERED and c.not_after >= now)


def _expiring(
    connection: sa.Connection, due_: Mapping[DueWork, list[Due]]
) -> tuple[IssuedCertificate, ...]:
    return certificates(connection, [work.ref for work in due_[DueWork.EXPIRE]])


def certificates(connection: sa.Connection, wanted: Iterable[str]) -> tuple[IssuedCertificate, ...]:
    """Certificates by ``issuer/serial``, without DER, sorted."""
    serials: dict[str, list[str]] = {}
    for ref in wanted:
        issuer, _, serial = ref.partition("/")
        serials.setdefault(issuer, []).append(serial)
    found = [
        rows.certificate(row)
        for issuer, all_of_it in serials.items()
        for chunk in statements.chunks(all_of_it)
        for row in connection.execute(
            sa.select(CERTIFICATE).where(
                CERTIFICATE.c.issuer == issuer,
                CERTIFICATE.c.serial.in_(chunk),
                CERTIFICATE.c.state != "intended",
            )
        )
    ]
    return tuple(sorted(found, key=lambda c: c.key))


def _keys(
    connection: sa.Connection, subjects: Sequence[Subject]
) -> tuple[frozenset[str], Mapping[str, Identity]]:
    """Which keys of these subjects are blocked, and whose each is."""
    wanted: dict[str, None] = {}
    for subject_ in subjects:
        for meaning in (subject_.declared, subject_.applied):
            if meaning and meaning.profile.spki is not None:
                wanted[hashlib.sha256(meaning.profile.spki).hexdigest()] = None
        if subject_.current:
            wanted[subject_.current.spki] = None
    blocked: set[str] = set()
    owners: dict[str, Identity] = {}
    for chunk in statements.chunks(wanted):
        for row in connection.execute(
            sa.select(KEY.c.spki, KEY.c.state, KEY.c.owner).where(KEY.c.spki.in_(chunk))
        ):
            if row.state == "blocked":
                blocked.add(row.spki)
            if row.owner is not None:
                owners[row.spki] = refs.identity(row.owner)
    return frozenset(blocked), owners


def spent_query(scope: str, now: Instant) -> sa.Select[int]:
    return sa.select(sa.func.coalesce(sa.func.sum(TALLY.c.count), 0)).where(
        TALLY.c.scope == scope, TALLY.c.at > to_epoch(now - DAY)
    )


def _allowances(
    connection: sa.Connection, now: Instant, repository: Allowance | None
) -> Mapping[str, Allowance]:
    """Per tenant, also of tenants that were removed: their certificates may live on."""
    table = OBJECT
    found: dict[str, Allowance] = {}
    if repository is not None:
        spent = connection.execute(spent_query(repository.scope, now)).scalar_one()
        found[repository.scope] = msgspec.structs.replace(repository, spent=spent)
    for row in connection.execute(
        sa.select(
            table.c.name,
            table.c.limit.label("revocations"),
            table.c.limit_before,
            table.c.limit_raised_by,
            table.c.facts,
        ).where(table.c.kind == "Tenant", table.c.limit.is_not(None))
    ).all():
        found[row.name] = Allowance(
            scope=row.name,
            revocations=row.revocations,
            spent=connection.execute(spent_query(row.name, now)).scalar_one(),
            before=row.limit_before,
            raised_by=row.limit_raised_by,
            origin=msgspec.json.decode(row.facts, type=_Place).origin,
        )
    return found


class _Place(msgspec.Struct):
    origin: Position
