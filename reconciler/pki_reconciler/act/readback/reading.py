"""When which target is looked at, and how thoroughly."""

from __future__ import annotations

from datetime import timedelta

from pki_reconciler.act.cycle import Cycle
from pki_reconciler.act.ground import Bearings, Places
from pki_reconciler.act.readback.authorities import read_authorities
from pki_reconciler.act.readback.certified import read_certificates
from pki_reconciler.act.readback.lists import read_crls
from pki_reconciler.act.readback.looks import Look
from pki_reconciler.act.readback.responders import read_responders
from pki_reconciler.grounds import open_doubts

AGAIN = timedelta(minutes=10)
"""How often a place is looked at again while the ledger is in doubt."""


def read_back(cycle: Cycle, places: Places, bearings: Bearings, *, anew: bool) -> None:
    """Look at every target that this process has not looked at, and in doubt from time to time, or
    ``anew`` because there are new commits.

    A target that cannot be read is told when it is written to, and looked at when it is back.
    """
    doubt = bool(open_doubts(cycle.ledger.reader))
    for name, target in sorted(places.targets.items()):
        last = bearings.looked.get(name)
        due = last is None or (doubt and (anew or cycle.now - last >= AGAIN))
        if not due or name in places.blind:
            continue
        with cycle.going_on():
            look = Look(cycle, name, target, places.seen)
            _all(look, thoroughly=doubt)
            if look.evidence and not doubt:  # it has forgotten something: now see what
                _all(look, thoroughly=True)
            bearings.looked[name] = cycle.now


def _all(look: Look, *, thoroughly: bool) -> None:
    """Everything there may be, or what shows that a ledger is not the newest."""
    read_authorities(look, thoroughly=thoroughly)
    read_certificates(look, thoroughly=thoroughly)
    if thoroughly:
        read_responders(look)
    read_crls(look)
