"""``vcc-pki status``: how everything stands, or the story of one service; from the ledger alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import typer

from pki_reconciler.cli import output as told
from pki_reconciler.config import Config, find_config, load_config
from pki_reconciler.decide.guard import limited
from pki_reconciler.decide.plan import plan
from pki_reconciler.decide.report import slice_lines
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ports import SystemClock
from pki_reconciler.standing import standing
from pki_schema import instants
from pki_schema.errors import Position, WorldFailed
from pki_schema.instants import Instant
from pki_schema.reported import AuthorityStatus, CertificateStatus, Report


def run(option: Path | None, *, service: str | None, output: str) -> int:
    path = find_config(option, os.environ)
    config = load_config(path)
    now = SystemClock().now()
    with Reader.open(config.state.ledger) as reader:
        report = picture(reader, config, now, origin=Position(str(path)))
        if service is not None:
            chosen = _chosen(report, service)
            stories = [_story(reader, config, one) for one in chosen]
            if output == "json":
                told.json(stories)
            else:
                _tell_stories(stories)
            return 0
        rows = reader.object_rows()
        declared_only = sorted(str(row.identity) for row in rows if not row.facts.acted_on)
    if output == "json":
        told.json({**msgspec.to_builtins(report), "declared_only": declared_only})
    else:
        _tell(report, config, declared_only)
    return 0


def picture(reader: Reader, config: Config, now: Instant, *, origin: Position) -> Report:
    """The report, with what a plan would keep back now."""
    touched = limited(reader.touched(now), config.revocations, origin)
    targets = [str(target.publication) for target in config.targets]
    return standing(reader, targets=targets, held=plan(touched, now).held, now=now)


def _tell(report: Report, config: Config, declared_only: Iterable[str]) -> None:
    """Tables for people: what needs attention first, then CAs, certificates, and what is next."""
    typer.echo(f"commit {report.commit[:12] or 'none accepted yet'}\n")
    for fault in report.slices:
        for line in slice_lines(fault):
            typer.echo(line)
    for held in report.held:
        place = f"{held.origin}: " if held.origin else ""
        typer.echo(f"HELD    {place}[{held.code}] {held.message}\n        {held.remedy}")
    for failure in report.failures:
        typer.echo(
            f"FAILING {failure.resource}: {failure.message}; "
            f"again at {_instant(failure.retry_at)} (attempt {failure.attempts + 1})"
        )
    if report.slices or report.held or report.failures:
        typer.echo("")
    told.table(
        ("CA", "GEN", "STATE", "HEALTH", "NOT AFTER", "KEY", "CRL", "CRL NEXT UPDATE"),
        [_authority(one, config) for one in report.authorities],
    )
    typer.echo("")
    told.table(
        ("TENANT", "CERTIFICATE", "SYNC", "HEALTH", "DELIVERY", "NOT AFTER", "RENEW AT", "NOTE"),
        [_certificate(one) for one in report.certificates],
    )
    typer.echo("")
    for name in declared_only:
        typer.echo(f"declared, not yet acted on: {name}")
    for publication in report.publications:
        if publication.unwritten:
            typer.echo(
                f"publication {publication.name}: {publication.unwritten} files not yet written"
            )
    typer.echo(f"next work due {_instant(report.next_due) or 'never'}")


def _authority(one: AuthorityStatus, config: Config) -> tuple[str, ...]:
    return (
        one.name,
        str(one.generation),
        one.state,
        str(one.health),
        instants.render(one.not_after),
        f"offline, in {config.state.offline_keys}" if one.offline else "online",
        str(one.crl_number or "none"),
        _instant(one.crl_next_update),
    )


def _certificate(one: CertificateStatus) -> tuple[str, ...]:
    return (
        one.identity.tenant,
        one.identity.name,
        str(one.sync),
        str(one.health),
        str(one.delivery),
        _instant(one.not_after),
        _instant(one.renew_at),
        one.note,
    )


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


def _story(reader: Reader, config: Config, one: CertificateStatus) -> dict[str, object]:
    """One certificate from its commit to its files."""
    *former, current = reader.certificates_of(one.identity) or [None]
    issued = reader.issuance(current) if current else None
    folder = f"svc/{one.identity.tenant}/{one.identity.name}/"
    return {
        **msgspec.to_builtins(one),
        "identity": str(one.identity),
        "plan": issued.plan if issued else "",
        "issued_at": instants.render(issued.at) if issued else "",
        "issued_for": issued.commit if issued else "",
        "former": [f"{c.serial:x} {c.state}" for c in former if c],
        "published": {
            str(target.publication): sorted(
                path
                for path, row in reader.published_below(str(target.publication), [folder]).items()
                if row.delete_after is None
            )
            for target in config.targets
        },
    }


def _tell_stories(stories: Iterable[dict[str, object]]) -> None:
    for story in stories:
        for line in _lines(story):
            typer.echo(line)


def _lines(story: dict[str, object]) -> Iterator[str]:
    yield f"{story['identity']}: {story['sync']}, {story['health']}, {story['delivery']}"
    yield f"  declared   commit {story['commit'] or 'none'}"
    if story["serial"]:
        yield f"  issued     {story['issued_at']} by {story['issuer']}"
        yield f"             plan {str(story['plan'])[:16]} for commit {story['issued_for']}"
        yield f"  serial     {story['serial']}"
        yield f"  valid      {story['not_before']} to {story['not_after']}"
    if story["renew_at"]:
        yield f"  renews     {story['renew_at']}"
    if story["note"]:
        yield f"  note       {story['note']}"
    published = story["published"]
    for name, paths in published.items() if isinstance(published, dict) else ():
        for path in paths:
            yield f"  published  {name}: {path}"
    conditions = story["conditions"]
    for condition in conditions if isinstance(conditions, list) else ():
        detail = f": {condition['message']}" if condition["message"] else ""
        yield f"  {condition['type']:<10} {condition['status']} ({condition['reason']}){detail}"
    former = story["former"]
    for one in former if isinstance(former, list) else ():
        yield f"  before     {one}"


def _instant(instant: Instant | None) -> str:
    return instants.render(instant) if instant else ""
