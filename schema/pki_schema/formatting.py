"""How a manifest is laid out: two spaces, lists indented, one way everywhere.

Nothing is put in another order, no comment is lost, no value is written differently: what cannot be
laid out like that is left as it is, and said.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator

import yaml

from pki_schema.errors import Position, Problem
from pki_schema.load.strict_yaml import read

_COMMENT = re.compile(r"(?:^|[ \t])(#[^\r\n]*)", re.MULTILINE)
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


def formatted(path: str, data: bytes) -> bytes | tuple[Problem, ...]:
    """A manifest laid out, or why not: what strict YAML refuses, or PKI1020. Doing it again
    changes nothing.
    """
    found, problems = read(path, data)
    if found is None:
        return problems
    # To YAML all line breaks are one (YAML 1.2 section 5.4); to its readers they should be, too.
    before = data.decode("utf-8").replace("\r\n", "\n")
    after = _aligned(_TRAILING.sub("", _laid_out(before)))
    again, _ = read(path, after.encode())
    # A library has done it, for a file that says who is trusted: it is asked for nothing but looks.
    if again is None or again.value != found.value or _comments(after) != _comments(before):
        message = "the file cannot be laid out without losing something"
        hint = "move comments out of lists and mappings in brackets"
        return (Problem(Position(path), "PKI1020", message, hint),)
    return after.encode()


def _laid_out(text: str) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow, and for this alone

    layout = YAML(typ="rt")
    layout.preserve_quotes = True
    layout.width = 1 << 20  # lines are broken by their authors
    layout.brace_single_entry_mapping_in_flow_sequence = True
    layout.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    layout.dump(layout.load(text), stream)
    return stream.getvalue()


def _aligned(text: str) -> str:
    """Lines that are comments alone begin where the line before or after them does."""
    lines = text.split("\n")
    alone = {
        number
        for start, gap in _gaps(text)
        for number, line in enumerate(gap.split("\n"), start=text.count("\n", 0, start))
        if line.lstrip().startswith("#") and lines[number].strip() == line.strip()
    }
    for number in sorted(alone, reverse=True):
        beside = [_indent(lines, range(number + 1, len(lines)))]
        beside.append(_indent(lines, (n for n in range(number - 1, -1, -1) if n not in alone)))
        comment = lines[number].lstrip()
        if beside[0] is not None and len(lines[number]) - len(comment) not in beside:
            lines[number] = " " * beside[0] + comment
    return "\n".join(lines)


def _indent(lines: list[str], numbers: Iterable[int]) -> int | None:
    """Of the first of these lines that is not empty."""
    for number in numbers:
        if lines[number].strip():
            return len(lines[number]) - len(lines[number].lstrip())
    return None


def _comments(text: str) -> list[str]:
    """All comments in order: what lies between the tokens and begins with ``#``."""
    return [comment.rstrip() for _, gap in _gaps(text) for comment in _COMMENT.findall(gap)]


def _gaps(text: str) -> Iterator[tuple[int, str]]:
    """What lies between the tokens, with its index."""
    end = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if token.start_mark.index > end:
            yield end, text[end : token.start_mark.index]
        end = max(end, token.end_mark.index)
    yield end, text[end:]
