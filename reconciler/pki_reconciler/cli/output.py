"""How results are told: JSON for programs, plain tables for people, problems as compilers do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import typer

from pki_schema import instants
from pki_schema.errors import Problem, Severity
from pki_schema.instants import Instant

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


def json(document: object) -> None:
    """One JSON document on stdout, keys sorted, indented."""
    text = msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2)
    typer.echo(text.decode())


def raw(document: bytes) -> None:
    """A JSON document that is canonical already, byte for byte."""
    typer.echo(document.decode())


def problem(item: Problem) -> dict[str, str | int]:
    """A problem as JSON says it."""
    return {
        "path": item.position.path,
        "line": item.position.line,
        "column": item.position.column,
        "code": item.code,
        "severity": str(item.severity),
        "message": item.message,
        "hint": item.hint,
    }


def problems(items: Iterable[Problem], *, prefix: Path | None = None, err: bool = False) -> None:
    """Every problem on a line of its own: ``path:line:column: error[PKI2007] …; cure``."""
    place = f"{prefix}/" if prefix else ""
    lines = [
        _coloured(f"{place}{item}", _COLOURS[item.severity], str(item.severity)) for item in items
    ]
    if lines:
        typer.echo("\n".join(lines), err=err)


def _coloured(text: str, colour: str, word: str) -> str:
    """Colour the severity; click drops colour by itself when the stream is no terminal."""
    head, found, tail = text.partition(f": {word}[")
    return f"{head}: {typer.style(word, fg=colour, bold=True)}[{tail}" if found else text


def progress(text: str) -> None:
    """A line for people watching, on stderr."""
    typer.echo(text, err=True)


def minute(instant: Instant | None) -> str:
    """An instant for people, to the minute: ``2026-11-23T17:47Z``; nothing for none."""
    return f"{instants.render(instant)[:16]}Z" if instant else ""


_WORDS = {
    **dict.fromkeys(("Synced", "Healthy", "Published"), "green"),
    **dict.fromkeys(("OutOfSync", "Held", "Expiring", "Degraded", "OnHold", "Pending"), "yellow"),
    **dict.fromkeys(("Invalid", "Expired", "Revoked"), "red"),
}
"""Cells that are coloured on a terminal; the word says the same."""


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None = None
) -> None:
    """Columns as wide as their widest cell, two spaces apart; nothing when there are no rows.

    An empty column is left out. What is wider than ``width`` (that of the terminal, where there is
    one) is told row by row instead, one cell below the other: nothing is cut.
    """
    width = _terminal() if width is None else width
    kept = [nth for nth in range(len(headers)) if any(row[nth] for row in rows)]
    shown = [[row[nth] for nth in kept] for row in (headers, *rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    if width and sum(widths) + 2 * (len(widths) - 1) > width:
        _records(shown[0], shown[1:])
        return
    for row in shown if rows else []:
        cells = [_cell(cell, size) for cell, size in zip(row, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())


def _records(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    size = max(map(len, headers[1:]), default=0)
    for first, *others in rows:
        typer.echo(typer.style(f"{headers[0]} {first}", bold=True))
        for header, cell in zip(headers[1:], others, strict=True):
            if cell:
                typer.echo(f"  {header:<{size}}  {_cell(cell, 0)}")


def _cell(text: str, size: int) -> str:
    """Padded, and then coloured: colour has no width."""
    colour = _WORDS.get(text)
    padding = " " * (size - len(text))
    return typer.style(text, fg=colour) + padding if colour else text + padding


def _terminal() -> int:
    """The terminal's columns; 0 where stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
