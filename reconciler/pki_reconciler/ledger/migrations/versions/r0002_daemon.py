"""What a daemon meets in years: slices that are faulty, holds that end, a ledger in doubt."""

from __future__ import annotations

import json

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
    _index("certificate_released", "certificate", "issuer", where="released_at IS NOT NULL")
    _index("due_retry", "due", "ref", where="work = 'retry'")
    _name_what_is_named()
    op.create_table(
        "hold",
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("serial", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "serial", "name"),
        sqlite_strict=True,
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
        sa.Column("entries", WHOLE, nullable=False),
        sa.Column("fence", WHOLE, nullable=False),
        sa.Column("confirmed_seq", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("what"),
        sqlite_strict=True,
    )
    op.create_table(
        "orphan",
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("fence", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("confirmed_seq", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("issuer", "fence"),
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


def _index(name: str, table: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, list(columns), sqlite_where=condition, postgresql_where=condition)


def _name_what_is_named() -> None:
    """What services name in ``resumeAfter``, each name with the entry that named it first."""
    op.add_column("object", sa.Column("resumes", TEXT, nullable=True))
    entries = sa.table("entry", sa.column("seq"), sa.column("kind"), sa.column("body"))
    query = sa.select(entries.c.seq, entries.c.body).where(entries.c.kind == "accepted")
    connection = op.get_bind()
    named: dict[str, dict[str, int]] = {}
    for seq, body in connection.execute(query.order_by(entries.c.seq)):
        for meaning in json.loads(body).get("meanings", ()):
            subject = meaning["subject"]
            ref = f"{subject['kind']}/{subject['tenant']}/{subject['name']}"
            before = named.get(ref, {})
            named[ref] = {n: before.get(n, seq) for n in meaning.get("resume_after", ())}
    objects = sa.table("object", sa.column("ref"), sa.column("resumes"))
    for ref, names in named.items():
        if names:
            connection.execute(
                sa.update(objects)
                .where(objects.c.ref == ref)
                .values(resumes=json.dumps(names, sort_keys=True, separators=(",", ":")))
            )
