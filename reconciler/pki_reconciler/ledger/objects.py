"""The accepted tree: its objects, who refers to whom, and what its subjects mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from pki_reconciler.ledger import refs, rows, statements, tables, targets
from pki_reconciler.ledger.records import ObjectFacts
from pki_reconciler.ledger.rows import ObjectRow
from pki_schema.desired import SUBJECT_KINDS, Identity, Meaning

OBJECT = tables.object_

_DECLARED = sa.select(OBJECT).where(OBJECT.c.state == "present", OBJECT.c.facts.is_not(None))


def present(connection: sa.Connection) -> tuple[ObjectRow, ...]:
    """All objects, in the order of their identities."""
    return tuple(map(rows.object_row, connection.execute(_DECLARED.order_by(OBJECT.c.ref)).all()))


def at_paths(connection: sa.Connection, paths: Iterable[str]) -> tuple[ObjectRow, ...]:
    """The objects in these files."""
    return tuple(
        rows.object_row(row)
        for chunk in statements.chunks(paths)
        for row in connection.execute(_DECLARED.where(OBJECT.c.path.in_(chunk))).all()
    )


def facts(
    connection: sa.Connection, identities: Iterable[Identity]
) -> Mapping[Identity, ObjectFacts]:
    """These objects, as far as they are declared."""
    found = [
        rows.object_row(row)
        for chunk in statements.chunks(map(refs.of, identities))
        for row in connection.execute(_DECLARED.where(OBJECT.c.ref.in_(chunk))).all()
    ]
    return {row.identity: row.facts for row in found}


def referrers(connection: sa.Connection, identities: Iterable[Identity]) -> frozenset[Identity]:
    """The transitive closure against the direction of references."""
    seen: set[str] = set()
    frontier = [refs.of(identity) for identity in identities]
    while frontier:
        found = {
            source
            for chunk in statements.chunks(frontier)
            for source in connection.execute(
                sa.select(tables.ref.c.source).where(tables.ref.c.target.in_(chunk))
            )
            .scalars()
            .all()
        }
        frontier = sorted(found - seen)
        seen |= found
    return frozenset(map(refs.identity, seen))


def declared(
    connection: sa.Connection, identities: Iterable[Identity] | None
) -> Mapping[Identity, Meaning]:
    """Declared meanings by subject."""
    query = sa.select(OBJECT.c.ref, OBJECT.c.declared).where(OBJECT.c.declared.is_not(None))
    parts = (
        [query.where(OBJECT.c.kind.in_(sorted(SUBJECT_KINDS)))]
        if identities is None
        else [
            query.where(OBJECT.c.ref.in_(chunk))
            for chunk in statements.chunks(map(refs.of, identities))
        ]
    )
    found = {
        refs.identity(row.ref): rows.meaning(row.declared)
        for part in parts
        for row in connection.execute(part).all()
    }
    return {identity: meaning for identity, meaning in found.items() if meaning}


def of_kinds(connection: sa.Connection, kinds: Iterable[str]) -> tuple[ObjectRow, ...]:
    """All objects of some kinds, in the order of their identities."""
    query = _DECLARED.where(OBJECT.c.kind.in_(sorted(kinds))).order_by(OBJECT.c.ref)
    return tuple(map(rows.object_row, connection.execute(query).all()))


def of_tenants(
    connection: sa.Connection, tenants: Iterable[str], kinds: Iterable[str]
) -> tuple[ObjectRow, ...]:
    """All objects of these kinds that belong to these tenants."""
    chosen = sorted(set(kinds))
    return tuple(
        rows.object_row(row)
        for tenant in sorted(tenants)
        for kind in chosen
        for row in connection.execute(
            _DECLARED.where(OBJECT.c.ref > f"{kind}/{tenant}/", OBJECT.c.ref < f"{kind}/{tenant}0")
        ).all()
    )


FEW = 100
"""Up to so many owners a query each is cheaper than one that reads all subjects."""

_SUBJECTS_OF = {
    "Service": ("Certificate",),
    "CertificateAuthority": ("AuthorityCertificate", "ResponderCertificate"),
}


def subjects_of(connection: sa.Connection, identities: Iterable[Identity]) -> frozenset[Identity]:
    """Subjects declared, or waiting for a CSR, by these objects."""
    wanted = [
        (kind, identity.tenant, identity.name)
        for identity in identities
        for kind in _SUBJECTS_OF.get(identity.kind, ())
    ]
    query = sa.select(OBJECT.c.ref).where(OBJECT.c.state != "removed")
    if len(wanted) <= FEW:
        parts = [query.where(targets.under(OBJECT.c.ref, *owner)) for owner in wanted]
    else:
        parts = [query.where(OBJECT.c.kind.in_(sorted(SUBJECT_KINDS)))]
    owners = set(wanted)
    found = (
        refs.identity(ref) for part in parts for ref in connection.execute(part).scalars().all()
    )
    return frozenset(s for s in found if (s.kind, s.tenant, s.name.partition("/")[0]) in owners)


def certificates_of_tenant(connection: sa.Connection, tenant: str) -> frozenset[Identity]:
    """All certificates that a tenant's services declare, with or without a CSR."""
    prefix = f"Certificate/{tenant}"
    query = sa.select(OBJECT.c.ref).where(
        OBJECT.c.ref > prefix + "/", OBJECT.c.ref < prefix + "0", OBJECT.c.state != "removed"
    )
    return frozenset(map(refs.identity, connection.execute(query).scalars().all()))


def in_use(connection: sa.Connection, subjects: Iterable[Identity]) -> Mapping[Identity, rows.Use]:
    """What subjects use now; without those that never had a certificate.

    A due renewal stays due while a revocation suspends its subject, but is none until that is over.
    """
    used = tables.certificate
    columns = (OBJECT.c.ref, OBJECT.c.issuer, OBJECT.c.serial, OBJECT.c.held_by)
    query = (
        sa.select(*columns, used.c.commit, tables.due.c.at)
        .join(used, (used.c.issuer == OBJECT.c.issuer) & (used.c.serial == OBJECT.c.serial))
        .outerjoin(tables.due, (tables.due.c.ref == OBJECT.c.ref) & (tables.due.c.work == "renew"))
        .where(OBJECT.c.serial.is_not(None))
    )
    return {
        refs.identity(row.ref): rows.Use(
            issuer=row.issuer,
            serial=int(row.serial, 16),
            commit=row.commit,
            renew_at=None if row.held_by else rows.instant(row.at),
        )
        for chunk in statements.chunks(map(refs.of, subjects))
        for row in connection.execute(query.where(OBJECT.c.ref.in_(chunk))).all()
    }
