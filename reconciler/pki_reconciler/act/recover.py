"""After a crash: what was intended and never recorded is signed again as it was, or burnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pki_reconciler.act.certify import authority_names, conclude, rules_for, sign_all
from pki_reconciler.act.cycle import Cycle, line_of
from pki_reconciler.chain import CertificateFacts, Linted, Unsigned, lint
from pki_reconciler.decide.build import Issuer
from pki_reconciler.decide.footing import May
from pki_reconciler.decide.lint import Sample
from pki_reconciler.ledger.records import BatchAbandoned, Orphaned, Record, SerialBurnt
from pki_reconciler.ledger.rows import OpenIntent
from pki_schema import instants
from pki_schema.instants import DAY
from pki_schema.x509 import der

NO_SIGNATURE = bytes(64)

OLDEST = DAY
"""Intents older than this are burnt: a certificate must not begin long before it exists."""


def recover(cycle: Cycle) -> None:
    """Close every open intent before anything new is planned.

    A certificate's bytes may have been signed and even seen, so the *same* bytes are signed again,
    if they are still wanted and still pass every rule; otherwise the serial goes on the CRL. A CRL
    or a batch of answers never left the process unrecorded: it is abandoned, and made anew with a
    higher number. While the ledger is in doubt certificates stay open: they may be published.
    """
    reader = cycle.ledger.reader
    closing: list[Record] = [BatchAbandoned(intent=b.seq) for b in reader.open_batches()]
    resumed: list[Linted[CertificateFacts]] = []
    intents = list(reader.open_intents()) if cycle.may is May.EVERYTHING else []
    closing += _orphaned(cycle, intents)
    sample = cycle.sample(len(intents))
    for intent in intents:
        linted = _still_allowed(cycle, intent, sample)
        if linted is None:
            record = intent.record
            closing.append(
                SerialBurnt(
                    issuer=record.issuer,
                    serial=record.serial,
                    reason="intended, never recorded, and no longer wanted",
                )
            )
        else:
            resumed.append(linted)
    if closing:
        with cycle.ledger.transaction(cycle.now) as transaction:
            transaction.append(closing, commit=cycle.commit, plan=cycle.plan)
    for issuer in dict.fromkeys(linted.unsigned.signer for linted in resumed):
        of_issuer = [linted for linted in resumed if linted.unsigned.signer == issuer]
        with cycle.going_on():  # a key that is away keeps only its own intents open
            with cycle.signing():
                signed = sign_all(cycle, [cycle.ledger.resume(linted) for linted in of_issuer])
            conclude(cycle, signed)


def _orphaned(cycle: Cycle, intents: Sequence[OpenIntent]) -> Iterator[Orphaned]:
    """Who left these, as far as it was not found before; this writer only waits for a key."""
    if not intents:
        return
    own = cycle.ledger.mark(cycle.now).fence
    known = {(one.issuer, one.fence) for one in cycle.ledger.reader.orphans()}
    left = Counter((one.record.issuer, one.fence) for one in intents)
    for (issuer, fence), count in sorted(left.items()):
        if fence != own and (issuer, fence) not in known:
            yield Orphaned(issuer=issuer, fence=fence, count=count)


def _still_allowed(
    cycle: Cycle, intent: OpenIntent, sample: Sample
) -> Linted[CertificateFacts] | None:
    record = intent.record
    if cycle.now - intent.at > OLDEST or not _still_wanted(cycle, intent):
        return None
    authorities = cycle.authorities()
    authority = authorities.get(record.issuer)
    self_signed = record.spki == record.issuer
    if authority is None and not self_signed:
        return None
    issuer = Issuer.of(authority) if authority and not self_signed else None
    ancestors = line_of(authorities, record.issuer)[1:] if issuer else ()
    unsigned = _unsigned(intent)
    # Judged as of the intent: by now they begin too long ago to be signed for the first time.
    rules = rules_for(
        issuer,
        ancestors,
        sample,
        now=intent.at,
        names=authority_names(authorities),
        weak_keys=cycle.weak_keys,
    )
    verdict = lint(unsigned, rules)
    return verdict if isinstance(verdict, Linted) else None


def _still_wanted(cycle: Cycle, intent: OpenIntent) -> bool:
    """Whether declared or applied still ask for exactly this, with a key that is not blocked."""
    record = intent.record
    subject = cycle.ledger.reader.subject(record.meaning.subject)
    if subject is None or subject.held_by or cycle.ledger.reader.is_blocked(record.spki):
        return False
    wanted = [m.profile for m in (subject.declared, subject.applied) if m is not None]
    return record.meaning.profile in wanted


def _unsigned(intent: OpenIntent) -> Unsigned[CertificateFacts]:
    """The intended bytes as a draft again; the linter reads everything from the bytes."""
    record = intent.record
    return Unsigned(
        facts=CertificateFacts(
            issuer=record.issuer,
            serial=int(record.serial, 16),
            subject=record.meaning.subject,
            meaning=record.meaning,
            spki=record.spki,
            not_before=instants.from_epoch(record.not_before),
            not_after=instants.from_epoch(record.not_after),
            cause="recovery",
            reason=record.reason,
        ),
        draft=der.signed(record.tbs, record.algorithm, NO_SIGNATURE),
        tbs=record.tbs,
        algorithm=record.algorithm,
        signer=record.issuer,
        key_algorithm=record.key_algorithm,
    )
