"""CRLs that are published and the ledger did not sign: their entries, and their numbers."""

from __future__ import annotations

from collections.abc import Iterator

from pki_publishers import layout, render
from pki_reconciler.act.readback.looks import Look, sha256
from pki_reconciler.decide import belief
from pki_reconciler.decide.belief import PublishedCrl
from pki_reconciler.decide.build import Issuer
from pki_reconciler.decide.build.crl import CrlEntry
from pki_reconciler.ledger.records import CrlRecovered, RevocationRecovered
from pki_reconciler.ledger.rows import SerialRow
from pki_schema import instants
from pki_schema.issued import IssuedAuthority, IssuedCrl

FULL = "*"
HOLD = "certificateHold"


def read_crls(look: Look) -> None:
    """The CRL of every CA that the ledger knows by now."""
    for authority in look.cycle.authorities().values():
        path = layout.crl_path(render.stem_of(authority))
        body = look.target.read(path, most=belief.LARGEST_CRL + 1)
        if body is None or (authority.crl and authority.crl.der == body):
            continue
        crl = belief.crl_of(body, Issuer.of(authority))
        if crl is not None and not _is_known(look, authority, crl):
            _record(look, authority, crl)


def _is_known(look: Look, authority: IssuedAuthority, crl: PublishedCrl) -> bool:
    known = look.cycle.ledger.reader.crl_digest(authority.spki, crl.number)
    return known is not None and known in (crl.tbs_digest, sha256(crl.der))


def _record(look: Look, authority: IssuedAuthority, crl: PublishedCrl) -> None:
    """An older one that says nothing new is left for the next to replace."""
    found = [*_revocations(look, authority, crl)]
    newest = crl.number > authority.last_number
    if not (found or newest):
        return
    words = f"{look.name} has CRL {crl.number} of {authority.name}, which this ledger did not sign"
    record = CrlRecovered(
        issuer=authority.spki,
        scope=FULL,
        number=crl.number,
        content_digest=sha256(crl.der),
        this_update=instants.to_epoch(crl.this_update),
        next_update=instants.to_epoch(crl.next_update),
    )
    status = IssuedCrl(
        issuer=authority.spki,
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        regular_at=look.cycle.ledger.reader.regular_at(authority.spki),
        der=crl.der,
    )
    if newest:
        look.note([*found, record], words, [status])
    else:
        look.note(found, words)


def _is_final_now(row: SerialRow, entry: CrlEntry) -> bool:
    """Whether what this ledger has on hold is published as revoked for ever."""
    return row.reason == HOLD != entry.reason


def _revocations(
    look: Look, authority: IssuedAuthority, crl: PublishedCrl
) -> Iterator[RevocationRecovered]:
    """Entries that the ledger has not; what was released since is no entry any more."""
    known = look.cycle.ledger.reader.serials(
        authority.spki, (entry.serial for entry in crl.entries)
    )
    for entry in crl.entries:
        row = known.get(entry.serial)
        if row and row.state in ("revoked", "burnt") and not _is_final_now(row, entry):
            continue
        if row and row.released_at and row.released_at >= crl.this_update:
            continue
        invalid = entry.invalidity_date
        yield RevocationRecovered(
            issuer=authority.spki,
            serial=f"{entry.serial:x}",
            revoked_at=instants.to_epoch(entry.revoked_at),
            reason=entry.reason,
            invalidity_date=instants.to_epoch(invalid) if invalid else None,
        )
