"""A ledger that has forgotten, against today's publication: nothing that is public is taken back,
nothing is issued until a person has said so, and then everything goes on.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from pki_reconciler.ledger import confirmations
from pki_reconciler.ledger.confirmations import Word
from pki_reconciler.ledger.records import Doubted
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.loop import Outcome
from tests.properties.organisation import SERVICES, Declare, NewKey, Nursery, Revoke, Scene

WEB, API, DB, NEW = SERVICES


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Nursery:
    return Nursery(Path(tmp_path_factory.mktemp("nursery")))


@dataclass
class Day:
    """A world after some eventful days, and the ledger of the day before."""

    scene: Scene
    yesterday: Path

    def restore(self) -> None:
        """Yesterday's ledger takes the place of today's."""
        self.lose()
        shutil.copy(self.yesterday, self.scene.world.ledger_path)

    def lose(self) -> None:
        for file in self.scene.world.ledger_path.parent.glob("ledger.sqlite3*"):
            file.unlink()

    def begin_anew(self) -> None:
        """As ``vcc-pki init --recover`` does."""
        world = self.scene.world
        self.lose()
        with (
            Ledger.create(world.ledger_path, entropy=world.entropy) as ledger,
            ledger.transaction(world.clock.now()) as transaction,
        ):
            transaction.append([Doubted(what="ledger", evidence="it was made anew")])

    def confirm(self) -> None:
        """As ``vcc-pki doctor --confirm ledger`` does while a daemon runs."""
        path = self.scene.world.ledger_path
        with self.scene.world.reader() as reader:
            [doubt] = [d for d in reader.doubts() if not d.confirmed]
        confirmations.leave(path, Word("ledger", doubt.seq))

    def crl(self) -> x509.CertificateRevocationList:
        [path] = [p for p in self.scene.public if p.startswith("crl/issuing") and p.endswith("crl")]
        return x509.load_der_x509_crl(self.scene.public[path])

    def revoked(self) -> set[int]:
        return {entry.serial_number for entry in self.crl()}

    def number(self) -> int:
        return self.crl().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    def authorities(self) -> dict[str, bytes]:
        return {p: b for p, b in self.scene.public.items() if p.endswith(".cer")}

    def pointers(self) -> dict[str, object]:
        import json

        return {
            path: json.loads(body)["serial"]
            for path, body in self.scene.public.items()
            if path.endswith("current.json")
        }

    def answer(self, serial: int) -> ocsp.OCSPResponse:
        [path] = [p for p in self.scene.public if p.endswith(f"/{serial:x}.sha256.der")]
        return ocsp.load_der_ocsp_response(self.scene.public[path])


@pytest.fixture
def day(nursery: Nursery) -> Iterator[Day]:
    """Today two services were revoked, one certified anew, and one came into being."""
    with nursery.scene() as scene:
        scene.play([Revoke(DB, "cessationOfOperation")])
        scene.reconcile(days=1)
        yesterday = scene.world.root / "yesterday.sqlite3"
        shutil.copy(scene.world.ledger_path, yesterday)
        scene.play([Revoke(WEB, "keyCompromise"), NewKey(WEB), Declare(NEW)])
        scene.reconcile(hours=20)
        scene.play([Revoke(API, "superseded")])
        scene.reconcile(hours=1)
        yield Day(scene, yesterday)


def forgetting(how: str) -> Callable[[Day], None]:
    return {"yesterday's": Day.restore, "none": Day.begin_anew}[how]


def issued(outcome: Outcome) -> int:
    return outcome.done.signed


@pytest.mark.parametrize("ledger", [pytest.param("yesterday's", marks=pytest.mark.slow), "none"])
def test_every_published_revocation_is_on_the_next_list(day: Day, ledger: str) -> None:
    """With a higher number, nothing issued, no CA more or less, and answers that go on."""
    revoked, number, authorities = day.revoked(), day.number(), day.authorities()
    pointers = day.pointers()
    assert len(revoked) == 3
    forgetting(ledger)(day)
    outcomes = [day.scene.reconcile(minutes=5)]
    outcomes += [day.scene.reconcile(hours=12) for _ in range(6)]
    assert day.revoked() == revoked
    assert day.number() > number
    assert day.authorities() == authorities
    assert day.pointers() == pointers
    assert sum(map(issued, outcomes)) == 0
    assert {"PKI6030"} == {held.code for outcome in outcomes for held in outcome.kept_back}
    now = day.scene.world.clock.now()
    for serial in revoked | {int(str(s), 16) for s in pointers.values()}:
        answer = day.answer(serial)
        assert answer.next_update_utc is not None
        assert answer.next_update_utc > now
        expected = "REVOKED" if serial in revoked else "GOOD"
        assert answer.certificate_status.name == expected


@pytest.mark.slow
@pytest.mark.parametrize("ledger", ["yesterday's", "none"])
def test_after_the_word_everything_converges(day: Day, ledger: str) -> None:
    """No mass re-issue: what was read back is current. The second reconcile writes nothing."""
    pointers, authorities = day.pointers(), day.authorities()
    forgetting(ledger)(day)
    day.scene.reconcile(minutes=5)
    day.confirm()
    outcome = day.scene.reconcile(minutes=5)
    assert not outcome.footing.doubts
    assert issued(outcome) == 0
    assert day.pointers() == pointers
    assert day.authorities() == authorities
    quiet = day.scene.reconcile(minutes=5)
    assert (quiet.done.written, quiet.done.published, quiet.kept_back) == (0, 0, ())
    later = day.scene.reconcile(days=80)
    assert issued(later) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("ledger", ["yesterday's", "none"])
@pytest.mark.debian("openssl")
def test_openssl_takes_the_list_of_both(day: Day, ledger: str, tmp_path: Path) -> None:
    revoked = day.revoked()
    forgetting(ledger)(day)
    day.scene.reconcile(minutes=5)
    [ca] = [body for path, body in day.authorities().items() if "issuing" in path]
    [crl] = [
        body
        for path, body in day.scene.public.items()
        if path.startswith("crl/issuing") and path.endswith(".crl")
    ]
    (tmp_path / "ca.der").write_bytes(ca)
    (tmp_path / "crl.der").write_bytes(crl)
    subprocess.run(["openssl", "x509", "-in", "ca.der", "-out", "ca.pem"], cwd=tmp_path, check=True)
    said = subprocess.run(
        ["openssl", "crl", "-in", "crl.der", "-CAfile", "ca.pem", "-noout", "-text"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "verify OK" in said.stderr
    for serial in revoked:
        assert f"{serial:X}" in said.stdout


@pytest.mark.parametrize("ledger", ["yesterday's", pytest.param("none", marks=pytest.mark.slow)])
def test_a_forgotten_hold_is_a_hold_again(nursery: Nursery, ledger: str) -> None:
    """It stays on the list as it was, and its own object releases it after the word."""
    with nursery.scene() as scene:
        yesterday = scene.world.root / "yesterday.sqlite3"
        shutil.copy(scene.world.ledger_path, yesterday)
        day = Day(scene, yesterday)
        name = scene.revoke(DB, "certificateHold", "  state: held\n")
        scene.commit()
        scene.reconcile(hours=1)
        before = [(e.serial_number, e.revocation_date_utc) for e in day.crl()]
        forgetting(ledger)(day)
        scene.reconcile(hours=1)
        after = [(e.serial_number, e.revocation_date_utc) for e in day.crl()]
        assert after == before
        [entry] = day.crl()
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert reason is x509.ReasonFlags.certificate_hold
        day.confirm()
        scene.reconcile(hours=1)
        path = f"revocations/{name}.yaml"
        scene.world.edit(path, "state: held", "state: released")
        scene.commit()
        scene.reconcile(hours=1)
        assert day.revoked() == set()
