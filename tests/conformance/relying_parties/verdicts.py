"""What a relying party can say of a certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from tests.conformance.relying_parties.evidence import Evidence, Presented


class Verdict(StrEnum):
    """Accepted, or refused for a reason; any other reason is no verdict but a failure."""

    ACCEPTED = "ok"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    MISUSED = "misused"
    UNREADABLE = "unread"
    """Refused because the program cannot read, or cannot judge, something in the chain."""


Judge = Callable[[Evidence, Iterable[Presented], Path], Mapping[str, Verdict]]
"""What is presented of the evidence, and an empty folder, in; a verdict by the name of each out."""


def one_by_one(ask: Callable[[Presented, Path], Verdict]) -> Judge:
    """The judge that asks about each certificate by itself."""

    def judge(_: Evidence, presented: Iterable[Presented], folder: Path) -> dict[str, Verdict]:
        return {each.name: ask(each, folder) for each in presented}

    return judge


def told(text: str, words: Mapping[str, Verdict]) -> Verdict:
    """The verdict whose words, as the program is known to put them, occur in what it said."""
    found = {verdict for word, verdict in words.items() if word in text}
    assert len(found) == 1, f"{sorted(found) or 'no verdict'} in: {text}"
    return found.pop()
