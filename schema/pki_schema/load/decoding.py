"""Plain values into typed ones, strictly and fast: msgspec, and the parsers of ``fields``.

One place says how a scalar is read; the decoder and the explanation of its refusals both ask it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from pki_schema.errors import FieldError
from pki_schema.fields import SCALARS, Scalar
from pki_schema.load.characters import shown

LONGEST_SCALAR = 512
"""Characters of a scalar field: no class has a longer one, so no parser sees a longer text."""

_SCALARS = frozenset(SCALARS)
T = TypeVar("T")


def convert(value: object, kind: type[T]) -> T:
    """A typed value from plain ones; raises ``msgspec.ValidationError`` at the first fault."""
    return msgspec.convert(value, kind, dec_hook=_scalar)


def read_scalar(kind: type[Scalar], text: str) -> Scalar:
    """What an author wrote as a value of ``kind``; raises ``FieldError``."""
    if len(text) > LONGEST_SCALAR:
        raise FieldError(kind.code, f'"{shown(text)}" has more than {LONGEST_SCALAR} characters')
    # YAML can say line feeds and tabs; no scalar field has a use for them.
    if "\n" in text or "\t" in text:
        hint = "write it on one line; a folded block needs >- instead of >"
        raise FieldError(kind.code, f'"{shown(text)}" is not one line of text', hint)
    return kind.parse(text)


def _scalar(kind: type[Any], value: object) -> Any:
    if kind not in _SCALARS:
        raise NotImplementedError(f"no decoder for {kind.__name__}")
    if not isinstance(value, str):
        raise TypeError(f"a {kind.__name__} is written as text")
    return read_scalar(kind, value)
