"""How everything stands: the ledger's answers gathered for ``decide.health``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pki_publishers import layout
from pki_reconciler.decide.health import Known, report
from pki_reconciler.ledger.read import Reader
from pki_schema.instants import Instant
from pki_schema.planned import Held
from pki_schema.reported import Doubt, Failure, Report


def standing(
    reader: Reader,
    *,
    targets: Iterable[str],
    held: Collection[Held],
    now: Instant,
    failures: tuple[Failure, ...] | None = None,
    doubts: tuple[Doubt, ...] = (),
) -> Report:
    """The report at ``now``. ``targets`` are the publications bound on this host, ``held`` what the
    last plan kept back, ``failures`` what fails now, where the caller knows better than the ledger,
    ``doubts`` why nothing is issued. Asks for everything: what it costs grows with what exists.
    """
    authorities = reader.authorities()
    return report(
        Known(
            commit=reader.accepted() or "",
            accepted_at=reader.accepted_at(),
            authorities=authorities,
            stems={spki: layout.stem(a.name, a.ski) for spki, a in authorities.items()},
            standings=reader.standings(),
            unwritten={name: reader.unwritten(name) for name in targets},
            answers=reader.answers_age(),
            certificates=reader.living(now),
            crls_due=reader.crls_due(),
            base_urls=base_urls(reader),
            failures=reader.failures() if failures is None else failures,
            slices=reader.faults(),
            next_due=reader.next_due(after=now),
            doubts=doubts,
        ),
        held=held,
        now=now,
    )


def base_urls(reader: Reader) -> Mapping[str, tuple[str, ...]]:
    """Where readers find each publication that Git declares."""
    return {
        row.identity.name: tuple(map(str, row.facts.publication.base_urls))
        for row in reader.of_kinds(("Publication",))
        if row.facts.publication
    }
