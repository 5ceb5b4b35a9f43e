"""How many revocations a scope may see within a day, and how many it has seen."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import tables
from pki_schema.errors import Position
from pki_schema.instants import DAY, Instant, to_epoch
from pki_schema.issued import Allowance

OBJECT = tables.object_
TALLY = tables.tally


def spent_query(scope: str, now: Instant) -> sa.Select[int]:
    return sa.select(sa.func.coalesce(sa.func.sum(TALLY.c.count), 0)).where(
        TALLY.c.scope == scope, TALLY.c.at > to_epoch(now - DAY)
    )


def allowances(
    connection: sa.Connection, now: Instant, repository: Allowance | None
) -> Mapping[str, Allowance]:
    """Per tenant, also of tenants that were removed: their certificates may live on."""
    found: dict[str, Allowance] = {}
    if repository is not None:
        spent = connection.execute(spent_query(repository.scope, now)).scalar_one()
        found[repository.scope] = msgspec.structs.replace(repository, spent=spent)
    for row in connection.execute(
        sa.select(
            OBJECT.c.name,
            OBJECT.c.limit.label("revocations"),
            OBJECT.c.limit_before,
            OBJECT.c.limit_raised_by,
            OBJECT.c.facts,
        ).where(OBJECT.c.kind == "Tenant", OBJECT.c.limit.is_not(None))
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
