"""``vcc-pki doctor``: what it sees of an installation that is well, ill, or waits for a person."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from pki_reconciler.ledger.records import Orphaned
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.ports import SystemClock, SystemEntropy
from tests.installation import Installation


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Applied once; copied, never touched."""
    host = Installation.prepare(tmp_path_factory.mktemp("well") / "host")
    assert host.run("init").returncode == 0
    host.apply()
    return host


@pytest.fixture
def host(well: Installation, tmp_path: Path) -> Installation:
    return well.copy(tmp_path / "host")


def examine(host: Installation, *more: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code, and the findings by topic."""
    done = host.run("doctor", "--output", "json", *more)
    document: Any = json.loads(done.stdout)
    assert document["exit_code"] == done.returncode, done.stderr
    assert "Traceback" not in done.stderr
    found: dict[str, list[dict[str, str]]] = {}
    for one in document["findings"]:
        found.setdefault(one["topic"], []).append(one)
    return done.returncode, found


def forget(host: Installation) -> None:
    for file in host.state.glob("ledger.sqlite3*"):
        file.unlink()


def test_where_all_is_well_it_says_so_and_writes_nothing(host: Installation) -> None:
    before = {p: p.read_bytes() for p in host.state.glob("ledger.sqlite3*") if p.is_file()}
    code, found = examine(host, "--full")
    assert code == 0, found
    assert {one["verdict"] for ones in found.values() for one in ones} == {"fine"}
    assert {
        "configuration",
        "folders",
        "lock",
        "ledger",
        "entries",
        "keys",
        "clock",
        "marks",
        "git",
    } <= (found.keys())
    after = {p: p.read_bytes() for p in host.state.glob("ledger.sqlite3*") if p.is_file()}
    assert {p: b for p, b in after.items() if p.suffix == ".sqlite3"} == {
        p: b for p, b in before.items() if p.suffix == ".sqlite3"
    }


def lose(host: Installation) -> None:
    forget(host)


def corrupt(host: Installation) -> None:
    file = host.state / "ledger.sqlite3"
    forget(host)
    file.write_bytes(b"no database at all" * 100)
    file.chmod(0o600)


def newer(host: Installation) -> None:
    import sqlite3

    with sqlite3.connect(host.state / "ledger.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def tampered(host: Installation) -> None:
    import sqlite3

    with sqlite3.connect(host.state / "ledger.sqlite3") as connection:
        connection.execute("UPDATE entry SET body = body || ' ' WHERE seq = 5")


def open_to_all(host: Installation) -> None:
    (host.state / "keys").chmod(0o755)


def without_key(host: Installation) -> None:
    next((host.state / "keys").glob("*.pem")).unlink()


def without_passphrase(host: Installation) -> None:
    (host.state / "passphrase").unlink()


def without_git(host: Installation) -> None:
    host.tree.rename(host.root / "away")


def half_written(host: Installation) -> None:
    crl = next((host.public / "crl").glob("*.crl"))
    crl.write_bytes(crl.read_bytes()[:-40])


def emptied(host: Installation) -> None:
    shutil.rmtree(host.public / "crl")


@pytest.mark.parametrize(
    ("harm", "topic", "word"),
    [
        (lose, "ledger", "init --recover"),
        pytest.param(corrupt, "ledger", "restore the last backup", marks=pytest.mark.slow),
        pytest.param(newer, "ledger", "install that version", marks=pytest.mark.slow),
        pytest.param(tampered, "entries", "backup", marks=pytest.mark.slow),
        pytest.param(open_to_all, "folders", "chmod 0700", marks=pytest.mark.slow),
        pytest.param(without_key, "keys", "restore", marks=pytest.mark.slow),
        pytest.param(without_passphrase, "passphrase", "", marks=pytest.mark.slow),
        pytest.param(without_git, "git", "", marks=pytest.mark.slow),
        (half_written, "publication public", "vcc-pki apply"),
        pytest.param(emptied, "publication public", "vcc-pki apply", marks=pytest.mark.slow),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_is_wrong_is_named_with_what_to_do(
    host: Installation, harm: Any, topic: str, word: str
) -> None:
    harm(host)
    code, found = examine(host, "--full")
    assert code == 1
    wrong = [one for one in found[topic] if one["verdict"] == "wrong"]
    assert wrong
    assert word in " ".join(one["todo"] for one in wrong)


@pytest.mark.slow
def test_it_names_the_process_that_works_here(host: Installation) -> None:
    """And does not take its lock, not even for a moment."""
    with (host.state / "ledger.sqlite3.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, found = examine(host)
    assert code == 0
    assert str(os.getpid()) in found["lock"][0]["seen"]


def leave_unrecorded(host: Installation, times: int) -> None:
    """What recovery notes when writers end between intending certificates and recording them."""
    with Ledger.open(host.state / "ledger.sqlite3", entropy=SystemEntropy()) as ledger:
        now = SystemClock().now()
        issuer = min(ledger.reader.authorities())
        with ledger.transaction(now) as transaction:
            transaction.append(
                [Orphaned(issuer=issuer, fence=1000 + nth, count=3) for nth in range(times)]
            )


@pytest.mark.slow
def test_one_crash_is_told_and_asks_for_nobody(host: Installation) -> None:
    leave_unrecorded(host, 1)
    code, found = examine(host)
    assert (code, [one["verdict"] for one in found["crashes"]]) == (0, ["fine"])


def test_writers_that_keep_ending_wait_for_a_persons_word(host: Installation) -> None:
    leave_unrecorded(host, 2)
    code, found = examine(host)
    assert code == 3
    assert "--confirm crashes" in found["crashes"][0]["todo"]
    done = host.run("doctor", "--confirm", "crashes")
    assert (done.returncode, done.stdout) == (
        0,
        "noted: it issues again from the next cycle on\n",
    )
    assert examine(host)[0] == 0
    assert host.run("doctor", "--confirm", "crashes").returncode == 1


@pytest.mark.slow
def test_a_lost_ledger_is_begun_anew_read_back_and_confirmed(host: Installation) -> None:
    """As an operator does it: explicitly, seeing everything, and with a word at the end."""
    authorities = {p.name: p.read_bytes() for p in (host.public / "aia").glob("*.cer")}
    numbers = crl_numbers(host)
    forget(host)
    assert host.run("init").returncode == 1
    assert host.run("init", "--recover").returncode == 0
    recovered = host.run("apply", "--output", "json")
    assert recovered.returncode == 3, recovered.stdout + recovered.stderr
    assert json.loads(recovered.stdout)["counts"]["signed"] == 0
    code, found = examine(host)
    assert code == 3, found
    assert "--confirm ledger" in found["ledger"][1]["todo"]
    assert "DOUBT   ledger" in host.run("status").stdout
    assert host.run("plan", "--detailed-exitcode").returncode == 3
    assert host.run("doctor", "--confirm", "ledger").returncode == 0
    assert issued_by(host.apply()) == NO_ANSWERS_YET
    assert host.apply()["counts"]["written"] == 0
    assert {p.name: p.read_bytes() for p in (host.public / "aia").glob("*.cer")} == authorities
    after = crl_numbers(host)
    assert after.keys() == numbers.keys()
    assert all(after[name] > number for name, number in numbers.items())
    code, _ = examine(host, "--full")
    assert code == 0


@pytest.mark.slow
def test_an_unread_ca_keeps_the_word_from_being_taken(host: Installation) -> None:
    """Its key is locked away: confirming now would make another under the same name."""
    (host.state / "offline-keys").rename(host.root / "safe")
    forget(host)
    assert host.run("init", "--recover").returncode == 0
    assert host.run("apply").returncode in (1, 3)
    refused = host.run("doctor", "--confirm", "ledger")
    assert refused.returncode == 1
    assert "attach its key" in refused.stderr
    shutil.rmtree(host.state / "offline-keys", ignore_errors=True)
    (host.root / "safe").rename(host.state / "offline-keys")
    assert host.run("apply").returncode == 3
    assert host.run("doctor", "--confirm", "ledger").returncode == 0
    assert issued_by(host.apply()) == NO_ANSWERS_YET


@pytest.mark.slow
def test_nothing_in_doubt_is_nothing_to_confirm(host: Installation) -> None:
    for what in ("ledger", "clock"):
        done = host.run("doctor", "--confirm", what)
        assert done.returncode == 1
        assert "not in doubt" in done.stderr
    assert host.run("doctor", "--confirm", "weather").returncode == 64


def crl_numbers(host: Installation) -> dict[str, int]:
    return {
        path.name: x509.load_der_x509_crl(path.read_bytes())
        .extensions.get_extension_for_class(x509.CRLNumber)
        .value.crl_number
        for path in (host.public / "crl").glob("*.crl")
    }


NO_ANSWERS_YET = ["ResponderCertificate/vcc-time/1"]
"""A CA that has signed nothing has no answers that its responder could be read back from."""


def issued_by(document: Any) -> list[str]:
    return [a["subject"] for a in document["plan"] if a["verb"] in ("issue", "reissue", "renew")]


@pytest.mark.slow
def test_while_a_daemon_runs_a_word_is_left_for_it(host: Installation) -> None:
    """It holds the lock, and may have seen what nobody else can."""
    with (host.state / "ledger.sqlite3.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = host.run("doctor", "--confirm", "clock")
    assert done.returncode == 0, done.stderr
    assert "in its next cycle" in done.stdout
    word = host.state / "ledger.sqlite3.confirm"
    assert word.read_text().startswith("clock ")
    assert word.stat().st_mode & 0o777 == 0o600
    host.apply()
    assert not word.exists()
