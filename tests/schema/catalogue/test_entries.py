"""The catalogue holds every code that the product can say, and says something of each."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pki_schema import catalogue
from pki_schema.catalogue import Declared, Entry
from pki_schema.catalogue.lookup import ENTRIES

ROOT = Path(__file__).parents[3]
WINGS = ("schema", "publishers", "reconciler")
LONGEST_TITLE = 72
MOST_LINES = 27
"""Four templates, one below the other; most examples have five to ten."""

every_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)


def codes_said() -> set[str]:
    """Every code in a text of the source that is no documentation."""
    return {
        code
        for wing in WINGS
        for path in (ROOT / wing).rglob("*.py")
        if "catalogue" not in path.parts
        for text in _texts(ast.parse(path.read_text()))
        for code in re.findall(r"PKI[0-9]{4}", text)
    }


def _texts(tree: ast.Module) -> Iterator[str]:
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in constants:
        if isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def test_every_code_has_an_entry() -> None:
    assert sorted(codes_said() - ENTRIES.keys()) == []


def test_every_entry_is_of_a_code() -> None:
    """Who takes a code out of the source takes out its entry."""
    assert sorted(ENTRIES.keys() - codes_said()) == []


def test_a_code_has_one_entry() -> None:
    rooms = (ROOT / "schema/pki_schema/catalogue").glob("*.py")
    numbers = re.findall(
        r"^    entry\(\n        ([0-9]{4}),$", "".join(r.read_text() for r in rooms), re.MULTILINE
    )
    assert [number for number, count in Counter(numbers).items() if count > 1] == []
    assert len(numbers) == len(ENTRIES)


@every_entry
def test_an_entry_says_something(entry: Entry) -> None:
    assert entry.title
    assert len(entry.title) <= LONGEST_TITLE
    assert not entry.title.endswith(".")
    for text in (entry.meaning, entry.cure):
        assert text.endswith(".")
        assert text == " ".join(text.split())
    assert catalogue.shown(entry.example).strip()
    assert catalogue.find(entry.code) is entry


@every_entry
def test_an_example_is_short_and_shows_itself(entry: Entry) -> None:
    """On a terminal nothing may be hidden, or obeyed."""
    for text in (catalogue.shown(entry.example), catalogue.changed(entry.example)):
        lines = text.splitlines()
        assert len(lines) <= MOST_LINES
        assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("field", ["title", "meaning", "cure"])
def test_no_two_entries_say_the_same(field: str) -> None:
    counts = Counter(getattr(entry, field) for entry in ENTRIES.values())
    assert [text for text, count in counts.items() if count > 1] == []


def test_no_two_examples_are_the_same() -> None:
    counts = Counter(catalogue.shown(entry.example) for entry in ENTRIES.values())
    assert [text for text, count in counts.items() if count > 1] == []


def test_an_example_shows_what_is_different() -> None:
    """The rest of the file is known, and would hide the line that matters."""
    found = catalogue.find("PKI2007")
    assert found is not None
    assert isinstance(found.example, Declared)
    assert catalogue.shown(found.example) == (
        "# tenants/vcc/services/api.yaml\nkind: Service\nspec:\n  …\n  duration: 90days"
    )
    assert catalogue.changed(found.example) == (
        "# tenants/vcc/services/api.yaml\n-  duration: 90days\n+  duration: 90d"
    )


@pytest.mark.parametrize("code", ["PKI2008", "PKI2070"])
def test_a_code_that_is_none_is_near_another(code: str) -> None:
    """By its number, or with two digits in the other order."""
    assert catalogue.find(code) is None
    assert catalogue.near(code)[0] == "PKI2007"


@pytest.mark.parametrize("code", ["PKI1999", "PKI3999", "PKI4999", "PKI5999", "PKI6999"])
def test_what_is_near_is_of_the_same_range(code: str) -> None:
    near = catalogue.near(code)
    assert len(near) == 3
    assert {one[:4] for one in near} == {code[:4]}
    assert all(catalogue.find(one) for one in near)


def test_outside_of_every_range_nothing_is_near() -> None:
    assert catalogue.near("PKI9001") == ()
    assert catalogue.range_of("PKI9001") is None
    assert catalogue.range_of("PKI1001") == "PKI1xxx is about syntax, paths and files"
