"""Entries by code."""

from __future__ import annotations

from collections.abc import Mapping

from pki_schema.catalogue import (
    answers,
    certificates,
    crls,
    documents,
    fields,
    files,
    governance,
    host,
    jurisdiction,
    keys,
    permissions,
    references,
    requests,
    safety,
    specs,
)
from pki_schema.catalogue.entries import Entry

ENTRIES: Mapping[str, Entry] = {
    entry.code: entry
    for room in (
        files,
        fields,
        documents,
        specs,
        governance,
        host,
        references,
        permissions,
        jurisdiction,
        requests,
        keys,
        certificates,
        crls,
        answers,
        safety,
    )
    for entry in room.ENTRIES
}
RANGES: Mapping[str, str] = {
    "PKI1": "syntax, paths and files",
    "PKI2": "the schema (PKI23xx: vcc-pki.toml)",
    "PKI3": "references between objects",
    "PKI4": "what a tenant, a template or a CA allows; CSRs and keys (PKI405x to PKI407x)",
    "PKI5": "the linter (PKI50xx certificates, PKI51xx CRLs, PKI52xx OCSP answers)",
    "PKI6": "safety: what is held back, secrets in the tree",
}
"""What codes that begin like this are about."""

_MOST_NEAR = 3


def find(code: str) -> Entry | None:
    """The entry of a code, written ``PKI2007``."""
    return ENTRIES.get(code)


def near(code: str) -> tuple[str, ...]:
    """Codes that may have been meant, the nearest first: of the same range, by their number.

    A code with two neighbouring digits in the other order comes first: that is how they are
    misread.
    """
    known = sorted(one for one in ENTRIES if one[:4] == code[:4])
    swapped = {_swapped(code, place) for place in range(len("PKI") + 1, len(code) - 1)}
    number = int(code[3:])
    ranked = sorted(known, key=lambda one: (one not in swapped, abs(int(one[3:]) - number), one))
    return tuple(ranked[:_MOST_NEAR])


def range_of(code: str) -> str | None:
    """What the range of a code is about, or ``None`` where there is no such range."""
    about = RANGES.get(code[:4])
    return f"{code[:4]}xxx is about {about}" if about else None


def _swapped(code: str, place: int) -> str:
    return f"{code[:place]}{code[place + 1]}{code[place]}{code[place + 2 :]}"
