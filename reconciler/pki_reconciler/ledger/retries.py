"""What fails, and when it is tried again: rows of ``due`` that no entry stands behind.

They say nothing about what was done, so a replay does not bring them back: everything is simply
tried at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_schema.desired import canonical_json, from_canonical
from pki_schema.instants import to_epoch
from pki_schema.issued import DueWork
from pki_schema.reported import Failure

DUE = tables.due
IS_RETRY = sa.text("work = 'retry'")
"""As the index ``due_retry`` has it: every cycle looks for them among all that is ever due."""


def every(connection: sa.Connection) -> tuple[Failure, ...]:
    """What failed when the daemon looked last, by resource."""
    return tuple(
        from_canonical(text.encode(), Failure)
        for text in connection.execute(every_query()).scalars()
    )


def every_query() -> sa.Select[str]:
    return sa.select(DUE.c.cause).where(IS_RETRY).order_by(DUE.c.ref)


def replace(connection: sa.Connection, failures: Sequence[Failure]) -> None:
    """These fail now, and nothing else."""
    connection.execute(sa.delete(DUE).where(IS_RETRY))
    statements.insert(
        connection,
        DUE,
        [
            {
                "ref": one.resource,
                "work": str(DueWork.RETRY),
                "at": to_epoch(one.retry_at) if one.retry_at else 0,
                "attempt": one.attempts,
                "cause": canonical_json(one).decode(),
            }
            for one in failures
        ],
    )
