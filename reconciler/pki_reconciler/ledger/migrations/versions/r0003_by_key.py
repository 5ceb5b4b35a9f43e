"""What is written for every file and every date lies in the order of its key, once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()
REF = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return  # others know no difference
    _again(
        "due",
        sa.Column("ref", REF, nullable=False),
        sa.Column("work", TEXT, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("attempt", WHOLE, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("ref", "work"),
    )
    op.create_index("due_at", "due", ["at"])
    op.create_index("due_retry", "due", ["ref"], sqlite_where=sa.text("work = 'retry'"))
    _again(
        "outbox",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("path", REF, nullable=False),
        sa.Column("class", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("not_before", WHOLE, nullable=True),
        sa.Column("unit", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("target", "path"),
    )
    _again(
        "published",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("path", REF, nullable=False),
        sa.Column("class", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("etag", TEXT, nullable=False),
        sa.Column("number", WHOLE, nullable=True),
        sa.Column("delete_after", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("target", "path"),
    )
    op.create_index(
        "published_superseded",
        "published",
        ["target", "delete_after"],
        sqlite_where=sa.text("delete_after IS NOT NULL"),
    )


def _again(name: str, *items: sa.Column[int] | sa.Column[str] | sa.PrimaryKeyConstraint) -> None:
    """Make a table anew with the rows it has. Its indexes go with the former one."""
    former = f"{name}_former"
    op.rename_table(name, former)
    connection = op.get_bind()
    for index in sa.inspect(connection).get_indexes(former):
        op.drop_index(str(index["name"]), former)
    made = op.create_table(name, *items, sqlite_strict=True, sqlite_with_rowid=False)
    names = [column.name for column in made.c]
    rows = sa.table(former, *map(sa.column, names)).select()
    connection.execute(sa.insert(made).from_select(names, rows))
    op.drop_table(former)
