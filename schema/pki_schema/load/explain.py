"""All that is wrong with a document whose decoding was refused, at once and in an author's words.

The decoder stops at the first fault, so the generated JSON Schema is asked for all of them. It is
made of the same types and reads scalars with the same parsers: both give one verdict. Only refused
documents pay for this, and for importing jsonschema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from pki_schema.errors import FieldError, Problem, in_reading_order
from pki_schema.fields import SCALARS, Scalar
from pki_schema.kinds import API_VERSION, SPECS, Envelope
from pki_schema.load.characters import MOST_PROBLEMS, shown
from pki_schema.load.decoding import read_scalar
from pki_schema.load.positions import Path, Positions
from pki_schema.load.tree import nearest
from pki_schema.load.wording import TYPES, cure, described, label

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator


def explain(value: object, positions: Positions, refusal: str) -> tuple[Problem, ...]:
    """Every fault of a document (PKI21xx and the scalars' own), never none.

    ``refusal`` is what the decoder said; it stands where the schema finds no fault.
    """
    problems = in_reading_order(islice(_distinct(_faults(value, positions)), MOST_PROBLEMS))
    if problems:
        return problems
    where = positions.get(("spec",), positions[()])
    return (Problem(where, "PKI2100", shown(refusal)),)


def json_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a type; a scalar is a string with its class as ``format``."""
    return msgspec.json.schema(kind, schema_hook=_scalar_schema)


def _distinct(problems: Iterator[Problem]) -> Iterator[Problem]:
    seen = set()
    for problem in problems:
        if problem not in seen:
            seen.add(problem)
            yield problem


def _faults(value: object, positions: Positions) -> Iterator[Problem]:
    yield from _schema_faults(Envelope, (), value, positions)
    if not isinstance(value, dict):
        return
    version, kind, spec = value.get("apiVersion"), value.get("kind"), value.get("spec")
    if isinstance(version, str) and version != API_VERSION:
        message = f'apiVersion "{shown(version)}" is not known'
        yield Problem(positions["apiVersion",], "PKI2106", message, f"write {API_VERSION}")
    if not isinstance(kind, str):
        return
    if kind not in SPECS:
        hint = nearest(kind[:64], SPECS)
        hint = hint or f"use one of: {', '.join(SPECS)}"
        yield Problem(positions["kind",], "PKI2105", f'"{shown(kind)}" is not a kind', hint)
    if kind in SPECS and isinstance(spec, dict):
        yield from _schema_faults(SPECS[kind], ("spec",), spec, positions)


def _schema_faults(
    kind: type[msgspec.Struct], root: Path, value: Any, positions: Positions
) -> Iterator[Problem]:
    for error in _validator(kind).iter_errors(value):
        for leaf in _leaves(error):
            yield from _told(leaf, (*root, *leaf.absolute_path), positions)


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The faults behind "matches none": every choice is between something and null."""
    if error.validator != "anyOf":
        yield error
        return
    for inner in error.context or ():
        if inner.validator != "type" or inner.validator_value != "null":
            yield from _leaves(inner)


def _told(error: ValidationError, path: Path, positions: Positions) -> Iterator[Problem]:
    found: Any = error.instance
    asked: Any = error.validator_value
    schema: Any = error.schema
    tell = partial(Problem, positions[path])
    match error.validator:
        case "additionalProperties":
            known = tuple(schema.get("properties", ()))
            for name in (name for name in found if name not in known):
                where = positions.key((*path, name))
                message = f'unknown field "{shown(name)}"'
                yield Problem(where, "PKI2101", message, nearest(name[:64], known))
        case "required":
            for name in asked:
                if name not in found:
                    yield tell("PKI2102", f'{label(path)} lacks the field "{name}"')
        case "type":
            wanted = str(asked)
            message = f"{label(path)} must be {TYPES.get(wanted, wanted)}, not {described(found)}"
            yield tell("PKI2103", message, cure(wanted, found, schema))
        case "enum":
            words = [str(word) for word in asked]
            hint = nearest(str(found)[:64], words)
            yield tell("PKI2104", f"{label(path)} cannot be {described(found)}", hint)
        case "format" if isinstance(error.cause, FieldError):
            yield tell(error.cause.code, error.cause.message, error.cause.hint)
        case _:
            yield tell("PKI2100", shown(error.message))


@cache
def _validator(kind: type[msgspec.Struct]) -> Validator:
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 - slow, rarely needed

    checker = FormatChecker(formats=())
    for scalar in SCALARS:
        checker.checks(scalar.__name__, raises=FieldError)(_check(scalar))
    return Draft202012Validator(json_schema(kind), format_checker=checker)


def _check(kind: type[Scalar]) -> Callable[[object], bool]:
    def conforms(value: object) -> bool:
        if isinstance(value, str):
            read_scalar(kind, value)
        return True  # anything else has a fault already: its type

    return conforms


def _scalar_schema(kind: type) -> dict[str, Any]:
    if kind in SCALARS:
        return {"type": "string", "format": kind.__name__}
    raise NotImplementedError(f"no schema for {kind.__name__}")
