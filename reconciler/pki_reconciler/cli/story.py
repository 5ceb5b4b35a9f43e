"""One certificate's story: commit, plan, serial, where it is published, and what is due when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

import msgspec
import typer

from pki_reconciler.config import Config
from pki_reconciler.ledger.read import Reader
from pki_reconciler.standing import base_urls
from pki_schema import instants
from pki_schema.desired import Identity
from pki_schema.errors import WorldFailed
from pki_schema.load.tree import request_path
from pki_schema.reported import CertificateStatus, Condition, Report, Sync

DIGITS = 12


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What Git says of a commit, as far as the clone is at hand: claims of whoever made it."""

    commit: str
    at: str = ""
    author: str = ""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known about one certificate, for programs as for people.

    ``published`` are paths by publication, ``urls`` where readers find them. ``remedies`` say what
    to do about what stands in its way, ``former`` are the serials before it and what became of
    them.
    """

    identity: str
    sync: str
    health: str
    delivery: str
    conditions: tuple[Condition, ...]
    commit: str
    declared: Declared
    issued_for: str
    issued_at: str
    plan: str
    serial: str
    issuer: str
    not_before: str
    not_after: str
    renew_at: str
    note: str
    published: Mapping[str, list[str]]
    urls: Mapping[str, list[str]]
    remedies: list[str]
    former: list[str]


def stories(
    reader: Reader, config: Config, report: Report, chosen: Iterable[CertificateStatus]
) -> list[Story]:
    """Of each of these certificates."""
    return [_story(reader, config, report, one) for one in chosen]


def _story(reader: Reader, config: Config, report: Report, one: CertificateStatus) -> Story:
    *former, _ = reader.certificates_of(one.identity) or [None]
    published = _published(reader, config, one.identity)
    bases = base_urls(reader)
    return Story(
        identity=str(one.identity),
        sync=str(one.sync),
        health=str(one.health),
        delivery=str(one.delivery),
        conditions=one.conditions,
        commit=one.commit,
        declared=_declared(config, one.commit),
        issued_for=one.issued_for,
        issued_at=instants.render(one.issued_at) if one.issued_at else "",
        plan=one.plan,
        serial=one.serial,
        issuer=one.issuer,
        not_before=instants.render(one.not_before) if one.not_before else "",
        not_after=instants.render(one.not_after) if one.not_after else "",
        renew_at=instants.render(one.renew_at) if one.renew_at else "",
        note=one.note,
        published=published,
        urls={
            name: [f"{base.rstrip('/')}/{path}" for base in bases.get(name, ()) for path in paths]
            for name, paths in published.items()
        },
        remedies=list(remedies(report, one)),
        former=[f"{c.serial:x} {c.state}" for c in former if c],
    )


def _published(reader: Reader, config: Config, identity: Identity) -> dict[str, list[str]]:
    """What stands on each target and does not leave; the pointer first, which is where to begin."""
    folder = f"svc/{identity.tenant}/{identity.name}/"
    found = {}
    for target in config.targets:
        rows = reader.published_below(str(target.publication), [folder])
        paths = [path for path, row in rows.items() if row.delete_after is None]
        found[str(target.publication)] = sorted(
            paths, key=lambda path: (not path.endswith("/current.json"), path)
        )
    return found


def _declared(config: Config, commit: str) -> Declared:
    """Without a clone, or without the commit in it, the name alone."""
    from pki_reconciler.observe.git import Repository

    with suppress(WorldFailed):
        if commit and config.state.clone.exists():
            at = config.repository
            with Repository.open(at.url, at.branch, config.state.clone) as repository:
                found = repository.revision(commit)
            if found:
                return Declared(commit=commit, at=instants.render(found.time), author=found.author)
    return Declared(commit=commit)


def remedies(report: Report, one: CertificateStatus) -> Iterator[str]:
    """What somebody can do about what stands in its way."""
    identity = one.identity
    if one.sync is Sync.OUT_OF_SYNC and one.note == "needs its CSR":
        yield f"commit its CSR as {request_path(identity)}"
    for held in report.held:
        if any(action.endswith(f" {identity}") for action in held.actions):
            yield held.remedy
    if one.sync is Sync.HELD and one.note.startswith("revoked by "):
        name = one.note.removeprefix("revoked by ")
        yield f"to certify it again, add {name} to its service's spec.resumeAfter"
    if one.sync is Sync.INVALID:
        for fault in report.slices:
            if fault.tenant == identity.tenant:
                yield from fault.problems


def tell(found: Iterable[Story]) -> None:
    """For people, a blank line between two."""
    typer.echo("\n\n".join("\n".join(_lines(one)) for one in found))


def _lines(one: Story) -> Iterator[str]:
    axes = ", ".join((one.sync, one.health, one.delivery))
    yield f"{typer.style(one.identity, bold=True)}: {axes}"
    yield from _step("declared", *_when_and_who(one.declared))
    if one.serial:
        yield from _step(
            "planned",
            f"{one.issued_at}  plan {one.plan[:DIGITS]} for commit {one.issued_for[:DIGITS]}",
        )
        yield from _step(
            "signed",
            f"serial {one.serial} by {one.issuer}",
            f"valid {one.not_before} to {one.not_after}",
        )
    for name, paths in one.published.items():
        yield from _step("published", *(one.urls.get(name) or [f"{name}: {p}" for p in paths]))
    if one.renew_at:
        yield from _step("due", f"renewal {one.renew_at}")
    yield from _step("note", one.note)
    yield from _step("to do", *one.remedies)
    for condition in one.conditions:
        detail = f": {condition.message}" if condition.message else ""
        yield from _step(condition.type, f"{condition.status} ({condition.reason}){detail}")
    yield from _step("before", *one.former)


def _when_and_who(declared: Declared) -> Iterator[str]:
    commit = f"commit {declared.commit[:DIGITS] or 'none'}"
    yield f"{declared.at}  {commit}  {declared.author}" if declared.at else commit


def _step(word: str, *lines: str) -> Iterator[str]:
    """The word once; nothing where there is nothing to say."""
    found = [line for line in lines if line]
    for nth, line in enumerate(found):
        yield f"  {word if nth == 0 else '':<10} {line}"
