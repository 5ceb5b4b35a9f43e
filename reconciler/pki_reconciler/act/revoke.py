"""Carrying out declared revocations, holds and releases, expiries, what needs no signature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pki_publishers.release import PublicObject
from pki_reconciler.act import units
from pki_reconciler.act.cycle import Cycle
from pki_reconciler.act.retention import forget
from pki_reconciler.decide.footing import May
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import (
    CertificateExpired,
    KeyBlocked,
    MeaningAdopted,
    Record,
    Released,
    RevocationResolved,
    Revoked,
    SubjectRetired,
)
from pki_schema import instants
from pki_schema.desired import Identity
from pki_schema.planned import Action, CertificateRef, Verb


def revoke(cycle: Cycle, actions: Sequence[Action]) -> None:
    """Record every hold, release and revocation of the plan in one transaction: all, or none.

    Pointers of those it concerns are rendered anew; CRLs and answers follow as status.
    """
    if not actions:
        return
    # In the order of verbs: what one object holds and another makes final ends up final, and what
    # another still holds is known to be held before the first lets go.
    records = [record for action in actions for record in _revocation(cycle, action)]
    with cycle.ledger.transaction(cycle.now) as transaction:
        transaction.append(records, commit=cycle.commit, plan=cycle.plan)
        ended = [ref.subject for action in actions for ref in action.certificates]
        suspended = [subject for action in actions for subject in action.suspends]
        units.keep(cycle, transaction, _pointers(transaction.reader, {*ended, *suspended}))
    for action in actions:
        if action.verb is Verb.RELEASE:
            cycle.done.released += len(action.changed)
        else:
            cycle.done.revoked += len(action.certificates)


def _pointers(reader: Reader, subjects: Iterable[Identity]) -> Iterator[PublicObject]:
    """The units of what these subjects use: whether it is good, and when it will be renewed."""
    used = [
        certificate
        for use in reader.in_use(subjects).values()
        if (certificate := reader.certificate(use.issuer, use.serial))
    ]
    return units.current(reader, reader.authorities(), used)


def _revocation(cycle: Cycle, action: Action) -> Iterator[Record]:
    name = action.subject.name
    for ref in action.certificates:
        if action.verb is Verb.RELEASE:
            yield Released(issuer=ref.issuer, serial=ref.serial, revocation=name)
        else:
            yield _revoked(cycle, action, ref)
    for spki in action.blocks:
        yield KeyBlocked(spki=spki, revocation=name)
    if cycle.may is not May.EVERYTHING:
        return  # it may mean more than is known now: it is closed when all is known again
    yield RevocationResolved(
        name=name,
        commit=action.commit,
        serials=tuple((ref.issuer, ref.serial) for ref in action.certificates),
        suspended=action.suspends,
        state=_STATES[action.verb],
    )


_STATES = {Verb.HOLD: "held", Verb.RELEASE: "released", Verb.REVOKE: "revoked"}


def _revoked(cycle: Cycle, action: Action, ref: CertificateRef) -> Revoked:
    return Revoked(
        issuer=ref.issuer,
        serial=ref.serial,
        revoked_at=instants.to_epoch(cycle.now),
        reason=action.revocation_reason,
        invalidity_date=(
            instants.to_epoch(instants.parse(action.invalidity_date))
            if action.invalidity_date
            else None
        ),
        revocation=action.subject.name,
        cause=str(action.cause),
    )


def settle(cycle: Cycle, actions: Sequence[Action]) -> None:
    """Adopt, retire and expire: ledger entries without a signature, in one transaction.

    Pointers say when a certificate will be renewed, so those of adopted and retired ones are
    rendered anew. What was published for expired certificates is marked for deletion.
    """
    records = [record for action in actions for record in _settlement(action)]
    if not records:
        return
    moved = [a.subject for a in actions if a.verb in (Verb.ADOPT, Verb.RETIRE)]
    with cycle.ledger.transaction(cycle.now) as transaction:
        transaction.append(records, commit=cycle.commit, plan=cycle.plan)
        reader = transaction.reader
        units.keep(cycle, transaction, _pointers(reader, moved))
        expired = [
            certificate
            for action in actions
            if action.verb is Verb.EXPIRE
            for ref in action.certificates
            if (certificate := reader.certificate(ref.issuer, int(ref.serial, 16)))
        ]
        if expired:
            forget(cycle, transaction, expired)


def _settlement(action: Action) -> Iterator[Record]:
    match action.verb:
        case Verb.ADOPT if action.meaning:
            yield MeaningAdopted(meaning=action.meaning, commit=action.commit)
        case Verb.RETIRE:
            yield SubjectRetired(subject=action.subject, commit=action.commit)
        case Verb.EXPIRE:
            for ref in action.certificates:
                yield CertificateExpired(issuer=ref.issuer, serial=ref.serial)
        case _:
            return
