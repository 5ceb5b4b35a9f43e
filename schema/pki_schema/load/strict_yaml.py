"""Strict YAML: bytes to plain values with positions, or problems; nothing in between.

Read from the events of PyYAML's C parser, so that depth and size are judged before anything is
built and nothing recurses. Only mappings, lists, text, ``true``/``false``, plain decimal integers
and null exist. Whatever else YAML 1.1 would make of a plain scalar (``NO``, ``012``, ``1:30``,
dates, ``3.10``) stays the text that was written, as YAML 1.2 section 10.3 has it for most of them.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from yaml import YAMLError, events
from yaml._yaml import CParser

from pki_schema.errors import Position, Problem, in_reading_order
from pki_schema.load import characters
from pki_schema.load.characters import MOST_PROBLEMS, shown
from pki_schema.load.syntax import syntax_problem

DEEPEST = 32
"""Mappings and lists inside each other, the document's own included."""

MOST_VALUES = 10_000
"""Keys and values of one file."""

COLUMN_BITS: Final = 21

_CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
}  # fmt: skip
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_DIGITS = 18


class Tree(msgspec.Struct, frozen=True, gc=False):
    """The one document of a file.

    ``value`` consists of dict (in the order written), list, str, int, bool and None. ``marks`` are
    places (line << COLUMN_BITS | column, both from 1) in reading order: of every value where it
    begins, in a mapping that of each key before that of its value.
    """

    value: Any
    marks: list[int]


def read(path: str, data: bytes) -> tuple[Tree | None, tuple[Problem, ...]]:
    """A file's document, or everything that keeps it from being one (PKI10xx)."""
    problems = characters.faults(path, data)
    if problems:
        return None, problems
    return _Composer(path, data).compose()


class _Stop(Exception):
    """The rest of the file is not worth reading, or not safe to read."""


class _Composer(CParser):
    """One pass over the events; ``_container`` is the innermost open mapping or list."""

    def __init__(self, path: str, data: bytes) -> None:
        super().__init__(data)
        self._path = path
        self._root: list[Any] = []
        self._problems: list[Problem] = []
        self._marks: list[int] = []
        self._container: dict[str, Any] | list[Any] = self._root
        self._key: str | None = None
        self._seen: dict[str, int] = {}
        self._outer: list[tuple[dict[str, Any] | list[Any], dict[str, int]]] = []

    def compose(self) -> tuple[Tree | None, tuple[Problem, ...]]:
        try:
            self._follow()
            if self._root in ([], [None]) and not self._problems:
                self._tell("PKI1009", "the file is empty")
        except _Stop:
            pass
        except YAMLError as error:
            self._problems.append(syntax_problem(self._path, error))
        if self._problems:
            return None, in_reading_order(self._problems)
        return Tree(self._root[0], self._marks), ()

    def _follow(self) -> None:
        documents = 0
        while (event := self.get_event()) is not None:
            match event:
                case events.ScalarEvent():
                    self._scalar(event)
                case events.MappingStartEvent():
                    self._open(event, {})
                case events.SequenceStartEvent():
                    self._open(event, [])
                case events.CollectionEndEvent():
                    self._container, self._seen = self._outer.pop()
                case events.AliasEvent():
                    self._alias(event)
                case events.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._tell("PKI1010", "a second document begins", "one per file", event)
                        raise _Stop

    def _scalar(self, event: events.ScalarEvent) -> None:
        text, plain = event.value, not event.style
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if event.style == '"' and (fault := characters.hidden(text)):
            self._tell("PKI1005", *fault, event)
        if self._key is None and type(self._container) is dict:
            self._take_key(event, text, plain=plain)
            return
        value: Any = text
        if plain:
            if text in _CONSTANTS:
                value = _CONSTANTS[text]
            elif text[0] in "-0123456789" and _INTEGER.fullmatch(text):
                value = self._integer(event, text)
        self._add(event, value)

    def _open(self, event: events.CollectionStartEvent, child: dict[str, Any] | list[Any]) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if self._key is None and type(self._container) is dict:
            self._tell("PKI1016", "a key must be text", "write key: value", event)
            raise _Stop
        if len(self._outer) == DEEPEST:
            self._tell("PKI1007", f"the nesting is deeper than {DEEPEST}", "flatten it", event)
            raise _Stop
        self._add(event, child)
        self._outer.append((self._container, self._seen))
        self._container, self._seen = child, {}

    def _alias(self, event: events.AliasEvent) -> None:
        alias = f"*{event.anchor}"
        hint = "write the value out, or quote text that begins with *"
        self._tell("PKI1011", f'the alias "{shown(alias)}" is not allowed', hint, event)
        if self._key is None and type(self._container) is dict:
            self._key = alias
        else:
            self._add(event, None)

    def _take_key(self, event: events.ScalarEvent, text: str, *, plain: bool) -> None:
        place = _mark(event)
        line = place >> COLUMN_BITS
        if plain and text == "<<":
            self._tell(
                "PKI1012", 'merge keys ("<<") are not allowed', "write the fields out", event
            )
        elif plain and (text in _CONSTANTS or _INTEGER.fullmatch(text)):
            hint = f'quote it: "{shown(text)}"' if text else "write key: value"
            self._tell("PKI1016", "a key must be text", hint, event)
        first = self._seen.setdefault(text, line)
        if text in self._container:
            message = f'the key "{shown(text)}" is given twice, in lines {first} and {line}'
            self._tell("PKI1015", message, "remove one of them", event)
        self._marks.append(place)
        self._key = text

    def _add(self, event: events.NodeEvent, value: Any) -> None:
        self._marks.append(_mark(event))
        if len(self._marks) > MOST_VALUES:
            hint = "spread it over several files"
            self._tell("PKI1008", f"the file has more than {MOST_VALUES} values", hint, event)
            raise _Stop
        container = self._container
        if isinstance(container, list):
            container.append(value)
        elif self._key is not None:
            container[self._key] = value
            self._key = None

    def _integer(self, event: events.ScalarEvent, text: str) -> int:
        if len(text.lstrip("-")) > _DIGITS:
            message = f"the number {shown(text)} has more than {_DIGITS} digits"
            self._tell("PKI1017", message, "quote it if it is text, as a serial number is", event)
            return 0
        return int(text)

    def _refuse_properties(self, event: events.ScalarEvent | events.CollectionStartEvent) -> None:
        if event.anchor is not None:
            hint = "write the value out where it is needed; use a template for what services share"
            self._tell(
                "PKI1011", f'the anchor "&{shown(event.anchor)}" is not allowed', hint, event
            )
        if event.tag is not None:
            hint = "remove it, and quote the value if it is text"
            self._tell("PKI1013", f'the tag "{shown(event.tag)}" is not allowed', hint, event)

    def _tell(
        self, code: str, message: str, hint: str = "", event: events.Event | None = None
    ) -> None:
        place = event.start_mark if event else None
        line, column = (place.line, place.column) if place else (0, 0)
        position = Position(self._path, line + 1, column + 1)
        self._problems.append(Problem(position, code, message, hint))
        if len(self._problems) >= MOST_PROBLEMS:
            raise _Stop


def _mark(event: events.Event) -> int:
    place = event.start_mark
    return (place.line + 1) << COLUMN_BITS | (place.column + 1) if place else 0
