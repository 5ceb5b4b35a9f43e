"""What a ``Revocation`` says under a name that may have been used before.

An author writes one file anew; the ledger keeps every meaning it ever had in an accepted commit.
What the next one means follows from those alone, so nobody's polling decides it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_schema.desired import RevocationRequest, from_canonical
from pki_schema.kinds.revocation import RevocationSpec

REVOCATION = tables.revocation


class Sense(StrEnum):
    """``FIRST``: the name is new. ``CONCLUDES``: it releases a hold, or makes it final. ``ANEW``:
    the name was used, and what it says now is carried out, too. ``AGAIN``: it says what it said
    before, and nothing follows.

    The others are no declarations: ``NOT_HELD`` releases nothing, ``MOVED`` is a hold that would
    aim elsewhere, ``FINAL`` would take back what is for ever.
    """

    FIRST = "first"
    CONCLUDES = "concludes"
    ANEW = "anew"
    AGAIN = "again"
    NOT_HELD = "not held"
    MOVED = "moved"
    FINAL = "final"


DECLARES = frozenset({Sense.FIRST, Sense.CONCLUDES, Sense.ANEW})


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One meaning that a name had: since which commit, and whether it was carried out."""

    name: str
    commit: str
    seq: int
    request: RevocationRequest
    done: bool

    @property
    def spec(self) -> RevocationSpec:
        return self.request.spec

    @property
    def is_hold(self) -> bool:
        return self.spec.state == "held"


def sense(former: Sequence[RevocationSpec], spec: RevocationSpec) -> Sense:
    """What a spec says after those that were declared under its name, in their order."""
    known = [_compared(one) for one in former]
    if not known:
        return Sense.NOT_HELD if spec.state == "released" else Sense.FIRST
    last, said = known[-1], _compared(spec)
    if said == last:
        return Sense.AGAIN
    if last.state == "revoked":
        if said in known:  # a revert: revoked stays revoked
            return Sense.AGAIN
        return Sense.ANEW if said.state == "revoked" else Sense.FINAL
    if said.target != last.target:
        return Sense.MOVED
    if last.state == "held":
        return Sense.ANEW if said.state == "held" else Sense.CONCLUDES
    return Sense.NOT_HELD if said.state == "released" else Sense.ANEW


def _compared(spec: RevocationSpec) -> RevocationSpec:
    return msgspec.structs.replace(spec, comment=None)


def of_names(connection: sa.Connection, names: Iterable[str]) -> dict[str, list[Declaration]]:
    """All declarations of these names, in the order in which they were accepted."""
    found: dict[str, list[Declaration]] = {}
    for chunk in statements.chunks(names):
        query = sa.select(REVOCATION).where(REVOCATION.c.name.in_(chunk))
        for row in connection.execute(query.order_by(REVOCATION.c.seq)):
            request = from_canonical(row.request.encode(), RevocationRequest)
            found.setdefault(row.name, []).append(
                Declaration(
                    name=row.name,
                    commit=row.commit,
                    seq=row.seq,
                    request=request,
                    done=row.resolved_seq is not None,
                )
            )
    return found


def is_overtaken(one: Declaration, all_of_it: Sequence[Declaration]) -> bool:
    """Whether the same object has said something else since, before anybody carried this out.

    So a hold that was released, or made final, between two polls is none. What is for ever counts
    whatever came after it.
    """
    return one.spec.state != "revoked" and one.seq < all_of_it[-1].seq


def concludes(one: Declaration, all_of_it: Sequence[Declaration]) -> bool:
    """Whether it ends, one way or the other, a hold of its name that was carried out."""
    before = [other for other in all_of_it if other.seq < one.seq]
    return bool(before) and before[-1].is_hold and before[-1].done
