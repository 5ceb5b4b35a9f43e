"""Writing: the one writer, its transactions, and the only maker of ``Intended``.

A transaction is one durable commit. Nothing is written by opening: a cycle that decides nothing
leaves the file as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from pki_publishers.targets.marks import Mark
from pki_reconciler.chain import AnswerFacts, CertificateFacts, CrlFacts, Intended, Linted
from pki_reconciler.ledger import connections, deliveries, intents, locks, refs, retries, tables
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.rows import PublishedRow
from pki_reconciler.ledger.transactions import Fence, Transaction, size
from pki_reconciler.ports import Entropy
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant
from pki_schema.reported import Failure

__all__ = ["Ledger", "Transaction"]


class Ledger:
    """The ledger, open for writing by this process alone."""

    def __init__(self, path: Path, *, entropy: Entropy, lock: locks.Lock) -> None:
        """Use ``create`` or ``open``."""
        self.path = path
        self.counts = 0
        """Entries written since the ledger was opened."""
        self._entropy = entropy
        self._lock = lock
        self._engine = connections.engine(path, writing=True)
        self._fence = Fence()
        self._reader: Reader | None = None

    @classmethod
    def create(cls, path: Path, *, entropy: Entropy) -> Self:
        """A new, empty ledger with mode 0600 in an existing folder; never replaces one.

        Raises ``WorldFailed``.
        """
        from pki_reconciler.ledger.migrations import upgrade  # noqa: PLC0415 (Alembic is slow)

        lock = locks.acquire(path)
        try:
            locks.create_file(path)
        except WorldFailed:
            lock.release()
            raise
        ledger = cls(path, entropy=entropy, lock=lock)
        try:
            upgrade(ledger._engine)
        except WorldFailed:
            ledger.close()
            path.unlink()
            raise
        return ledger

    @classmethod
    def open(cls, path: Path, *, entropy: Entropy) -> Self:
        """An existing ledger, brought to this version's schema.

        Raises ``WorldFailed`` when there is none, it is damaged, of a newer schema, or another
        process works on it.
        """
        lock = locks.acquire(path)
        try:
            ledger = cls(path, entropy=entropy, lock=lock)
        except WorldFailed:
            lock.release()
            raise
        try:
            ledger._bring_up_to_date()
        except WorldFailed:
            ledger.close()
            raise
        return ledger

    def _bring_up_to_date(self) -> None:
        with self._engine.connect() as connection:
            found = connections.checked_revision(connection, self.path)
        if found != tables.REVISION:
            from pki_reconciler.ledger.migrations import upgrade  # noqa: PLC0415

            upgrade(self._engine)

    def close(self) -> None:
        """Let the next writer in."""
        if self._reader:
            self._reader.close()
        self._engine.dispose()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def reader(self) -> Reader:
        """Reads what is committed; every call sees the newest."""
        if self._reader is None:
            self._reader = Reader.open(self.path, snapshot=False)
        return self._reader

    def mark(self, at: Instant) -> Mark:
        """What this writer leaves where it signs and publishes; its number is taken by asking.

        Raises ``Fenced`` when another one has taken over.
        """
        number = self._fence.number
        try:
            with self._engine.begin() as connection:
                fence = self._fence.taken(connection, at)
                return Mark(fence, size(connection))
        except BaseException:
            self._fence.number = number
            raise

    def above(self, marks: Iterable[Mark]) -> None:
        """These were left by earlier writers; this one's number will be higher than theirs."""
        self._fence.floor = max((mark.fence for mark in marks), default=0)

    @contextmanager
    def transaction(self, at: Instant) -> Iterator[Transaction]:
        """All or nothing, durable when the block ends; an exception leaves no trace."""
        number = self._fence.number
        try:
            with self._engine.begin() as connection:
                transaction = Transaction(
                    connection, at=at, entropy=self._entropy, fence=self._fence
                )
                yield transaction
        except BaseException:
            self._fence.number = number
            raise
        self.counts += transaction.appended

    def intend(
        self, linted: Sequence[Linted[CertificateFacts]], *, at: Instant, commit: str, plan: str
    ) -> list[Intended[CertificateFacts]]:
        """Make the intent to sign certificates durable, all in one transaction.

        Raises ``AlreadyIntended`` when a serial of an issuer was ever intended before.
        """
        with self.transaction(at) as transaction:
            seqs = transaction.append(
                [intents.certificate(item, commit=commit, plan=plan) for item in linted],
                commit=commit,
                plan=plan,
            )
        return [Intended(item, seq) for item, seq in zip(linted, seqs, strict=True)]

    def intend_crl(
        self, linted: Linted[CrlFacts], *, at: Instant, commit: str, plan: str
    ) -> Intended[CrlFacts]:
        """Make the intent to sign one CRL durable.

        Raises ``AlreadyIntended`` when its number was ever intended before.
        """
        record = intents.crl(linted, commit=commit, plan=plan)
        with self.transaction(at) as transaction:
            [seq] = transaction.append([record], commit=commit, plan=plan)
        return Intended(linted, seq)

    def intend_answers(
        self,
        issuer: str,
        linted: Sequence[Linted[AnswerFacts]],
        *,
        at: Instant,
        commit: str,
        plan: str,
    ) -> list[Intended[AnswerFacts]]:
        """Make the intent to sign a batch of one issuer's answers durable, as one entry."""
        if not linted:
            return []
        record = intents.answers(issuer, linted, commit=commit, plan=plan)
        with self.transaction(at) as transaction:
            [seq] = transaction.append([record], commit=commit, plan=plan)
        return [Intended(item, seq) for item in linted]

    def resume(self, linted: Linted[CertificateFacts]) -> Intended[CertificateFacts]:
        """The intent again, for bytes whose intent is durable already and still open.

        Raises ``WorldFailed`` when these are other bytes than those intended.
        """
        facts = linted.unsigned.facts
        row = self.reader.intent_of(facts.issuer, facts.serial)
        if row is None or row.tbs_digest != linted.unsigned.digest():
            raise WorldFailed(
                f"serial {refs.hexadecimal(facts.serial)} of {facts.issuer[:16]} was intended with "
                "other bytes, or is not open",
                "nothing was signed; the next cycle burns the serial",
            )
        return Intended(linted, row.intent_seq)

    def acknowledge(
        self, target: str, written: Iterable[PublishedRow], deleted: Iterable[str] = ()
    ) -> None:
        """These paths stand on the target, those are gone from it."""
        with self._engine.begin() as connection:
            self._fence.check(connection)
            deliveries.acknowledge(connection, target, written, deleted)

    def withdraw(self, target: str, paths: Iterable[str]) -> None:
        """These paths are no longer to be written."""
        with self._engine.begin() as connection:
            self._fence.check(connection)
            deliveries.withdraw(connection, target, paths)

    def postpone(self, failures: Sequence[Failure]) -> None:
        """These fail now and nothing else does; nothing is written when that was known."""
        if tuple(failures) == self.reader.failures():
            return
        with self._engine.begin() as connection:
            self._fence.check(connection)
            retries.replace(connection, failures)
