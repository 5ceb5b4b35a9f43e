"""``vcc-pki plan``: what apply would do. This process has no key, no writer and no target."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer

from pki_publishers.targets import DirectoryTarget
from pki_publishers.targets.marks import Mark
from pki_reconciler.cli import output as told
from pki_reconciler.config import Config, find_config, load_config
from pki_reconciler.decide import footing, report
from pki_reconciler.decide.guard import limited
from pki_reconciler.decide.plan import plan as decide
from pki_reconciler.grounds import foreseen
from pki_reconciler.ledger.scratch import copy
from pki_reconciler.observe.advance import Observed, advance
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.manifests import ManifestCache
from pki_reconciler.ports import SystemClock
from pki_schema import instants
from pki_schema.errors import Position, WorldFailed
from pki_schema.instants import Instant
from pki_schema.planned import Plan, Verb

EXIT_CHANGES = 2
EXIT_HELD = 3
STATUS = frozenset({Verb.SIGN_CRL, Verb.SIGN_ANSWERS, Verb.EXPIRE})
"""Refreshes of status are no changes a reviewer decides about."""


def run(option: Path | None, *, as_of: str | None, detailed: bool, output: str) -> int:
    path = find_config(option, os.environ)
    now = _instant(as_of)
    observed, found = foresee(path, load_config(path), now, believed=as_of is not None)
    if output == "json":
        told.raw(found.canonical())
    else:
        for refusal in observed.refused:
            typer.echo(f"commit {refusal.commit[:12]} would NOT be accepted")
            told.problems(refusal.problems)
        for fault in observed.faults:
            for line in report.slice_lines(fault):
                typer.echo(line)
        told.problems(p for p in observed.remarks if p.code in report.WORTH_TELLING)
        for line in report.lines(found):
            typer.echo(line)
    if observed.refused or observed.rewound or observed.fresh:
        return 1
    return _detailed(observed, found) if detailed else 0


def _detailed(observed: Observed, found: Plan) -> int:
    if found.held or observed.faults:
        return EXIT_HELD
    return EXIT_CHANGES if any(a.verb not in STATUS for a in found.actions) else 0


def foresee(
    path: Path, config: Config, now: Instant, *, believed: bool = False
) -> tuple[Observed, Plan]:
    """Judge the commits that came since, on a copy of the ledger, and decide as of ``now``, which
    is ``believed`` where somebody asked for it.
    """
    if not config.state.ledger.exists():
        raise WorldFailed(
            f"there is no ledger at {config.state.ledger}", "create it with `vcc-pki init`"
        )
    with (
        copy(config.state.ledger) as scratch,
        Repository.open(
            config.repository.url, config.repository.branch, config.state.clone
        ) as repository,
    ):
        marks = dict(_marks(config))
        ground = foreseen(scratch.reader, marks, now=now, leap=config.leap)
        if believed:
            ground = footing.without_clock(ground)
        observed = advance(
            repository,
            ManifestCache(config.state.cache),
            path=config.repository.path,
            head=repository.fetch(),
            reader=scratch.reader,
            record=lambda judged: scratch.record(judged, now),
        )
        touched = limited(scratch.reader.touched(now), config.revocations, Position(str(path)))
        return observed, footing.restricted(decide(touched, now), ground)


def _marks(config: Config) -> Iterator[tuple[str, Mark]]:
    """What publications that this host can read tell about the ledger that wrote them."""
    for target in config.targets:
        with suppress(WorldFailed):
            mark = DirectoryTarget(target.directory).mark()
            yield f"publication {target.publication}", mark


def _instant(as_of: str | None) -> Instant:
    if as_of is None:
        return SystemClock().now()
    try:
        return instants.parse(as_of)
    except ValueError:
        raise WorldFailed(f'"{as_of}" is not an instant', "write 2026-11-23T12:00:00Z") from None
