"""The first schema: every table of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REF = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TEXT = sa.Text()
BYTES = sa.LargeBinary()

DIRTY = """CASE
WHEN kind NOT IN ('Certificate', 'AuthorityCertificate', 'ResponderCertificate') THEN 0
WHEN declared_digest IS NULL THEN
  CASE WHEN state = 'removed' AND applied_digest IS NOT NULL AND retired = 0 THEN 1 ELSE 0 END
WHEN suspended = 1 THEN 0
WHEN applied_digest IS NULL OR retired = 1 THEN 1
WHEN declared_digest <> applied_digest OR declared_care <> applied_care THEN 1
WHEN ended = 1 AND held_by IS NULL THEN 1
ELSE 0 END"""


def upgrade() -> None:
    _log()
    _issued()
    _declared()
    _work()


def _log() -> None:
    """Entries, the tree over them, and intents of several objects at once."""
    _table(
        "entry",
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("commit", TEXT, nullable=False),
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("fence", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("salt", BYTES, nullable=False),
        sa.Column("leaf", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    _index("entry_at", "entry", "at")
    _table(
        "tile",
        sa.Column("level", WHOLE, nullable=False),
        sa.Column("n", WHOLE, nullable=False),
        sa.Column("data", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("level", "n"),
    )
    _table(
        "batch",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("scope", TEXT),
        sa.Column("number", WHOLE),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("done_seq", WHOLE),
        sa.Column("state", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("batch_number", "batch", "issuer", "scope", "number", unique=True)
    _index("batch_open", "batch", "id", where="state = 'open'")


def _issued() -> None:
    """What exists: certificates, current status, keys."""
    _table(
        "certificate",
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("serial", TEXT, nullable=False),
        sa.Column("subject", REF, nullable=False),
        sa.Column("template", TEXT, nullable=False),
        sa.Column("spec", TEXT, nullable=False),
        sa.Column("spki", TEXT, nullable=False),
        sa.Column("tbs_digest", TEXT, nullable=False),
        sa.Column("not_before", WHOLE, nullable=False),
        sa.Column("not_after", WHOLE, nullable=False),
        sa.Column("shard", WHOLE, nullable=False),
        sa.Column("answerable", WHOLE, nullable=False, server_default="0"),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("commit", TEXT, nullable=False),
        sa.Column("intent_seq", WHOLE, nullable=False),
        sa.Column("issued_seq", WHOLE),
        sa.Column("ended_seq", WHOLE),
        sa.Column("revoked_at", WHOLE),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("invalidity_date", WHOLE),
        sa.Column("revocation", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "serial"),
    )
    _index("certificate_not_after", "certificate", "not_after")
    _index("certificate_open", "certificate", "intent_seq", where="state = 'intended'")
    _index("certificate_revoked", "certificate", "issuer", "shard", where="revoked_at IS NOT NULL")
    _index("certificate_spki", "certificate", "spki")
    _index("certificate_subject", "certificate", "subject")
    _index("certificate_template", "certificate", "template")
    _table(
        "status",
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("this_update", WHOLE, nullable=False),
        sa.Column("next_update", WHOLE, nullable=False),
        sa.Column("regular_at", WHOLE, nullable=False),
        sa.Column("signer", TEXT, nullable=False),
        sa.Column("bytes", BYTES),
        sa.PrimaryKeyConstraint("issuer", "kind", "scope"),
    )
    _table(
        "key",
        sa.Column("spki", TEXT, nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("owner", REF),
        sa.Column("generation", WHOLE),
        sa.Column("locator", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("revocation", TEXT, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("spki"),
    )
    _index("key_owner", "key", "owner")


def _declared() -> None:
    """What Git wants, and what of it was acted on."""
    _table(
        "object",
        sa.Column("ref", REF, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("blob", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("commit", TEXT, nullable=False),
        sa.Column("facts", TEXT),
        sa.Column("limit", WHOLE),
        sa.Column("limit_before", WHOLE),
        sa.Column("limit_raised_by", TEXT, nullable=False),
        sa.Column("declared", TEXT),
        sa.Column("declared_digest", TEXT),
        sa.Column("declared_care", TEXT),
        sa.Column("suspended", WHOLE, nullable=False, server_default="0"),
        sa.Column("applied", TEXT),
        sa.Column("applied_digest", TEXT),
        sa.Column("applied_care", TEXT),
        sa.Column("retired", WHOLE, nullable=False, server_default="0"),
        sa.Column("issuer", TEXT),
        sa.Column("serial", TEXT),
        sa.Column("spki", TEXT),
        sa.Column("ended", WHOLE, nullable=False, server_default="0"),
        sa.Column("held_by", TEXT),
        sa.Column("dirty", WHOLE, sa.Computed(DIRTY, persisted=True), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
    )
    _index("object_dirty", "object", "ref", where="dirty = 1")
    _index("object_held", "object", "ref", where="held_by IS NOT NULL")
    _index("object_kind", "object", "kind")
    _index("object_path", "object", "path")
    _table(
        "ref",
        sa.Column("target", REF, nullable=False),
        sa.Column("source", REF, nullable=False),
        sa.PrimaryKeyConstraint("target", "source"),
    )
    _index("ref_source", "ref", "source")
    _table(
        "accepted",
        sa.Column("slice", TEXT, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("commit", TEXT, nullable=False),
        sa.Column("parent", TEXT, nullable=False),
        sa.Column("objects", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("slice", "seq"),
    )
    _index("accepted_seq", "accepted", "seq", unique=True)
    _table(
        "revocation",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("commit", TEXT, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("resolved_seq", WHOLE),
        sa.PrimaryKeyConstraint("name", "commit"),
    )
    _index("revocation_open", "revocation", "seq", where="resolved_seq IS NULL")


def _work() -> None:
    """What is to be done, what is published, and who may do it."""
    _table(
        "due",
        sa.Column("ref", REF, nullable=False),
        sa.Column("work", TEXT, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("attempt", WHOLE, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("ref", "work"),
    )
    _index("due_at", "due", "at")
    _table(
        "outbox",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("path", REF, nullable=False),
        sa.Column("class", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("not_before", WHOLE),
        sa.Column("unit", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("target", "path"),
    )
    _table(
        "published",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("path", REF, nullable=False),
        sa.Column("class", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("etag", TEXT, nullable=False),
        sa.Column("number", WHOLE),
        sa.Column("delete_after", WHOLE),
        sa.PrimaryKeyConstraint("target", "path"),
    )
    _index(
        "published_superseded",
        "published",
        "target",
        "delete_after",
        where="delete_after IS NOT NULL",
    )
    _table(
        "tally",
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("count", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("scope", "at"),
    )
    _table(
        "lease",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("fence", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _table(name: str, *items: sa.schema.SchemaItem) -> None:
    op.create_table(name, *items, sqlite_strict=True)


def _index(name: str, table: str, *columns: str, where: str = "", unique: bool = False) -> None:
    condition = sa.text(where) if where else None
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )
