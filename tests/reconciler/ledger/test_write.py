"""The one writer: what is durable, what is refused, and what opening leaves untouched."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pki_reconciler.ledger import connections, records, tables
from pki_reconciler.ledger.connections import AlreadyIntended
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.write import Ledger
from pki_schema.errors import WorldFailed


def accepted(commit: str) -> records.Accepted:
    return records.Accepted(commit=commit, parent="")


def raw(path: Path, query: str) -> list[Any]:
    """Rows as the file holds them, read without our code."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_the_file_is_its_owners_alone(world: Any, path: Path) -> None:
    """Mode 0600, and so are the files SQLite lays beside it."""
    world.append(accepted("c1"))
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_it_is_durable_write_ahead_and_strict(world: Any, path: Path) -> None:
    """WAL, synchronous=FULL and STRICT tables: what the promise of durability rests on."""
    assert raw(path, "PRAGMA journal_mode") == [("wal",)]
    with world.ledger._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    strict = dict(raw(path, "SELECT name, strict FROM pragma_table_list WHERE schema = 'main'"))
    assert all(strict[name] == 1 for name in tables.METADATA.tables)


def test_create_never_replaces(world: Any, make: SimpleNamespace, path: Path) -> None:
    world.ledger.close()
    with pytest.raises(WorldFailed, match="already"):
        Ledger.create(path, entropy=make.entropy())


def test_open_never_creates(make: SimpleNamespace, path: Path) -> None:
    """A missing ledger is not a new PKI."""
    with pytest.raises(WorldFailed, match="no ledger") as failure:
        Ledger.open(path, entropy=make.entropy())
    assert "init" in failure.value.remedy
    assert not path.exists()


def test_a_second_writer_is_refused(world: Any, make: SimpleNamespace, path: Path) -> None:
    with pytest.raises(WorldFailed, match="another vcc-pki works on this state"):
        Ledger.open(path, entropy=make.entropy())


def test_the_lock_ends_with_its_writer(world: Any, make: SimpleNamespace, path: Path) -> None:
    world.ledger.close()
    Ledger.open(path, entropy=make.entropy()).close()
    with Ledger.open(path, entropy=make.entropy()) as again:
        assert again.reader.size() == 0


def test_readers_work_beside_the_writer(world: Any, make: SimpleNamespace, path: Path) -> None:
    """A reader's snapshot does not move while it is open."""
    world.append(accepted("c1"))
    with Reader.open(path) as reader:
        assert reader.accepted() == "c1"
        world.append(accepted("c2"))
        assert reader.accepted() == "c1"
    assert world.ledger.reader.accepted() == "c2"


def test_a_newer_schema_is_refused(world: Any, make: SimpleNamespace, path: Path) -> None:
    """Neither read nor written: a later version may have put revocations where we do not look."""
    world.ledger.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    for attempt in (lambda: Ledger.open(path, entropy=make.entropy()), lambda: Reader.open(path)):
        with pytest.raises(WorldFailed, match="newer version") as failure:
            attempt()
        assert failure.value.remedy


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_what_is_no_ledger_is_refused(path: Path, make: SimpleNamespace, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(WorldFailed, match=r"not a (ledger|database)"):
        Ledger.open(path, entropy=make.entropy())


def test_failures_carry_no_values(world: Any, make: SimpleNamespace) -> None:
    """What a statement carried does not come out in an error."""
    meaning = make.service("secret-name")
    linted = world.linted(meaning, issuer="aa", serial=5)
    world.ledger.intend([linted], at=world.now, commit="c1", plan="p")
    with pytest.raises(AlreadyIntended) as failure:
        world.ledger.intend([linted], at=world.now, commit="c1", plan="p")
    assert "secret-name" not in f"{failure.value} {failure.value.remedy}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_BUSY, "locked"),
        (sqlite3.SQLITE_FULL, "disk is full"),
        (sqlite3.SQLITE_CORRUPT, "damaged"),
        (sqlite3.SQLITE_IOERR_FSYNC, "cannot be read or written"),
        (sqlite3.SQLITE_READONLY, "may not be written"),
        (sqlite3.SQLITE_ERROR, "failed"),
    ],
)
def test_every_failure_has_a_remedy(path: Path, code: int, words: str) -> None:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    explained = connections.explained(error, path)
    assert words in explained.message
    assert explained.remedy


def test_a_full_disk_loses_nothing(world: Any, path: Path) -> None:
    """The transaction that no longer fits leaves no trace; with room again the log goes on."""
    world.append(accepted("c1"))
    engine = world.ledger._engine
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(WorldFailed, match="disk is full"):
        world.append(*(accepted(f"{i:0999}") for i in range(100)))
    assert world.ledger.reader.size() == 1
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert world.append(accepted("c2")) == [2]


def test_opening_and_reading_write_nothing(world: Any, make: SimpleNamespace, path: Path) -> None:
    """A cycle without decisions leaves every byte as it was, the fence included."""
    world.append(accepted("c1"))
    world.ledger.close()
    before = path.read_bytes()
    with Ledger.open(path, entropy=make.entropy()) as ledger:
        ledger.reader.touched(world.now)
        with ledger.transaction(world.now) as transaction:
            transaction.append([])
    assert path.read_bytes() == before


def test_every_writer_has_a_higher_fence(world: Any, make: SimpleNamespace, path: Path) -> None:
    world.append(accepted("c1"))
    world.append(accepted("c2"))
    world.ledger.close()
    with (
        Ledger.open(path, entropy=make.entropy()) as ledger,
        ledger.transaction(world.now) as transaction,
    ):
        transaction.append([accepted("c3")])
    assert raw(path, "SELECT fence FROM entry ORDER BY seq") == [(1,), (1,), (2,)]


def test_a_failed_transaction_leaves_no_trace(world: Any) -> None:
    """Neither entries nor rows nor a number: the next entry follows the last good one."""
    world.append(accepted("c1"))
    with pytest.raises(RuntimeError), world.ledger.transaction(world.now) as transaction:
        transaction.append([accepted("c2")])
        assert transaction.reader.accepted() == "c2"
        raise RuntimeError("killed here")
    assert world.ledger.reader.accepted() == "c1"
    assert world.append(accepted("c3")) == [2]
    assert world.ledger.counts == 2


def test_a_first_transaction_that_fails_takes_no_fence(world: Any, path: Path) -> None:
    with pytest.raises(RuntimeError), world.ledger.transaction(world.now) as transaction:
        transaction.append([accepted("c1")])
        raise RuntimeError("killed here")
    world.append(accepted("c1"))
    assert raw(path, "SELECT name, fence FROM lease") == [("writer", 1)]
    assert raw(path, "SELECT fence FROM entry") == [(1,)]


def test_leaves_are_salted(world: Any, path: Path) -> None:
    """Equal bodies have different leaves, each SHA-256 over 0x00, salt and body (RFC 6962)."""
    from hashlib import sha256

    world.append(accepted("c1"), accepted("c1"))
    rows = raw(path, "SELECT body, salt, leaf FROM entry ORDER BY seq")
    assert rows[0][0] == rows[1][0]
    assert rows[0][2] != rows[1][2]
    for body, salt, leaf in rows:
        assert len(salt) == 16
        assert leaf == sha256(b"\x00" + salt + body.encode()).digest()


def test_the_root_is_that_of_the_leaves(world: Any, path: Path) -> None:
    """Tiles kept batch by batch give the same root as the entries, taken anew."""
    from pki_reconciler.ledger import merkle

    for size in (1, 254, 3, 300):
        world.append(*(accepted(f"c{i}") for i in range(size)))
        leaves = [leaf for (leaf,) in raw(path, "SELECT leaf FROM entry ORDER BY seq")]
        tiles = merkle.grown(0, leaves, lambda level, n: b"")
        expected = merkle.root(len(leaves), lambda level, n, t=tiles: t[level, n])
        assert world.ledger.reader.root() == expected


def test_one_tbs_for_one_serial(world: Any, make: SimpleNamespace) -> None:
    """The second intent for an issuer's serial is impossible, whatever it says."""
    first, second = make.service("a"), make.service("b")
    world.ledger.intend(
        [world.linted(first, issuer="aa", serial=7)], at=world.now, commit="c", plan="p"
    )
    with pytest.raises(AlreadyIntended):
        world.ledger.intend(
            [world.linted(second, issuer="aa", serial=7)], at=world.now, commit="c", plan="p"
        )
    [other] = world.ledger.intend(
        [world.linted(second, issuer="bb", serial=7)], at=world.now, commit="c", plan="p"
    )
    assert other.seq == 2


def test_two_equal_serials_in_one_batch_make_no_intent(world: Any, make: SimpleNamespace) -> None:
    items = [world.linted(make.service(name), issuer="aa", serial=7) for name in "ab"]
    with pytest.raises(AlreadyIntended):
        world.ledger.intend(items, at=world.now, commit="c", plan="p")
    assert world.ledger.reader.size() == 0


def test_one_tbs_for_one_crl_number(world: Any, make: SimpleNamespace) -> None:
    """Also when the first was abandoned: somebody may have seen it."""
    root = world.authority("root")
    intended = world.ledger.intend_crl(
        make.crl(root, 5, at=world.now), at=world.now, commit="c", plan="p"
    )
    world.append(records.BatchAbandoned(intent=intended.seq))
    with pytest.raises(AlreadyIntended):
        world.ledger.intend_crl(
            make.crl(root, 5, at=world.later(hours=1)), at=world.now, commit="c", plan="p"
        )


def test_a_result_needs_its_intent(world: Any) -> None:
    """No entry says that something exists that was never intended, or twice."""
    result = records.CertificateIssued(issuer="aa", serial="7", der=b"")
    with pytest.raises(WorldFailed, match="no open intent"):
        world.append(result)
    assert world.ledger.reader.size() == 0


def test_a_serial_has_one_result(world: Any, make: SimpleNamespace) -> None:
    root = world.authority("root")
    [serial] = world.issue(make.service("a"), issuer=root)
    for second in (
        records.CertificateIssued(issuer=root, serial=f"{serial:x}", der=b"other"),
        records.SerialBurnt(issuer=root, serial=f"{serial:x}", reason="late"),
    ):
        with pytest.raises(WorldFailed, match="no open intent"):
            world.append(second)


def test_what_was_never_issued_is_not_revoked(world: Any) -> None:
    with pytest.raises(WorldFailed, match="was not issued"):
        world.revoke("aa", 7)


def test_an_open_intent_is_resumed_with_its_own_bytes_only(
    world: Any, make: SimpleNamespace
) -> None:
    """After a crash the very same bytes get their intent back; other bytes get none."""
    meaning = make.service("a")
    linted = world.linted(meaning, issuer="aa", serial=7)
    [intended] = world.ledger.intend([linted], at=world.now, commit="c", plan="p")
    assert world.ledger.resume(linted).seq == intended.seq
    other = make.replace(meaning.profile, duration=5)
    with pytest.raises(WorldFailed, match="other bytes"):
        world.ledger.resume(
            world.linted(make.replace(meaning, profile=other), issuer="aa", serial=7)
        )


def test_a_batch_of_answers_is_one_entry(world: Any, make: SimpleNamespace) -> None:
    """One intent over the ordered digests; all share its number."""
    from hashlib import sha256

    from pki_reconciler.chain import AnswerFacts, Unsigned

    items = [
        make.passed(
            Unsigned(
                facts=AnswerFacts(
                    issuer="aa",
                    serial=serial,
                    algorithm="sha1",
                    this_update=world.now,
                    next_update=world.now,
                ),
                draft=b"",
                tbs=f"answer {serial}".encode(),
                algorithm=b"",
                signer="bb",
                key_algorithm="P-256",
            )
        )
        for serial in (1, 2)
    ]
    intended = world.ledger.intend_answers("aa", items, at=world.now, commit="c", plan="p")
    assert [item.seq for item in intended] == [1, 1]
    [batch] = world.ledger.reader.open_batches()
    assert (batch.seq, batch.kind, batch.issuer) == (1, "answers", "aa")
    digests = sha256(b"answer 1").digest() + sha256(b"answer 2").digest()
    world.append(
        records.AnswersIssued(
            issuer="aa", intent=1, content_digest=sha256(digests).hexdigest(), count=2
        )
    )
    assert world.ledger.reader.open_batches() == ()


APPEND_FOR_EVER = """
import itertools, pathlib, sys
from datetime import UTC, datetime
from pki_reconciler.ledger.records import Accepted
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.ports import SystemEntropy

ledger = Ledger.open(pathlib.Path(sys.argv[1]), entropy=SystemEntropy())
for i in itertools.count():
    with ledger.transaction(datetime(2026, 1, 1, tzinfo=UTC)) as transaction:
        transaction.append([Accepted(commit=f"{i}-{j}", parent="") for j in range(3)])
    print(i, flush=True)
"""


def test_kill_at_any_moment_leaves_whole_transactions(
    world: Any, make: SimpleNamespace, path: Path
) -> None:
    """After SIGKILL the numbers run without a gap, no transaction is torn, and the tree fits."""
    world.ledger.close()
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", APPEND_FOR_EVER, str(path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert process.stdout is not None
        for _ in range(5):
            confirmed = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with Ledger.open(path, entropy=make.entropy()) as ledger:
            size = ledger.reader.size()
            seqs = [seq for (seq,) in raw(path, "SELECT seq FROM entry ORDER BY seq")]
            assert seqs == list(range(1, size + 1))
            assert size % 3 == 0
            assert int(ledger.reader.accepted().partition("-")[0]) >= confirmed
            ledger.reader.root()
