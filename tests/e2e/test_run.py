"""``vcc-pki run`` as a process: what wakes it, what ends it, and what it answers meanwhile."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import cast

import pytest

from pki_reconciler.ledger.write import Ledger
from pki_reconciler.ports import SystemEntropy
from pki_schema.reported import Failure
from tests.installation import COMMAND, ENVIRONMENT, Installation
from tests.reconciler.daemon.receivers import hangs, hostile, webhook

SECRET = "f2c5b1d0c0ffee00f2c5b1d0c0ffee00"
DAEMON = """
[daemon]
listen = "127.0.0.1:0"
poll = "1h"
webhook_secret_file = "./state/webhook"
"""
SERVICE = "tenants/vcc/services/argus-backend.yaml"


@dataclass
class Daemon:
    """The process, and the events it has told so far."""

    process: subprocess.Popen[str]
    told: list[dict[str, object]] = field(default_factory=list)

    def until(self, event: str, **fields: object) -> dict[str, object]:
        """Read its log up to an event with these fields, or to its end."""
        for told in self._events():
            if told["event"] == event and fields.items() <= told.items():
                return told
        raise AssertionError(f"no {event}: {self.told}")

    def until_woken(self, by: str) -> None:
        """Read its log up to a wake by this, which others may have joined."""
        for told in self._events():
            if told["event"] == "woken" and by in cast("list[str]", told["by"]):
                return
        raise AssertionError(f"not woken by {by}: {self.told}")

    def _events(self) -> Iterator[dict[str, object]]:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told.append(json.loads(line))
            yield self.told[-1]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        host, _, port = str(self.told[0]["listen"]).rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def push(self, secret: str = SECRET) -> int:
        """What a forge calls after a push."""
        body = b'{"ref": "refs/heads/anything"}'
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.ask("POST", "/hooks/push", body, X_Hub_Signature_256=f"sha256={digest}")[0]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        return self.process.returncode


@contextmanager
def running(host: Installation) -> Iterator[Daemon]:
    process = subprocess.Popen(
        [*COMMAND, "run"],
        cwd=host.root,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    patience = Timer(120, process.kill)  # a hanging daemon ends its log, and the test
    patience.start()
    try:
        yield Daemon(process)
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def reconciled(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The shipped organisation after its first reconcile; copied, never touched."""
    host = Installation.prepare(tmp_path_factory.mktemp("run") / "host")
    assert host.run("init").returncode == 0
    host.apply()
    return host


@pytest.fixture
def host(reconciled: Installation, tmp_path: Path) -> Installation:
    host = reconciled.copy(tmp_path / "host")
    with host.config.open("a") as config:
        config.write(DAEMON)
    secret = host.state / "webhook"
    secret.touch(mode=0o600)
    secret.write_text(f"{SECRET}\n")
    return host


def change(host: Installation, days: int) -> str:
    """A commit that gives one service another duration."""
    file = host.tree / SERVICE
    lines = [
        x for x in file.read_text().splitlines() if not x.startswith(("  duration", "  renewB"))
    ]
    file.write_text("\n".join([*lines, f"  duration: {days}d", "  renewBefore: 15d", ""]))
    return host.commit(f"{days} days")


def test_a_day_of_a_daemon(host: Installation) -> None:
    """A commit in a local repository wakes it, a genuine push wakes it, a false one does not; it
    tells how it stands; a second one stands by until SIGTERM ends the first with 0.
    """
    with running(host) as first:
        first.until("woken", by=["start"])
        commit = change(host, 47)
        first.until("commit accepted", commit=commit)
        done = first.until("cycle", commit=commit)
        assert (done["result"], done["certificates"]) == ("success", 1)

        assert first.push(secret="0" * 32) == 401
        assert first.push() == 202
        first.until_woken("push")

        status, text = first.ask("GET", "/readyz?verbose")
        assert status == 200
        assert "[+] ledger ok\n[+] repository ok\n[+] publication/public ok\n" in text
        assert text.endswith("success\nready\n")
        assert first.ask("GET", "/livez") == (200, "ok\n")
        assert "pki_reconcile_last_success_timestamp_seconds" in first.ask("GET", "/metrics")[1]
        assert first.ask("GET", "/hooks/push")[0] == 405

        with running(host) as second:
            second.until("standing by")
            assert second.ask("GET", "/readyz")[0] == 503
            assert first.end() == 0
            second.until("woken", by=["start"])
            commit = change(host, 46)
            second.until("cycle", commit=commit)
            assert second.end() == 0


@pytest.mark.slow
def test_what_is_wrong_is_told_once_and_a_hanging_channel_holds_nothing_up(
    host: Installation,
) -> None:
    """To a webhook, from the first cycle on; not again after a restart, until it is over."""
    (host.tree / "tenants/vcc/services/odd.yaml").write_text("spec: [\n")
    host.commit("a broken file")
    with webhook() as receiver, hostile(hangs) as port, host.config.open("a") as config:
        for name, url in (("ops", receiver.url), ("hung", f"http://127.0.0.1:{port}/token-4711")):
            config.write(f'[[notify]]\nname = "{name}"\nkind = "webhook"\nurl = "{url}"\n')
        config.flush()
        with running(host) as daemon:
            daemon.until("notice", channel="ops", result="sent")
            [document] = receiver.documents
            assert document["severity"] == "error"
            metrics = daemon.ask("GET", "/metrics")[1]
            assert 'pki_notifications_total{channel="ops",result="sent"} 1.0' in metrics
            began = time.monotonic()
            assert daemon.end() == 0
            assert time.monotonic() - began < 15
        with running(host) as daemon:
            daemon.until("woken", by=["start"])
            (host.tree / "tenants/vcc/services/odd.yaml").unlink()
            host.commit("without it")
            daemon.until("notice", channel="ops", result="sent")
            assert daemon.end() == 0
        assert not any("4711" in json.dumps(line) for line in daemon.told)
    assert [one["severity"] for one in receiver.documents] == ["error", "notice"]


def test_without_its_repository_it_starts_and_says_so(host: Installation) -> None:
    """Also when the clone was lost with it: what is due needs no Git."""
    host.tree.rename(host.root / "away")
    subprocess.run(["rm", "-rf", "state/repository.git"], cwd=host.root, check=True)
    with running(host) as daemon:
        told = daemon.until("failing")
        assert told["resource"] == "repository"
        assert told["attempts"] == 1
        status, text = daemon.ask("GET", "/readyz?verbose")
        assert (status, "[-] repository failed 1 times" in text) == (200, True)
        assert daemon.end() == 0


def test_an_address_that_is_taken_is_told_at_once(host: Installation) -> None:
    host.config.write_text(host.config.read_text().replace("127.0.0.1:0", "192.0.2.1:9464"))
    done = host.run("run")
    assert done.returncode == 1
    assert "cannot listen on 192.0.2.1 port 9464" in done.stderr


def test_a_short_secret_is_refused(host: Installation) -> None:
    (host.state / "webhook").write_text("short\n")
    done = host.run("run")
    assert done.returncode == 1
    assert "shorter than 16 octets" in done.stderr


def test_an_apply_that_succeeds_forgets_what_failed(host: Installation) -> None:
    """What a daemon was patient with when it was stopped is not told for ever."""
    failure = Failure(resource="publication/public", message="the disk is full", attempts=3)
    with Ledger.open(host.state / "ledger.sqlite3", entropy=SystemEntropy()) as ledger:
        ledger.postpone([failure])
    assert "FAILING publication/public: the disk is full" in host.run("status").stdout
    assert host.run("apply").returncode == 0
    assert "FAILING" not in host.run("status").stdout
