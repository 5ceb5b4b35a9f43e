"""``vcc-pki explain OBJECT|CODE``: values with the lines that set them, or what a code means.

A code needs neither a repository nor a configuration, and no other verb loads the catalogue.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection
from pathlib import Path

import typer

from pki_reconciler.cli import output as told
from pki_reconciler.cli.validate import read_tree
from pki_schema.desired import GLOBAL, Identity
from pki_schema.errors import WorldFailed
from pki_schema.load import load
from pki_schema.load.provenance import Setting, settings
from pki_schema.load.tree import nearest

_CODE = re.compile(r"(?:PKI)?([0-9]+)", re.IGNORECASE)
"""No object is called so: its name has a slash."""

_WHOLE = re.compile(r"PKI[0-9]{4}")
_WIDTH = 80


def run(name: str, *, folder: Path, field: str | None, output: str) -> int:
    if code := _CODE.fullmatch(name):
        return _explain_code(f"PKI{code[1]}", output=output)
    files, _ = read_tree(folder)
    state = load(files)[0].state
    identity = _identity(name)
    if identity not in state.objects:
        known = [str(one) for one in state.objects]
        raise WorldFailed(f"{folder} declares no {name}", nearest(name, known) or _FORM)
    found = [one for one in settings(state, identity) if field is None or _is(one, field)]
    if not found:
        fields = {one.field.rpartition(": ")[2] for one in settings(state, identity)}
        raise WorldFailed(f"nothing sets {field} of {name}", nearest(field or "", fields))
    if output == "json":
        told.json({"object": str(identity), "settings": [_document(one) for one in found]})
    else:
        _tell(found, folder)
    return 0


_FORM = (
    "write kind/tenant/name, e.g. Service/vcc/argus-backend, or kind/name; or a code, e.g. PKI2007"
)


def _explain_code(code: str, *, output: str) -> int:
    from pki_schema import catalogue

    entry = catalogue.find(code)
    if entry is None:
        raise WorldFailed(f"there is no code {code}", _meant(code))
    example = catalogue.shown(entry.example)
    if output == "json":
        told.json(
            {
                "code": entry.code,
                "title": entry.title,
                "meaning": entry.meaning,
                "example": example,
                "cure": entry.cure,
            }
        )
        return 0
    typer.echo(f"{entry.code}: {entry.title}\n\n{_filled(entry.meaning)}")
    typer.echo(f"\nExample:\n\n{_indented(example)}")
    typer.echo(f"\nCure:\n\n{_filled(entry.cure)}")
    if changed := catalogue.changed(entry.example):
        typer.echo(f"\n{_indented(changed)}")
    return 0


def _meant(code: str) -> str:
    """Codes that are near, each with its title, and what the range is about."""
    from pki_schema import catalogue

    if not _WHOLE.fullmatch(code):
        return "a code is PKI and four digits, e.g. PKI2007"
    near = [entry for one in catalogue.near(code) if (entry := catalogue.find(one))]
    if not near:
        ranges = (catalogue.range_of(one) for one in catalogue.RANGES)
        return "\n".join(f"  {about}" for about in ranges)
    meant = "\n".join(f"  {entry.code}: {entry.title}" for entry in near)
    return f"did you mean one of these? {catalogue.range_of(code)}\n{meant}"


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_on_hyphens=False, break_long_words=False)


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")


def _identity(text: str) -> Identity:
    match text.split("/"):
        case [kind, tenant, name]:
            return Identity(kind, tenant, name)
        case [kind, name]:
            return Identity(kind, GLOBAL, name)
    raise WorldFailed(f"{text} is not the name of an object", _FORM)


def _is(one: Setting, field: str) -> bool:
    """A field is meant by its name or by its path, in every certificate that has it."""
    path = one.field.rpartition(": ")[2]
    return path == field or path.startswith((f"{field}.", f"{field}["))


def _document(one: Setting) -> dict[str, str | int | None]:
    where = one.position
    return {
        "field": one.field,
        "value": one.value,
        "source": one.source,
        "path": where.path if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
    }


def _tell(found: Collection[Setting], folder: Path) -> None:
    """A field a line, with its value; below it who set it, unless nobody did."""
    for one in found:
        typer.echo(f"{one.field}: {one.value}")
        where = (
            f"{folder / one.position.path}:{one.position.line}:{one.position.column}  "
            if one.position
            else ""
        )
        typer.echo(f"    {where}{one.source}")
