"""Writing: the one writer, its transactions, and the only maker of ``Intended``.

A transaction is one durable commit. Nothing is written by opening: a cycle that decides nothing
leaves the file as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from pki_reconciler.chain import AnswerFacts, CertificateFacts, CrlFacts, Intended, Linted
from pki_reconciler.ledger import (
    connections,
    fold,
    locks,
    publications,
    refs,
    statements,
    statuses,
    tables,
    tiles,
)
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import (
    AnswersIntended,
    CertificateIntended,
    CrlIntended,
    Record,
)
from pki_reconciler.ledger.rows import Entry, OutboxRow, PublishedRow, Values
from pki_reconciler.ports import Entropy
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant, to_epoch
from pki_schema.issued import IssuedAnswer, IssuedCrl

SALT = 16
WRITER = "writer"


class Transaction:
    """One durable commit in the making; made by ``Ledger.transaction``, gone when it ends.

    ``reader`` sees what the transaction has written so far.
    """

    def __init__(self, connection: sa.Connection, *, at: Instant, ledger: Ledger) -> None:
        self.at = at
        self.reader = Reader(connection)
        self.appended = 0
        self._connection = connection
        self._ledger = ledger

    def append(self, records: Sequence[Record], *, commit: str = "", plan: str = "") -> list[int]:
        """Store records in order and fold them; returns their entries' numbers.

        ``commit`` and ``plan`` (a plan's digest) are what the entries are written for.
        """
        if not records:
            return []
        fence = self._ledger._take_fence(self._connection, self.at)
        size = _size(self._connection)
        salts = self._ledger._salts(len(records))
        at = to_epoch(self.at)
        rows: list[Values] = []
        for seq, (record, salt) in enumerate(zip(records, salts, strict=True), start=size + 1):
            body = record.canonical().decode()
            rows.append(
                {
                    "seq": seq,
                    "at": at,
                    "kind": str(record.__struct_config__.tag),
                    "commit": commit,
                    "plan": plan,
                    "fence": fence,
                    "body": body,
                    "salt": salt,
                    "leaf": tiles.leaf(salt, body),
                }
            )
        statements.insert(self._connection, tables.entry, rows)
        tiles.append(self._connection, size, [row["leaf"] for row in rows])
        seqs = list(range(size + 1, size + 1 + len(records)))
        fold.fold_all(
            self._connection,
            [Entry(seq, at, record, commit) for seq, record in zip(seqs, records, strict=True)],
        )
        self.appended += len(records)
        return seqs

    def put_statuses(self, statuses_: Iterable[IssuedCrl | IssuedAnswer]) -> None:
        """Keep the bytes of new CRLs and answers; each replaces the one before it."""
        statuses.put(self._connection, statuses_)

    def enqueue(self, rows: Iterable[OutboxRow]) -> None:
        """Ask for paths to be written; a newer wish for a path replaces the older one."""
        publications.enqueue(self._connection, rows)


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
        self._fence = 0
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

    @contextmanager
    def transaction(self, at: Instant) -> Iterator[Transaction]:
        """All or nothing, durable when the block ends; an exception leaves no trace."""
        fence = self._fence
        try:
            with self._engine.begin() as connection:
                transaction = Transaction(connection, at=at, ledger=self)
                yield transaction
        except BaseException:
            self._fence = fence
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
                [_certificate_intent(item, commit=commit, plan=plan) for item in linted],
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
        facts = linted.unsigned.facts
        record = CrlIntended(
            issuer=facts.issuer,
            scope="*",
            number=facts.number,
            tbs_digest=linted.unsigned.digest(),
            this_update=to_epoch(facts.this_update),
            next_update=to_epoch(facts.next_update),
            regular=facts.regular,
            plan=plan,
            commit=commit,
        )
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
        """Make the intent to sign a batch of one issuer's answers durable, as one entry.

        Its digest is SHA-256 over the TBS digests (32 bytes each) in this order.
        """
        if not linted:
            return []
        digests = b"".join(bytes.fromhex(item.unsigned.digest()) for item in linted)
        record = AnswersIntended(
            issuer=issuer,
            signer=linted[0].unsigned.signer,
            content_digest=hashlib.sha256(digests).hexdigest(),
            count=len(linted),
            plan=plan,
            commit=commit,
        )
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
            publications.acknowledge(connection, target, written, deleted)

    def mark_superseded(self, target: str, paths: Iterable[str], delete_after: Instant) -> None:
        """Something else has taken the place of these paths; they may go after this instant."""
        with self._engine.begin() as connection:
            publications.mark_superseded(connection, target, paths, delete_after)

    def _take_fence(self, connection: sa.Connection, at: Instant) -> int:
        """A number higher than any earlier writer's; taken with the first entry, not by opening."""
        if not self._fence:
            lease = tables.lease
            last = connection.execute(
                sa.select(lease.c.fence).where(lease.c.name == WRITER)
            ).scalar()
            self._fence = (last or 0) + 1
            statements.upsert(
                connection,
                lease,
                [{"name": WRITER, "fence": self._fence, "at": to_epoch(at)}],
                update=("fence", "at"),
            )
        return self._fence

    def _salts(self, count: int) -> list[bytes]:
        token = self._entropy.token(SALT * count)
        return [token[i : i + SALT] for i in range(0, SALT * count, SALT)]


def _size(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.max(tables.entry.c.seq))).scalar() or 0


def _certificate_intent(
    linted: Linted[CertificateFacts], *, commit: str, plan: str
) -> CertificateIntended:
    unsigned = linted.unsigned
    facts = unsigned.facts
    return CertificateIntended(
        issuer=facts.issuer,
        serial=refs.hexadecimal(facts.serial),
        meaning=facts.meaning,
        spki=facts.spki,
        not_before=to_epoch(facts.not_before),
        not_after=to_epoch(facts.not_after),
        tbs=unsigned.tbs,
        algorithm=unsigned.algorithm,
        key_algorithm=unsigned.key_algorithm,
        plan=plan,
        commit=commit,
        cause=facts.cause,
        reason=facts.reason,
    )
