"""A person's word that ledger or clock is right, or crashes are known: an entry, or a file for the
daemon that runs.
"""

from __future__ import annotations

from pki_reconciler.cli.doctor import outside
from pki_reconciler.config import Config
from pki_reconciler.decide import footing
from pki_reconciler.grounds import seen, unknown_crashes
from pki_reconciler.ledger import confirmations
from pki_reconciler.ledger.confirmations import Word
from pki_reconciler.ledger.locks import Locked
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import Confirmed
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.ports import SystemEntropy
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant


def confirm(config: Config, what: str, now: Instant) -> str:
    """Take down that ``what`` is right; returns what becomes of it.

    Raises ``WorldFailed`` when it is not in doubt as far as can be seen, and when a CA is published
    that this ledger could not read back: it would be made anew, under the same name.
    """
    with Reader.open(config.state.ledger) as reader:
        word = _word(config, reader, what, now)
        in_doubt = what == footing.CRASHES or any(
            doubt.what == what for doubt in seen(reader, now=now, leap=config.leap).doubts
        )
    try:
        with Ledger.open(config.state.ledger, entropy=SystemEntropy()) as ledger:
            if not in_doubt:
                raise WorldFailed(f"the {what} is not in doubt", "nothing was written")
            with ledger.transaction(now) as transaction:
                transaction.append([Confirmed(what=what)])
    except Locked:
        # The daemon may doubt its clock by what only it has seen; a word about nothing is dropped.
        confirmations.leave(config.state.ledger, word)
        return f"left for the vcc-pki that runs; it {_taken(what)} in its next cycle"
    return f"noted: it {_taken(what)} from the next cycle on"


def _word(config: Config, reader: Reader, what: str, now: Instant) -> Word:
    match what:
        case footing.LEDGER:
            return _about_ledger(config, reader)
        case footing.CRASHES:
            return _about_crashes(reader)
        case _:
            return Word.on_clock(now)


def _about_crashes(reader: Reader) -> Word:
    found = unknown_crashes(reader)
    if not found:
        raise WorldFailed("no writer ended in the middle of its work", "nothing was written")
    return Word(footing.CRASHES, found[-1])


def _about_ledger(config: Config, reader: Reader) -> Word:
    open_ = [d for d in reader.doubts() if d.what == footing.LEDGER and not d.confirmed]
    if not open_:
        raise WorldFailed("the ledger is not in doubt", "nothing was written")
    missing = outside.unaccounted(config, reader)
    if missing:
        names = ", ".join(sorted(str(one) for one in missing))
        raise WorldFailed(
            f"published and declared, but not read back: {names}; it would be made anew under the "
            "same name, and two keys must not share one",
            "attach its key (the folder of offline keys, or its backup) and run `vcc-pki apply`; "
            "if the key is lost, raise spec.generation of the CA, with a new subject",
        )
    return Word(footing.LEDGER, open_[0].seq)


def _taken(what: str) -> str:
    return "issues again" if what == footing.CRASHES else f"takes the {what} for right"
