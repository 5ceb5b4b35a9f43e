"""Keys: ours, those of services, and those that were barred."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.records import KeyBlocked, KeyRecorded
from pki_reconciler.ledger.rows import Entry, Values
from pki_schema.desired import Identity, Meaning

KEY = tables.key
PURPOSES = {
    "Certificate": "service",
    "AuthorityCertificate": "authority",
    "ResponderCertificate": "responder",
}


def values(
    spki: str, *, seq: int, algorithm: str, purpose: str, owner: Identity, locator: str = ""
) -> Values:
    generation = None if purpose == "service" else int(owner.name.rpartition("/")[2])
    return {
        "spki": spki,
        "algorithm": algorithm,
        "purpose": purpose,
        "owner": refs.of(owner),
        "generation": generation,
        "locator": locator,
        "state": "known",
        "revocation": "",
        "seq": seq,
    }


def recorded(connection: sa.Connection, entries: Sequence[Entry[KeyRecorded]]) -> None:
    """A key of the key store, or the first word of another's; a block stays a block."""
    statements.upsert(
        connection,
        KEY,
        [
            values(
                hashlib.sha256(entry.record.spki).hexdigest(),
                seq=entry.seq,
                algorithm=entry.record.algorithm,
                purpose=entry.record.purpose,
                owner=entry.record.owner,
                locator=entry.record.locator,
            )
            for entry in entries
        ],
        update=("algorithm", "purpose", "owner", "generation", "locator", "seq"),
    )


def certified(
    connection: sa.Connection,
    issues: Sequence[tuple[int, str, Meaning]],
) -> None:
    """A key belongs to the service it was certified for last; our own keys stay as recorded.

    Each is given with the number of the entry that certified it.
    """
    statements.upsert(
        connection,
        KEY,
        [
            values(
                spki,
                seq=seq,
                algorithm=meaning.profile.key_algorithm,
                purpose=PURPOSES[meaning.subject.kind],
                owner=meaning.subject,
            )
            for seq, spki, meaning in issues
        ],
        update=("owner", "seq"),
        where="key.purpose = 'service'",
    )


def blocked(connection: sa.Connection, entries: Sequence[Entry[KeyBlocked]]) -> None:
    """Barred for ever, also when it was never seen before; the first revocation is named."""
    statements.upsert(
        connection,
        KEY,
        [
            {
                "spki": entry.record.spki,
                "algorithm": "",
                "purpose": "",
                "owner": None,
                "generation": None,
                "locator": "",
                "state": "blocked",
                "revocation": entry.record.revocation,
                "seq": entry.seq,
            }
            for entry in entries
        ],
        update=("state", "revocation"),
        where="key.state <> 'blocked'",
    )
