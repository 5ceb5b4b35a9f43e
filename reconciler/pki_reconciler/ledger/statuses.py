"""The bytes of current CRLs and OCSP answers, and when the answers have to be signed again.

Their entries hold digests only, so this is no fold: after a replay they are signed anew.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.folds import dues
from pki_reconciler.ledger.rows import Values
from pki_schema.instants import to_epoch
from pki_schema.issued import DueWork, IssuedAnswer, IssuedCrl

_COLUMNS = ("number", "this_update", "next_update", "regular_at", "signer", "bytes")


def put(connection: sa.Connection, statuses: Iterable[IssuedCrl | IssuedAnswer]) -> None:
    """Replace what was current; an answer is due again after its CA's ``refreshAt``."""
    found = list(statuses)
    answers = [status for status in found if isinstance(status, IssuedAnswer)]
    statements.upsert(
        connection, tables.status, [_values(status) for status in found], update=_COLUMNS
    )
    if not answers:
        return
    settings = dues.settings_by_issuer(connection)
    dues.put(
        connection,
        [
            dues.row(
                refs.answer(answer.issuer, refs.hexadecimal(answer.serial)),
                DueWork.ANSWER,
                to_epoch(answer.this_update) + int(settings[answer.issuer].ocsp.refresh_at),
                "signed",
            )
            for answer in answers
            if answer.issuer in settings
        ],
    )


def _values(status: IssuedCrl | IssuedAnswer) -> Values:
    common = {
        "issuer": status.issuer,
        "this_update": to_epoch(status.this_update),
        "next_update": to_epoch(status.next_update),
        "bytes": status.der,
    }
    if isinstance(status, IssuedCrl):
        return common | {
            "kind": "crl",
            "scope": "*",
            "number": status.number,
            "regular_at": to_epoch(status.regular_at),
            "signer": status.issuer,
        }
    return common | {
        "kind": f"ocsp-{status.algorithm}",
        "scope": refs.hexadecimal(status.serial),
        "number": 0,
        "regular_at": 0,
        "signer": "",
    }
