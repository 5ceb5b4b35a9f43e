"""Slices that stand still, and commits of which nothing counted."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_schema.desired import from_canonical
from pki_schema.reported import SliceStatus

FAULT = tables.fault
ENTRY = tables.entry
OBJECT = tables.object_

IS_REFUSAL = sa.text("kind = 'refused'")


def every(connection: sa.Connection) -> tuple[SliceStatus, ...]:
    """The faulty slices, by tenant; the global one, of which nothing was accepted, first."""
    return tuple(
        SliceStatus(
            tenant=row.slice,
            commit=row.commit,
            since=row.since,
            problems=from_canonical(row.problems.encode(), tuple[str, ...]),
            count=row._mapping["count"],
        )
        for row in connection.execute(sa.select(FAULT).order_by(FAULT.c.slice))
    )


def refused(connection: sa.Connection, commits: Iterable[str]) -> frozenset[str]:
    """Those of these commits whose refusal is in the ledger."""
    return frozenset(
        commit
        for chunk in statements.chunks(commits)
        for commit in connection.execute(
            sa.select(ENTRY.c.commit).where(IS_REFUSAL, ENTRY.c.commit.in_(chunk))
        ).scalars()
    )


def standing(connection: sa.Connection) -> int:
    """How many objects are there only because their slice stands still."""
    tenants = sa.select(FAULT.c.slice).where(FAULT.c.slice != "")
    if connection.execute(tenants.limit(1)).scalar() is None:
        return 0
    query = sa.select(sa.func.count()).where(
        OBJECT.c.tenant.in_(tenants), OBJECT.c.state == "present", OBJECT.c.facts.is_not(None)
    )
    return connection.execute(query).scalar() or 0
