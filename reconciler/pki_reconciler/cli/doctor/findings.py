"""What is found: seen, meant, and to be done; for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

import msgspec
import typer

from pki_reconciler.cli import output as told
from pki_schema.errors import WorldFailed

EXIT_WRONG: Final = 1
EXIT_WAITS: Final = 3


class Verdict(StrEnum):
    """``waits`` is for a person's decision."""

    FINE = "fine"
    WRONG = "wrong"
    WAITS = "waits"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: what was seen, what it means, what to do about it."""

    topic: str
    verdict: Verdict
    seen: str
    means: str = ""
    todo: str = ""


def fine(topic: str, seen: str) -> Finding:
    return Finding(topic=topic, verdict=Verdict.FINE, seen=seen)


def wrong(topic: str, seen: str, means: str = "", todo: str = "") -> Finding:
    return Finding(topic=topic, verdict=Verdict.WRONG, seen=seen, means=means, todo=todo)


def waits(topic: str, seen: str, means: str = "", todo: str = "") -> Finding:
    return Finding(topic=topic, verdict=Verdict.WAITS, seen=seen, means=means, todo=todo)


def of_failure(topic: str, failure: WorldFailed, means: str = "") -> Finding:
    return wrong(topic, failure.message, means, failure.remedy)


@contextmanager
def told_in(findings: list[Finding], topic: str, means: str = "") -> Iterator[None]:
    """What fails inside is a finding."""
    try:
        yield
    except WorldFailed as failure:
        findings.append(of_failure(topic, failure, means))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        findings.append(wrong(topic, f"{where}{error.strerror or error}", means))


def exit_code(findings: Iterable[Finding]) -> int:
    """0 all is fine, 1 something is wrong, 3 nothing is, but something waits for a person."""
    verdicts = {one.verdict for one in findings}
    if Verdict.WRONG in verdicts:
        return EXIT_WRONG
    return EXIT_WAITS if Verdict.WAITS in verdicts else 0


_COLOURS: Final = {Verdict.FINE: "green", Verdict.WRONG: "red", Verdict.WAITS: "yellow"}


def tell(findings: Iterable[Finding], *, output: str) -> None:
    """A line each, with what to do below it; or one JSON document."""
    found = list(findings)
    if output == "json":
        told.json({"findings": found, "exit_code": exit_code(found)})
        return
    width = max(len(one.topic) for one in found)
    indent = " " * (width + 9)
    for one in found:
        word = typer.style(f"{one.verdict:<5}", fg=_COLOURS[one.verdict], bold=True)
        typer.echo(f"{word}  {one.topic:<{width}}  {one.seen}")
        if one.means:
            typer.echo(f"{indent}{one.means}")
        if one.todo:
            typer.echo(f"{indent}do: {one.todo}")
