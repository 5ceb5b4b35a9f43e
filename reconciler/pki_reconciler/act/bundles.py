"""Trust bundles, and the CA certificates for EST: from what Git declares and the ledger has issued.

They are looked at in every cycle that changed anything, and written where their content differs
from what a target holds. So one rule covers a changed declaration, a new CA and one that expired.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pki_publishers import layout, trust
from pki_publishers.release import PublicObject
from pki_reconciler.act import units
from pki_reconciler.act.cycle import Cycle, line_of
from pki_reconciler.act.retention import ends
from pki_reconciler.ledger.rows import PublishedRow
from pki_schema.instants import to_epoch
from pki_schema.issued import CertificateState, IssuedAuthority
from pki_schema.kinds import TrustBundleSpec

FOLDERS = (layout.TRUST_FOLDER, layout.CACERTS_PATH)
"""What the paths begin with of everything that is published here."""


def refresh(cycle: Cycle) -> None:
    """Put into the outbox what differs, and mark what is declared no longer.

    A bundle whose declaration is gone stays for the publication's retention. One whose last CA is
    gone goes at once: what it says is wrong.
    """
    reader = cycle.ledger.reader
    there = {target: reader.published_below(target, FOLDERS) for target in cycle.targets}
    authorities = {
        issuer: one
        for issuer, one in cycle.authorities().items()
        if one.certificate.state is CertificateState.VALID
    }
    specs = {
        row.identity.name: row.facts.trust
        for row in reader.of_kinds(("TrustBundle",))
        if row.facts.trust
    }
    wanted = [
        item
        for name, spec in specs.items()
        for item in _bundle(cycle, name, spec, authorities.values(), there)
    ]
    filled = {item.unit for item in wanted}
    emptied = {name for name in specs if f"bundle/{name}" not in filled}
    retained = ends(cycle, reader)
    with cycle.ledger.transaction(cycle.now) as transaction:
        for target, known in there.items():
            due = [*wanted, *_cacerts(cycle, target, specs, authorities)]
            changed = [item for item in due if not _stands(item, known.get(item.path))]
            units.keep(cycle, transaction, changed, targets=(target,))
            gone = [
                path
                for path in known.keys() - {item.path for item in due}
                if known[path].delete_after is None
            ]
            wrong = _wrong(cycle, target, emptied)
            now = [path for path in gone if path.startswith(wrong)]
            transaction.mark_superseded(target, now, cycle.now)
            transaction.mark_superseded(target, set(gone) - set(now), retained[target])


def _wrong(cycle: Cycle, target: str, emptied: Collection[str]) -> tuple[str, ...]:
    """What the paths begin with of what no valid CA is left for."""
    folders = tuple(f"{layout.bundle(name).folder}/" for name in emptied)
    return (*folders, layout.CACERTS_PATH) if _for_est(cycle, target) in emptied else folders


def _for_est(cycle: Cycle, target: str) -> str | None:
    """The bundle that a publication names for EST."""
    for row in cycle.ledger.reader.of_kinds(("Publication",)):
        if row.identity.name == target and row.facts.publication:
            return row.facts.publication.est_trust_bundle
    return None


def _bundle(
    cycle: Cycle,
    name: str,
    spec: TrustBundleSpec,
    authorities: Collection[IssuedAuthority],
    there: Mapping[str, Mapping[str, PublishedRow]],
) -> tuple[PublicObject, ...]:
    """The bundle under the sequence it has, if it is what readers have under it; else the next.

    Like a CRL's number: above the last one and not behind the clock, so that a ledger that was lost
    does not set readers back.
    """
    members = [one for one in authorities if one.name in spec.authorities]
    path = layout.bundle(name).spiffe
    known = [rows[path] for rows in there.values() if path in rows]
    last = max(known, key=lambda row: row.number or 0, default=None)
    number = (last.number or 0) if last else 0
    same = trust.render_bundle(name, spec, members=members, sequence=number)
    if last and any((item.path, item.digest) == (path, last.digest) for item in same):
        return same
    following = max(to_epoch(cycle.now), number + 1)
    return trust.render_bundle(name, spec, members=members, sequence=following)


def _cacerts(
    cycle: Cycle,
    target: str,
    specs: Mapping[str, TrustBundleSpec],
    authorities: Mapping[str, IssuedAuthority],
) -> Iterator[PublicObject]:
    """The CAs of the bundle that this publication names for EST, and all below them."""
    name = _for_est(cycle, target)
    if name is None or name not in specs:
        return
    trusted = set(specs[name].authorities)
    found = [
        one
        for issuer, one in authorities.items()
        if any(above.name in trusted for above in line_of(authorities, issuer))
    ]
    if found:
        yield trust.render_cacerts(name, authorities=found)


def _stands(item: PublicObject, row: PublishedRow | None) -> bool:
    return row is not None and row.digest == item.digest and row.delete_after is None
