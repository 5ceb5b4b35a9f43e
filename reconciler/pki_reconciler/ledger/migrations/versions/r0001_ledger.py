"""The first schema."""

from alembic import op

from pki_reconciler.ledger import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    tables.METADATA.create_all(op.get_bind())
