"""Where every key and value of a document stands, kept small and unfolded when first asked for.

Most documents have no problem and nobody asks; a hundred thousand of them must fit into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from pki_schema.errors import Position
from pki_schema.load.strict_yaml import COLUMN_BITS, Tree

Path = tuple[str | int, ...]

_NAME: Path = ("metadata", "name")

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[Any, list[int]])


def pack(tree: Tree) -> bytes:
    """A tree in msgpack: its value and its marks."""
    return _ENCODER.encode((tree.value, tree.marks))


def unpack(packed: bytes) -> Tree:
    """The inverse of ``pack``; raises ``msgspec.DecodeError`` on anything else."""
    value, marks = _DECODER.decode(packed)
    return Tree(value, marks)


def position(file: str, mark: int) -> Position:
    """The place in ``file`` that a tree's mark stands for."""
    return Position(file, mark >> COLUMN_BITS, mark & ((1 << COLUMN_BITS) - 1))


def named(file: str, tree: Tree) -> Position:
    """Where the name stands of an object that has one."""
    return position(file, tree.marks[_index(tree.value, _NAME)])


class Positions(Mapping[Path, Position]):
    """The place of each value by its path inside the document, e.g. ``("spec", "duration")``."""

    __slots__ = ("_asked", "_file", "_keys", "_name", "_packed", "_values")

    def __init__(self, file: str, packed: bytes, *, name: Position | None = None) -> None:
        """``name`` is the place that is asked of each, where it is known: that of its name."""
        self._file = file
        self._name = name
        self._packed = packed
        self._asked = False
        self._keys: dict[Path, Position] = {}
        self._values: dict[Path, Position] = {}

    def __getitem__(self, path: Path) -> Position:
        if self._name and path == _NAME:
            return self._name
        if self._asked:
            return self._unfolded()[path]
        # Most are asked for one place and never again, which needs no map of them all.
        self._asked = True
        tree = unpack(self._packed)
        return position(self._file, tree.marks[_index(tree.value, path)])

    def __iter__(self) -> Iterator[Path]:
        return iter(self._unfolded())

    def __len__(self) -> int:
        return len(self._unfolded())

    def __repr__(self) -> str:
        return f"Positions({self._file!r}, {len(self._packed)} bytes)"

    def key(self, path: Path) -> Position:
        """The place of the key that names a value; ``KeyError`` for what is in no mapping."""
        self._unfolded()
        return self._keys[path]

    def _unfolded(self) -> dict[Path, Position]:
        if not self._values:
            tree = unpack(self._packed)
            self._walk((), tree.value, iter(tree.marks))
        return self._values

    def _walk(self, path: Path, value: object, marks: Iterator[int]) -> None:
        self._values[path] = position(self._file, next(marks))
        if isinstance(value, dict):
            for name, child in value.items():
                inner = (*path, name)
                self._keys[inner] = position(self._file, next(marks))
                self._walk(inner, child, marks)
        elif isinstance(value, list):
            for index, child in enumerate(value):
                self._walk((*path, index), child, marks)


def _index(value: Any, path: Path) -> int:
    """Which of a tree's marks is that of the value at ``path``; ``KeyError`` if there is none."""
    index = 0
    for part in path:
        index += 1
        if isinstance(value, dict) and isinstance(part, str) and part in value:
            for name, child in value.items():
                index += 1  # the key's own mark
                if name == part:
                    break
                index += _marks(child)
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            index += sum(map(_marks, value[:part]))
            value = value[part]
        else:
            raise KeyError(path)
    return index


def _marks(value: object) -> int:
    """How many marks a value has, its own included."""
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(_marks, value.values()))
    return 1 + sum(map(_marks, value)) if isinstance(value, list) else 1
