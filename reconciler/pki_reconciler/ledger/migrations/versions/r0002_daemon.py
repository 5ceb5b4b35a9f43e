"""What a daemon meets in years: slices that are faulty, holds that end, a ledger in doubt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()
REF = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("certificate", sa.Column("released_at", WHOLE, nullable=True))
    refusal = sa.text("kind = 'refused'")
    op.create_index(
        "entry_refused", "entry", ["commit"], sqlite_where=refusal, postgresql_where=refusal
    )
    op.create_table(
        "fault",
        sa.Column("slice", TEXT, nullable=False),
        sa.Column("commit", TEXT, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.Column("problems", TEXT, nullable=False),
        sa.Column("count", WHOLE, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("slice"),
        sqlite_strict=True,
    )
    op.create_table(
        "doubt",
        sa.Column("what", TEXT, nullable=False),
        sa.Column("evidence", TEXT, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("what"),
        sqlite_strict=True,
    )
    op.create_table(
        "rendered",
        sa.Column("path", REF, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("path"),
        sqlite_strict=True,
    )
