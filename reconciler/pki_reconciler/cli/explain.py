"""``vcc-pki explain OBJECT``: every value that counts, and the line that set it."""

from __future__ import annotations

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


def run(name: str, *, folder: Path, field: str | None, output: str) -> int:
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


_FORM = "write kind/tenant/name, e.g. Service/vcc/argus-backend, or kind/name"


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
