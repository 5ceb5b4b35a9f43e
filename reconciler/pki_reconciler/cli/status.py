"""``vcc-pki status``: how everything stands, or the story of one service; from the ledger alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import typer

from pki_reconciler.cli import output as told
from pki_reconciler.cli import story
from pki_reconciler.config import Config, find_config, load_config
from pki_reconciler.decide.footing import restricted
from pki_reconciler.decide.guard import limited
from pki_reconciler.decide.plan import plan
from pki_reconciler.decide.report import slice_lines
from pki_reconciler.grounds import seen
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ports import SystemClock
from pki_reconciler.standing import standing
from pki_schema.errors import Position, WorldFailed
from pki_schema.instants import Instant
from pki_schema.reported import (
    AuthorityStatus,
    CertificateStatus,
    Failure,
    PublicationStatus,
    Report,
    ResponderStatus,
)

VERSION = 1
"""Of the JSON document. A field may come without a new one; none changes or goes."""


def run(option: Path | None, *, service: str | None, output: str) -> int:
    path = find_config(option, os.environ)
    config = load_config(path)
    now = SystemClock().now()
    with Reader.open(config.state.ledger) as reader:
        report = picture(reader, config, now, origin=Position(str(path)))
        failing = unwritable(os.statvfs(config.state.ledger.parent))
        report = msgspec.structs.replace(report, failures=(*report.failures, *failing))
        if service is not None:
            stories = story.stories(reader, config, report, _chosen(report, service))
            if output == "json":
                told.json([{"version": VERSION, **msgspec.to_builtins(one)} for one in stories])
            else:
                story.tell(stories)
            return 0
        rows = reader.object_rows()
        declared_only = sorted(str(row.identity) for row in rows if not row.facts.acted_on)
    if output == "json":
        document = msgspec.to_builtins(report)
        told.json({"version": VERSION, **document, "declared_only": declared_only})
    else:
        _tell(report, config, declared_only)
    return 0


def unwritable(disk: os.statvfs_result) -> Iterator[Failure]:
    """What the daemon cannot tell: with such a disk below it the ledger takes no word of it."""
    if disk.f_flag & os.ST_RDONLY:
        yield Failure(resource="ledger", message="its disk is read-only", attempts=0)
    elif disk.f_bavail == 0:
        yield Failure(resource="ledger", message="its disk is full", attempts=0)


def picture(reader: Reader, config: Config, now: Instant, *, origin: Position) -> Report:
    """The report, with what a plan would keep back now."""
    touched = limited(reader.touched(now), config.revocations, origin)
    targets = [str(target.publication) for target in config.targets]
    ground = seen(reader, now=now, leap=config.leap)
    kept = restricted(plan(touched, now), ground).held
    return standing(reader, targets=targets, held=kept, now=now, doubts=ground.doubts)


def _chosen(report: Report, service: str) -> list[CertificateStatus]:
    """The certificates of ``tenant/service``, ``service`` or ``tenant/service/certificate``."""
    found = [
        one
        for one in report.certificates
        if service
        in (
            one.identity.name.partition("/")[0],
            f"{one.identity.tenant}/{one.identity.name.partition('/')[0]}",
            f"{one.identity.tenant}/{one.identity.name}",
        )
    ]
    if not found:
        raise WorldFailed(f'there is no service "{service}"', "`vcc-pki status` lists them")
    return found


def _tell(report: Report, config: Config, declared_only: Iterable[str]) -> None:
    """For people: what needs them first, then a table of each kind, and what is next."""
    accepted = f", accepted {told.minute(report.accepted_at)}" if report.accepted_at else ""
    typer.echo(f"commit {report.commit[:12] or 'none accepted yet'}{accepted}\n")
    lines = [line for fault in report.slices for line in slice_lines(fault)]
    lines += [line for task in _tasks(report) for line in _hanging(*task)]
    if lines:
        typer.echo("\n".join(lines) + "\n")
    _tables(report)
    if any(one.offline for one in report.authorities):
        typer.echo(f"offline keys are in {config.state.offline_keys}")
    for name in declared_only:
        typer.echo(f"declared, not yet acted on: {name}")
    typer.echo(f"next work due {told.minute(report.next_due) or 'never'}")


def _tasks(report: Report) -> Iterator[tuple[str, list[str]]]:
    """A word, what is so, and what to do about it."""
    for doubt in report.doubts:
        yield "DOUBT", [f"{doubt.what}: {doubt.evidence}", doubt.remedy]
    for held in report.held:
        place = f"{held.origin}: " if held.origin else ""
        yield "HELD", [f"{place}[{held.code}] {held.message}", held.remedy, *held.actions[:10]]
    for failure in report.failures:
        again = told.minute(failure.retry_at)
        attempt = f"; again at {again} (attempt {failure.attempts + 1})" if again else ""
        yield "FAILING", [f"{failure.resource}: {failure.message}{attempt}", failure.remedy]


def _hanging(word: str, lines: list[str]) -> Iterator[str]:
    """The word once, and all lines in one column behind it."""
    first, *others = [line for line in lines if line]
    yield f"{typer.style(f'{word:<7}', fg='red', bold=True)} {first}"
    yield from (f"        {line}" for line in others)


def _tables(report: Report) -> None:
    instants = ("NOT AFTER", "RENEW AT")
    axes = ("SYNC", "HEALTH", "DELIVERY")
    for headers, rows in (
        (
            ("CA", "GEN", *axes, "NOT AFTER", "KEY", "CRL", "CRL UNTIL", "CRL DUE", "NOTE"),
            [_authority(one) for one in report.authorities],
        ),
        (
            ("RESPONDER OF", "GEN", *axes, *instants, "NOTE"),
            [_responder(one) for one in report.responders],
        ),
        (
            ("TENANT", "CERTIFICATE", *axes, *instants, "NOTE"),
            [_certificate(one) for one in report.certificates],
        ),
        (
            ("PUBLICATION", *axes, "UNWRITTEN", "FOUND AT"),
            [_publication(one) for one in report.publications],
        ),
    ):
        if rows:
            told.table(headers, rows)
            typer.echo("")


def _axes(
    one: AuthorityStatus | ResponderStatus | CertificateStatus | PublicationStatus,
) -> tuple[str, str, str]:
    return str(one.sync), str(one.health), str(one.delivery)


def _authority(one: AuthorityStatus) -> tuple[str, ...]:
    return (
        one.name,
        str(one.generation),
        *_axes(one),
        told.minute(one.not_after),
        "offline" if one.offline else "online",
        str(one.crl_number or "none"),
        told.minute(one.crl_next_update),
        told.minute(one.crl_due),
        one.note,
    )


def _responder(one: ResponderStatus) -> tuple[str, ...]:
    return (
        one.authority,
        str(one.generation),
        *_axes(one),
        told.minute(one.not_after),
        told.minute(one.renew_at),
        one.note,
    )


def _certificate(one: CertificateStatus) -> tuple[str, ...]:
    return (
        one.identity.tenant,
        one.identity.name,
        *_axes(one),
        told.minute(one.not_after),
        told.minute(one.renew_at),
        one.note,
    )


def _publication(one: PublicationStatus) -> tuple[str, ...]:
    return (one.name, *_axes(one), str(one.unwritten), " ".join(one.base_urls))
