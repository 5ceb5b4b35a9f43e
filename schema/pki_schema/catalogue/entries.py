"""What is known of a code: an entry, with an example that can be tried or that is told."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """Files by path that, laid over ``examples.BASE``, have ``load`` say the code.

    ``cured`` are the files to lay over these for the code to be gone; empty where none are given.
    """

    files: Mapping[str, str]
    cured: Mapping[str, str] = {}


class Told(msgspec.Struct, frozen=True):
    """A situation in words or as commands, for what no tree of files alone brings about."""

    text: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One code: what it means and why the rule exists, how it comes about, and what to do."""

    code: str
    title: str
    meaning: str
    example: Declared | Told
    cure: str


def entry(number: int, *, title: str, meaning: str, example: Declared | Told, cure: str) -> Entry:
    """An entry by its number: the codes in quotes stand where they are told, and only there."""
    return Entry(code=f"PKI{number}", title=title, meaning=meaning, example=example, cure=cure)
