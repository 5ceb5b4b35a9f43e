"""The words in which an author is told what stands where something else should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pki_schema.errors import FieldError
from pki_schema.fields import SCALARS, Scalar
from pki_schema.load.characters import shown
from pki_schema.load.decoding import read_scalar
from pki_schema.load.positions import Path

_CLASSES: Mapping[str, type[Scalar]] = {kind.__name__: kind for kind in SCALARS}
TYPES = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_YAML_1_1_FLAGS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def label(path: Path) -> str:
    """How a message calls a place: its last field, with the index in a list."""
    names = [i for i, part in enumerate(path) if isinstance(part, str)]
    if not names:
        return "the document"
    first, *rest = path[names[-1] :]
    return shown(str(first)) + "".join(f"[{index}]" for index in rest)


def described(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int():
            return f"the number {value}"
        case str():
            return f'"{shown(value)}"'
        case list():
            return "a list"
        case _:
            return "a mapping"


def cure(wanted: str, found: object, schema: Mapping[str, Any]) -> str:
    """What to write where a value has the wrong type."""
    if found is None:
        return "write a value, or leave the field out"
    match wanted:
        case "string" if isinstance(found, int):
            return _as_text(str(found).lower(), _CLASSES.get(schema.get("format", "")))
        case "boolean" if isinstance(found, str):
            word = _YAML_1_1_FLAGS.get(found.lower(), found.lower())
            return f"write {word}" if word in {"true", "false"} else "write true or false, unquoted"
        case "integer" if isinstance(found, str):
            return "write plain decimal digits, unquoted"
        case "array" if not isinstance(found, dict):
            item = found if isinstance(found, str) else str(found).lower()
            return f"write it as a list: [{shown(item)}]"
        case _:
            return ""


def _as_text(written: str, kind: type[Scalar] | None) -> str:
    """``90`` for a duration needs a unit rather than quotes; ``123`` for a name needs quotes."""
    if kind is not None:
        try:
            read_scalar(kind, written)
        except FieldError as error:
            return error.hint
    return f'quote it: "{written}"'
