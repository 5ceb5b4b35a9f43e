"""``Touched``: what one cycle has to look at, found by a handful of indexed queries.

The queries are functions of their own so that a test can ask the database for their plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import (
    allowances,
    authorities,
    certificates,
    declarations,
    faults,
    keys,
    leftovers,
    rows,
    statements,
    subjects,
    tables,
    targets,
)
from pki_reconciler.ledger.declarations import Declaration
from pki_reconciler.ledger.rows import Row
from pki_schema.instants import DAY, Instant, to_epoch
from pki_schema.issued import (
    Allowance,
    CertificateState,
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
    found = _subjects(connection, due)
    existing = authorities.issued(connection)
    blocked, owners = keys.of_subjects(connection, found)
    return Touched(
        commit=accepted_commit(connection) or "",
        subjects=found,
        authorities=existing,
        revocations=_open_revocations(connection, now),
        crls_due=_crls_due(connection, due, existing),
        answers_due=_answers_due(connection, due, now),
        expiring=_expiring(connection, due),
        blocked=blocked,
        owners=owners,
        allowances=allowances.allowances(connection, now, repository),
        declared_objects=declared_objects(connection),
        interrupted=leftovers.interrupted(connection, now - DAY),
    )


def accepted_commit(connection: sa.Connection) -> str | None:
    """The commit that was accepted last."""
    table = tables.accepted
    return connection.execute(
        sa.select(table.c.commit).where(table.c.slice == "*").order_by(table.c.seq.desc()).limit(1)
    ).scalar()


def declared_objects(connection: sa.Connection) -> int:
    """How many objects the accepted tree declares; subjects are derived and not counted, nor is
    what is there only because its slice stands still.
    """
    table = tables.accepted
    query = sa.select(table.c.objects).order_by(table.c.seq.desc()).limit(1)
    return (connection.execute(query).scalar() or 0) - faults.standing(connection)


def due_query(now: Instant) -> sa.Select[str, str, int, int, str]:
    return sa.select(DUE).where(DUE.c.at <= to_epoch(now)).order_by(DUE.c.at, DUE.c.ref)


def due_work(connection: sa.Connection, now: Instant) -> Mapping[DueWork, list[Due]]:
    found: dict[DueWork, list[Due]] = {work: [] for work in DueWork}
    for row in connection.execute(due_query(now)).all():
        found[DueWork(row.work)].append(subjects.due(row))
    return found


def dirty_query() -> sa.Select[str]:
    return sa.select(OBJECT.c.ref).where(IS_DIRTY)


def _subjects(connection: sa.Connection, due_: Mapping[DueWork, list[Due]]) -> tuple[Subject, ...]:
    """Subjects that are dirty, or due for renewal and not suspended by their author.

    Where a CA generation is withdrawn its siblings come along: one of them may be its successor.
    """
    renewals = {work.ref: work for work in due_[DueWork.RENEW]}
    wanted = set(connection.execute(dirty_query()).scalars().all())
    due_refs = [*renewals]
    for chunk in statements.chunks(due_refs):
        wanted |= set(
            connection.execute(
                sa.select(OBJECT.c.ref).where(OBJECT.c.ref.in_(chunk), OBJECT.c.suspended == 0)
            )
            .scalars()
            .all()
        )
    found = subjects.subject_rows(connection, wanted)
    siblings = [ref for row in found for ref in _siblings(connection, row)]
    found += subjects.subject_rows(connection, set(siblings) - wanted)
    return tuple(
        sorted(
            (
                subjects.subject(row, [renewals[row.ref]] if row.ref in renewals else [])
                for row in found
            ),
            key=lambda s: s.identity,
        )
    )


def _siblings(connection: sa.Connection, row: Row) -> Iterable[str]:
    if row.declared is not None or row.kind == "Certificate":
        return ()
    name = row.name.partition("/")[0]
    return (
        connection.execute(
            sa.select(OBJECT.c.ref).where(targets.under(OBJECT.c.ref, row.kind, row.tenant, name))
        )
        .scalars()
        .all()
    )


def revocations_query() -> sa.Select[str]:
    return sa.select(REVOCATION.c.name).where(IS_OPEN)


def _open_revocations(connection: sa.Connection, now: Instant) -> tuple[OpenRevocation, ...]:
    """In the order in which they were declared, without those that their own object overtook."""
    names = connection.execute(revocations_query()).scalars().all()
    found = [
        (one, every)
        for every in declarations.of_names(connection, names).values()
        for one in every
        if not (one.done or declarations.is_overtaken(one, every))
    ]
    found.sort(key=lambda item: (item[0].seq, item[0].name))
    return tuple(_resolved(connection, now, one, every) for one, every in found)


def _resolved(
    connection: sa.Connection, now: Instant, one: Declaration, every: Sequence[Declaration]
) -> OpenRevocation:
    """To the certificates that are valid now, those on hold, and those that are past changing."""
    query = sa.select(CERTIFICATE, _is_replacement(one.seq)).where(
        targets.matching(one.spec.target), CERTIFICATE.c.state != "intended"
    )
    matching = [(rows.certificate(row), row.replacement) for row in connection.execute(query).all()]
    matching.sort(key=lambda found: found[0].key)
    meant = [certificate for certificate, replacement in matching if not replacement]
    valid = [c for c in meant if c.state is CertificateState.VALID and c.not_after >= now]
    on_hold = [c for c in meant if c.on_hold and c.not_after >= now]
    return OpenRevocation(
        request=one.request,
        commit=one.commit,
        certificates=tuple(valid),
        on_hold=certificates.on_hold(connection, on_hold),
        former=tuple(c for c in meant if c not in valid and c not in on_hold),
        replacements=tuple(c for c, replacement in matching if replacement),
        concludes=declarations.concludes(one, every),
    )


def _is_replacement(revocation_seq: int) -> sa.Label[bool]:
    """Whether a certificate was read back (its intent is its result), and certified under a commit
    that knew this revocation: the ledger that carried it out is gone.
    """
    accepted = tables.accepted
    return sa.and_(
        CERTIFICATE.c.intent_seq == CERTIFICATE.c.issued_seq,
        sa.exists().where(
            accepted.c.commit == CERTIFICATE.c.commit, accepted.c.seq >= revocation_seq
        ),
    ).label("replacement")


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
        found.update(connection.execute(query).scalars().all())
    return tuple(sorted(found))


def _answers_due(
    connection: sa.Connection, due_: Mapping[DueWork, list[Due]], now: Instant
) -> tuple[IssuedCertificate, ...]:
    found = certificates.named(connection, [work.ref for work in due_[DueWork.ANSWER]])
    return tuple(c for c in found if c.state in ANSWERED and c.not_after >= now)


def _expiring(
    connection: sa.Connection, due_: Mapping[DueWork, list[Due]]
) -> tuple[IssuedCertificate, ...]:
    return certificates.named(connection, [work.ref for work in due_[DueWork.EXPIRE]])
