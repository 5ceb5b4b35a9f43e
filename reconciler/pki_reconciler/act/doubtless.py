"""What may be published although the ledger is in doubt: status, and what changes nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_publishers.targets.target import Target
from pki_reconciler.decide import belief
from pki_schema.desired import Identity

_POINTER = "/current.json"
_NAMED = frozenset({Class.AUTHORITY, Class.RENEWAL})


def doubtless(target: Target, objects: Iterable[PublicObject]) -> list[PublicObject]:
    """CRLs and answers. What belongs to a service's certificate only where the target's own pointer
    names the same set, or there is none: a ledger that has forgotten must not send a service back
    to an older certificate. What such a pointer names, where nothing stands there yet.
    """
    found = list(objects)
    agreed = {item.unit for item in found if item.path.endswith(_POINTER) and _agrees(target, item)}
    return [
        item
        for item in found
        if item.kind is Class.STATUS
        or item.unit in agreed
        or (item.kind in _NAMED and target.read(item.path, most=1) is None)
    ]


def _agrees(target: Target, pointer: PublicObject) -> bool:
    _, tenant, service, name, _ = pointer.path.split("/")
    subject = Identity("Certificate", tenant, f"{service}/{name}")
    there = target.read(pointer.path, most=belief.LARGEST_POINTER + 1)
    if there is None:
        return True
    theirs, ours = belief.named_by(there, subject), belief.named_by(pointer.body, subject)
    return theirs is not None and ours is not None and theirs.set == ours.set
