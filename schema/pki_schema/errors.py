"""What can be wrong with what an author wrote, as values.

The first of the three error families: *the author is wrong*. A ``Problem`` points at file, line and
column, carries a stable code and a cure, and is collected, never raised: an author sees all of them
at once. (The second family, *the plan is refused*, is in ``planned``; the third, *the world
failed*, is ``WorldFailed``.)
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How much a problem weighs: an ``error`` keeps its slice from being accepted."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """A place in a file: path relative to the repository root, line and column from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Problem(msgspec.Struct, frozen=True, gc=False):
    """One thing an author should know.

    ``code`` is stable: 1xxx syntax, 2xxx schema, 3xxx references, 4xxx policy and authorisation,
    5xxx lint, 6xxx safety. ``hint`` says what to write instead, or is empty.
    """

    position: Position
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        cure = f"; {self.hint}" if self.hint else ""
        return f"{self.position}: {self.severity}[{self.code}] {self.message}{cure}"


class FieldError(ValueError):
    """A single value does not say what its field needs.

    Raised by the parsers of ``fields`` and turned into a ``Problem`` by ``load``, which knows the
    position. It never leaves the schema wing.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class WorldFailed(Exception):
    """The third family: disk, Git, key store or network did not do what was asked; try again.

    ``remedy`` is a sentence for the operator. Neither text may contain a secret.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Fenced(WorldFailed):
    """Somebody else writes now. Not to be tried again: who meets this ends."""


class LedgerFailed(WorldFailed):
    """The database did not. Nothing can be intended without it, so the cycle ends."""


def in_reading_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort by file, line and column, errors before warnings at one place, without repeats."""
    ranks = {severity: rank for rank, severity in enumerate(Severity)}
    return tuple(
        sorted(
            set(problems),
            key=lambda p: (p.position, ranks[p.severity], p.code, p.message),
        )
    )


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any problem is an error (warnings and notices never are)."""
    return any(problem.severity is Severity.ERROR for problem in problems)
