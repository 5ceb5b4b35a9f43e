"""A TOML file being read: typed look-ups that collect problems instead of stopping at the first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pki_schema.errors import Position, Problem

Table = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A table, a key in it (empty: the table itself), and which table of that name it is."""

    table: str
    key: str = ""
    nth: int = 0


@dataclass(frozen=True)
class Sheet:
    """What the file says, and the problems found so far; ``folder`` is where its paths start."""

    path: Path
    text: str
    tables: Table
    problems: list[Problem] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.path.absolute().parent

    def report(self, place: Place, code: str, message: str, hint: str = "") -> None:
        """Add a problem at the line of ``place``."""
        position = Position(str(self.path), _line(self.text, place))
        self.problems.append(Problem(position, code, message, hint))

    def table(self, name: str, keys: Set[str]) -> Table:
        """A table without its unknown keys, which are reported; empty when absent."""
        value = self.tables.get(name, {})
        if not isinstance(value, dict):
            self.report(Place(name), "PKI2304", f"{name} is not a table", f"write [{name}]")
            return {}
        return self.known(Place(name), value, keys)

    def several(self, name: str, keys: Set[str]) -> list[Table]:
        """The tables of a ``[[name]]`` list, as ``table`` gives them; empty when absent."""
        value = self.tables.get(name, [])
        if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
            self.report(Place(name), "PKI2304", f"{name} is not a list", f"write [[{name}]]")
            return []
        return [self.known(Place(name, nth=nth), table, keys) for nth, table in enumerate(value)]

    def known(self, place: Place, table: Table, keys: Set[str]) -> Table:
        """A table without its unknown keys, which are reported."""
        for key in table.keys() - keys:
            there = Place(place.table, key, place.nth)
            hint = f"use one of: {', '.join(sorted(keys))}"
            self.report(there, "PKI2302", f"unknown key {key[:80]!r} in [{place.table}]", hint)
        return {key: value for key, value in table.items() if key in keys}

    def word(self, place: Place, table: Table, default: str | None = None) -> str:
        """A line of text; an absent or wrong one is reported and read as empty."""
        value = table.get(place.key, default)
        if value is None:
            message = f"[{place.table}] needs {place.key}"
            self.report(Place(place.table, nth=place.nth), "PKI2303", message)
            return ""
        if not isinstance(value, str) or not value or not value.isprintable():
            message = f"{place.key} in [{place.table}] must be one line of text"
            self.report(place, "PKI2304", message)
            return ""
        return value

    def path_at(self, place: Place, table: Table, default: Path | None = None) -> Path:
        """A path made absolute against the file's folder; what cannot be one is reported."""
        word = self.word(place, table, str(default) if default else None)
        if word.startswith("~"):
            hint = "write the folder in full, or relative to this file"
            self.report(place, "PKI2307", f"{place.key}: ~ is not expanded here", hint)
        return self.folder / word


def parse_sheet(path: Path, text: str) -> Sheet | Problem:
    """Parse TOML; a syntax error is one ``Problem`` with its line and column."""
    try:
        return Sheet(path, text, tomllib.loads(text))
    except RecursionError:
        return Problem(Position(str(path)), "PKI2301", "is nested too deeply")
    except ValueError as error:
        # tomllib tells the place only inside its sentence.
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        numbers = map(int, place.groups()) if place else ()
        message = str(error)[: place.start()] if place else str(error)
        return Problem(Position(str(path), *numbers), "PKI2301", message)


def _line(text: str, place: Place) -> int:
    """The line where a key, or without one its table, stands; 1 when it is written otherwise."""
    table, nth, found = "", -1, 1
    for number, line in enumerate(text.splitlines(), start=1):
        head = re.match(r"\s*\[+\s*\"?([\w-]+)\"?\s*\]", line)
        if head:
            table = head[1]
            nth += table == place.table
        if table != place.table or nth != place.nth:
            continue
        if head:
            found = number
        elif place.key and re.match(rf"\s*\"?{re.escape(place.key)}\"?\s*=", line):
            return number
    return found
