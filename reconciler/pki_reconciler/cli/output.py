"""How results are told: JSON for programs, plain tables for people, problems as compilers do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import typer

from pki_schema.errors import Problem, Severity

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


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell, two spaces apart; nothing when there are no rows."""
    if not rows:
        return
    widths = [max(len(cell) for cell in column) for column in zip(headers, *rows, strict=True)]
    for row in (headers, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
