"""YAML that is none: the C parser's complaint in an author's words."""

from __future__ import annotations

from yaml import MarkedYAMLError, YAMLError

from pki_schema.errors import Position, Problem

_CURES = (
    (
        "cannot start any token",
        "quote text that begins with @, ` or %; indent with spaces, not tabs",
    ),
    ("expected alphabetic or numeric", "quote text that begins with * or &"),
    ("mapping values are not allowed", "quote text that holds a colon; check the indentation"),
    ("could not find expected ':'", "write key: value"),
    ("did not find expected", "check the indentation, brackets and quotes"),
)


def syntax_problem(path: str, error: YAMLError) -> Problem:
    """What libyaml stumbled over. Its texts are constants and quote nothing of the file."""
    if not isinstance(error, MarkedYAMLError):
        return Problem(Position(path), "PKI1001", "the file cannot be read as YAML")
    place = error.problem_mark or error.context_mark
    position = Position(path, place.line + 1, place.column + 1) if place else Position(path)
    message = " ".join(part for part in (error.context, error.problem) if part)
    hint = next((cure for sign, cure in _CURES if sign in message), "")
    return Problem(position, "PKI1001", message, hint)
