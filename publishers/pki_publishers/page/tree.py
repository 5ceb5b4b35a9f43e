"""The hierarchy of CAs: each by its name, with its generations and what is below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pki_schema.reported import AuthorityStatus


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A CA: its generations, the newest first, and the CAs below it."""

    name: str
    generations: tuple[AuthorityStatus, ...]
    below: tuple[Authority, ...]


def hierarchy(authorities: Sequence[AuthorityStatus]) -> tuple[Authority, ...]:
    """The roots, with everything below them. What names a parent that is not there is a root."""
    named: dict[str, list[AuthorityStatus]] = {}
    for one in authorities:
        named.setdefault(one.name, []).append(one)
    newest = {name: max(of, key=lambda one: one.generation) for name, of in named.items()}
    roots = [name for name, one in newest.items() if one.parent not in named]
    return tuple(_branch(name, named, newest, above=()) for name in sorted(roots))


def _branch(
    name: str,
    named: Mapping[str, Sequence[AuthorityStatus]],
    newest: Mapping[str, AuthorityStatus],
    *,
    above: tuple[str, ...],
) -> Authority:
    line = (*above, name)
    below = sorted(n for n, one in newest.items() if one.parent == name and n not in line)
    return Authority(
        name=name,
        generations=tuple(sorted(named[name], key=lambda one: -one.generation)),
        below=tuple(_branch(one, named, newest, above=line) for one in below),
    )
