"""The JSON Schemas that editors show: made of the types, complete, and never in their way."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from pki_schema.errors import FieldError
from pki_schema.export import SHAPES, file_name, schemas
from pki_schema.fields import SCALARS, Scalar
from pki_schema.kinds import SPECS
from pki_schema.load.decoding import convert, read_scalar

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "desired-state").rglob("*.yaml"))
KNOWN = {
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "definitions",
    "description",
    "enum",
    "examples",
    "items",
    "maxLength",
    "minLength",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
}
"""The part of draft-07 that every editor reads."""


def schema(kind: str) -> Any:
    return json.loads(schemas()[file_name(kind)])


def parts(of: Any) -> list[dict[str, Any]]:
    """A schema and all schemas inside it."""
    found = [of]
    for name in ("properties", "definitions"):
        found += [part for one in of.get(name, {}).values() for part in parts(one)]
    for name in ("items", "additionalProperties"):
        if isinstance(of.get(name), dict):
            found += parts(of[name])
    for name in ("anyOf", "allOf"):
        found += [part for one in of.get(name, []) for part in parts(one)]
    return found


def test_what_is_committed_is_what_the_types_say() -> None:
    """Run ``make schemas`` after changing a kind."""
    committed = {path.name: path.read_bytes() for path in (ROOT / "schema/v1").iterdir()}
    assert committed == schemas()


@pytest.mark.parametrize("kind", SPECS)
def test_a_schema_keeps_to_what_editors_read(kind: str) -> None:
    Draft7Validator.check_schema(schema(kind))
    assert {word for part in parts(schema(kind)) for word in part} <= KNOWN
    # Beside a reference draft-07 reads nothing.
    assert all(len(part) == 1 for part in parts(schema(kind)) if "$ref" in part)


@pytest.mark.parametrize("kind", SPECS)
def test_every_field_has_a_description_and_an_example(kind: str) -> None:
    silent = [
        f"{name}.{field}"
        for name, one in {kind: schema(kind), **schema(kind)["definitions"]}.items()
        for field, part in one["properties"].items()
        if not part.get("description") or not part.get("examples")
    ]
    assert silent == []


@pytest.mark.parametrize("kind", SPECS)
def test_every_example_is_right(kind: str) -> None:
    """Asked twice: the schema, and the decoder that has the last word."""
    whole = schema(kind)
    for name, one in whole["definitions"].items():
        for field, part in one["properties"].items():
            for example in part["examples"]:
                alone = {**part, "definitions": whole["definitions"]}
                assert [*Draft7Validator(alone).iter_errors(example)] == [], f"{name}.{field}"
    spec = SPECS[kind]
    fields = schema(kind)["definitions"][spec.__name__]
    examples = {name: part["examples"][0] for name, part in fields["properties"].items()}
    assert convert(examples, spec)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_shipped_files_name_their_schema_and_keep_to_it(path: Path) -> None:
    """The first line is what editors look for; the path is relative, so it works offline."""
    text = path.read_text()
    document = yaml.load(text, Loader=yaml.BaseLoader)
    first = text.split("\n", 1)[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == ROOT / "schema/v1" / file_name(document["kind"])
    loose = _typed(document)
    assert [e.message for e in Draft7Validator(schema(document["kind"])).iter_errors(loose)] == []


def _typed(value: Any) -> Any:
    """Text as YAML 1.2 reads it, which is what editors do."""
    match value:
        case dict():
            return {key: _typed(one) for key, one in value.items()}
        case list():
            return [_typed(one) for one in value]
        case "true" | "false":
            return value == "true"
        case str() if value.isdigit():
            return int(value)
    return value


@pytest.mark.parametrize("kind", SCALARS)
def test_every_scalar_has_a_shape(kind: type[Scalar]) -> None:
    assert SHAPES[kind]


WRITTEN = st.text(
    alphabet=st.sampled_from("abcdefxyz0123456789./:-_@+= PTDHMSWZwdhm"), min_size=1, max_size=40
)
NEAR = st.sampled_from(
    [
        "argus-backend", "90d", "P90DT12H", "1w2d", "a.vcc.local", "xn--bcher-kva.example",
        "a@vcc.local", "spiffe://vcc.local/a", "http://pki.vcc.internal", "http://[2001:db8::1]:80/a",
        "10.0.0.0/8", "10.0.0.1", "2001:db8::/32", "::1", "2.5.29.32.0", "server auth",
        "1.3.6.1.5.5.7.3.1", "P-256", "0A:1b", "ab" * 32, "2026-11-22T21:00:00Z",
        "2026-11-22T21:00:00.5+01:00", "vcc/argus", "health_check", "22:00", "U1NIU0lHAAAAAQ==",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBDQZiIbqNvAsTgSUbfWQ5PZ2y6JOg2bDOyqbeBbxQgt",
    ]
)  # fmt: skip


@pytest.mark.parametrize("kind", SCALARS)
@given(text=WRITTEN | NEAR)
def test_a_shape_refuses_nothing_that_the_parser_accepts(kind: type[Scalar], text: str) -> None:
    """An editor must not underline what is right."""
    try:
        read_scalar(kind, text)
    except FieldError:
        return
    assert [*Draft7Validator({"type": "string", **SHAPES[kind]}).iter_errors(text)] == []
