"""The tables: one schema for SQLite (STRICT) and PostgreSQL.

Instants are whole epoch seconds, serials lower-case hex without leading zeros, issuers and keys the
SHA-256 of an SPKI in hex, subjects and objects the text of ``refs``. JSON is canonical and kept as
text. Flags are 0 or 1. Queries that shall use a partial index repeat its condition as text, because
SQLite never matches a bound parameter against it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

REVISION = "0003"
"""The newest migration; ``migrations/versions`` must end with it."""

METADATA = sa.MetaData()

Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Subjects and paths are found by prefix, which an index serves only in byte order.
Ref = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

DIRTY = """CASE
WHEN kind NOT IN ('Certificate', 'AuthorityCertificate', 'ResponderCertificate') THEN 0
WHEN declared_digest IS NULL THEN
  CASE WHEN state = 'removed' AND applied_digest IS NOT NULL AND retired = 0 THEN 1 ELSE 0 END
WHEN suspended = 1 THEN 0
WHEN applied_digest IS NULL OR retired = 1 THEN 1
WHEN declared_digest <> applied_digest OR declared_care <> applied_care THEN 1
WHEN ended = 1 AND held_by IS NULL THEN 1
ELSE 0 END"""
"""Whether a subject is looked at although nothing is due: Git wants other than what was done.

Also when its certificate has ended before its time and no revocation holds the identity. A subject
that waits for its CSR, or whose author suspended it, is left alone.
"""


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _ref(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, Ref, nullable=null)


def _whole(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, Whole, nullable=null)


def _flag(name: str) -> sa.Column[int]:
    return sa.Column(name, Whole, nullable=False, server_default="0")


def _table(name: str, *items: SchemaItem, by_key: bool = False) -> sa.Table:
    """``by_key``: rows lie in the order of the primary key, which saves SQLite a second tree; for
    short rows of which many are written at once.
    """
    return sa.Table(name, METADATA, *items, sqlite_strict=True, sqlite_with_rowid=not by_key)


def _index(name: str, *columns: str, where: str = "", unique: bool = False) -> sa.Index:
    condition = sa.text(where) if where else None
    return sa.Index(
        name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


entry = _table(
    "entry",
    sa.Column("seq", Whole, primary_key=True, autoincrement=False),
    _whole("at"),
    _text("kind"),
    _text("commit"),
    _text("plan"),
    _whole("fence"),
    _text("body"),
    sa.Column("salt", sa.LargeBinary(), nullable=False),
    sa.Column("leaf", sa.LargeBinary(), nullable=False),
    _index("entry_at", "at"),
    _index("entry_refused", "commit", where="kind = 'refused'"),
)

tile = _table(
    "tile",
    _whole("level"),
    _whole("n"),
    sa.Column("data", sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint("level", "n"),
)

batch = _table(
    "batch",
    sa.Column("id", Whole, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("issuer"),
    _text("scope", null=True),
    _whole("number", null=True),
    _text("digest"),
    _whole("done_seq", null=True),
    _text("state"),
    # One TBS for one (issuer, scope, number), for ever. Batches of answers have no number.
    _index("batch_number", "issuer", "scope", "number", unique=True),
    _index("batch_open", "id", where="state = 'open'"),
)

certificate = _table(
    "certificate",
    _text("issuer"),
    _text("serial"),
    _ref("subject"),
    _text("template"),
    _text("spec"),
    _text("spki"),
    _text("tbs_digest"),
    _whole("not_before"),
    _whole("not_after"),
    _whole("shard"),
    _flag("answerable"),
    _text("state"),
    _text("commit"),
    _whole("intent_seq"),
    _whole("issued_seq", null=True),
    _whole("ended_seq", null=True),
    _whole("revoked_at", null=True),
    _text("reason"),
    _whole("invalidity_date", null=True),
    _text("revocation"),
    _whole("released_at", null=True),
    sa.PrimaryKeyConstraint("issuer", "serial"),
    _index("certificate_subject", "subject"),
    _index("certificate_template", "template"),
    _index("certificate_spki", "spki"),
    _index("certificate_not_after", "not_after"),
    _index("certificate_revoked", "issuer", "shard", where="revoked_at IS NOT NULL"),
    _index("certificate_released", "issuer", where="released_at IS NOT NULL"),
    _index("certificate_open", "intent_seq", where="state = 'intended'"),
)

status = _table(
    "status",
    _text("issuer"),
    _text("kind"),
    _text("scope"),
    _whole("number"),
    _whole("this_update"),
    _whole("next_update"),
    _whole("regular_at"),
    _text("signer"),
    sa.Column("bytes", sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint("issuer", "kind", "scope"),
)

key = _table(
    "key",
    sa.Column("spki", sa.Text(), primary_key=True),
    _text("algorithm"),
    _text("purpose"),
    _ref("owner", null=True),
    _whole("generation", null=True),
    _text("locator"),
    _text("state"),
    _text("revocation"),
    _whole("seq"),
    _index("key_owner", "owner"),
)

object_ = _table(
    "object",
    sa.Column("ref", Ref, primary_key=True),
    _text("kind"),
    _text("tenant"),
    _text("name"),
    _text("path"),
    _text("blob"),
    _text("state"),
    _text("commit"),
    _text("facts", null=True),
    _whole("limit", null=True),
    _whole("limit_before", null=True),
    _text("limit_raised_by"),
    _text("declared", null=True),
    _text("declared_digest", null=True),
    _text("declared_care", null=True),
    _flag("suspended"),
    _text("applied", null=True),
    _text("applied_digest", null=True),
    _text("applied_care", null=True),
    _flag("retired"),
    _text("issuer", null=True),
    _text("serial", null=True),
    _text("spki", null=True),
    _flag("ended"),
    _text("held_by", null=True),
    sa.Column("dirty", Whole, sa.Computed(DIRTY, persisted=True), nullable=False),
    _text("resumes", null=True),
    _index("object_dirty", "ref", where="dirty = 1"),
    _index("object_held", "ref", where="held_by IS NOT NULL"),
    _index("object_kind", "kind"),
    _index("object_path", "path"),
)

ref = _table(
    "ref",
    _ref("target"),
    _ref("source"),
    sa.PrimaryKeyConstraint("target", "source"),
    _index("ref_source", "source"),
)

accepted = _table(
    "accepted",
    _text("slice"),
    _whole("seq"),
    _text("commit"),
    _text("parent"),
    _whole("objects"),
    sa.PrimaryKeyConstraint("slice", "seq"),
    _index("accepted_seq", "seq", unique=True),
)

# Slices that stand at what was accepted last: a tenant's name, empty for the global one.
fault = _table(
    "fault",
    sa.Column("slice", sa.Text(), primary_key=True),
    _text("commit"),
    _text("since"),
    _text("problems"),
    _whole("count"),
    _whole("seq"),
)

# What keeps this ledger from issuing until a person has confirmed it, and what did so last.
doubt = _table(
    "doubt",
    sa.Column("what", sa.Text(), primary_key=True),
    _text("evidence"),
    _whole("at"),
    _whole("seq"),
    _whole("entries"),
    _whole("fence"),
    _whole("confirmed_seq", null=True),
)

# Writers that ended between intents and results, by what they had intended to certify.
orphan = _table(
    "orphan",
    _text("issuer"),
    _whole("fence"),
    _whole("at"),
    _whole("seq"),
    _whole("confirmed_seq", null=True),
    sa.PrimaryKeyConstraint("issuer", "fence"),
)

# Every meaning a Revocation ever had in an accepted commit, because each one counts.
revocation = _table(
    "revocation",
    _text("name"),
    _text("commit"),
    _whole("seq"),
    _text("digest"),
    _text("request"),
    _whole("resolved_seq", null=True),
    sa.PrimaryKeyConstraint("name", "commit"),
    _index("revocation_open", "seq", where="resolved_seq IS NULL"),
)

# Which Revocations hold a certificate: it is valid again when none is left.
hold = _table(
    "hold",
    _text("issuer"),
    _text("serial"),
    _text("name"),
    sa.PrimaryKeyConstraint("issuer", "serial", "name"),
)

due = _table(
    "due",
    _ref("ref"),
    _text("work"),
    _whole("at"),
    _whole("attempt"),
    _text("cause"),
    sa.PrimaryKeyConstraint("ref", "work"),
    _index("due_at", "at"),
    _index("due_retry", "ref", where="work = 'retry'"),
    by_key=True,
)

outbox = _table(
    "outbox",
    _text("target"),
    _ref("path"),
    _text("class"),
    _text("digest"),
    _whole("not_before", null=True),
    _text("unit"),
    sa.PrimaryKeyConstraint("target", "path"),
    by_key=True,
)

published = _table(
    "published",
    _text("target"),
    _ref("path"),
    _text("class"),
    _text("digest"),
    _text("etag"),
    _whole("number", null=True),
    _whole("delete_after", null=True),
    sa.PrimaryKeyConstraint("target", "path"),
    _index("published_superseded", "target", "delete_after", where="delete_after IS NOT NULL"),
    by_key=True,
)

# What a page of the status page was made from, so that it is made again when that has changed.
rendered = _table(
    "rendered",
    sa.Column("path", Ref, primary_key=True),
    _text("source"),
    _text("digest"),
)

tally = _table(
    "tally",
    _text("scope"),
    _whole("at"),
    _whole("count"),
    sa.PrimaryKeyConstraint("scope", "at"),
)

lease = _table(
    "lease",
    sa.Column("name", sa.Text(), primary_key=True),
    _whole("fence"),
    _whole("at"),
)
