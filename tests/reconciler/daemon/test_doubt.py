"""A daemon over a ledger that has forgotten, and over targets that have."""

from __future__ import annotations

import shutil
from dataclasses import replace
from io import StringIO

import pytest
from cryptography import x509

from pki_reconciler.daemon.listening import verbose
from pki_reconciler.daemon.log import Log
from pki_reconciler.daemon.metrics import exposition
from pki_reconciler.ledger import confirmations
from pki_reconciler.ledger.confirmations import Word
from pki_schema.reported import Sync
from tests.fakes import InMemoryTarget
from tests.properties.organisation import SERVICES, Declare, NewKey, Revoke, Scene
from tests.reconciler.daemon.conftest import running

WEB, API, DB, NEW = SERVICES


def backed_up(scene: Scene) -> None:
    """The ledger as it is now is put back after a service was declared and certified."""
    copy = scene.world.ledger_path.with_name("backup")
    shutil.copy(scene.world.ledger_path, copy)
    Declare(NEW).act(scene)
    scene.commit()
    scene.reconcile(hours=1)
    for file in scene.world.ledger_path.parent.glob("ledger.sqlite3*"):
        file.unlink()
    shutil.copy(copy, scene.world.ledger_path)


def confirm(scene: Scene) -> None:
    with scene.world.reader() as reader:
        [doubt] = [one for one in reader.doubts() if not one.confirmed]
    confirmations.leave(scene.world.ledger_path, Word("ledger", doubt.seq))


def test_it_says_so_everywhere_within_one_cycle(scene: Scene) -> None:
    backed_up(scene)
    Declare(API, name=1).act(scene)
    scene.commit()
    with running(scene) as daemon:
        pulse = daemon.cycle(seconds=60)
        [doubt] = pulse.report.doubts
        assert doubt.what == "ledger"
        assert "has seen a ledger with" in doubt.evidence
        assert (pulse.ready, pulse.result) == (False, "held")
        assert "[-] ledger in doubt" in verbose(pulse)
        assert b'pki_in_doubt{what="ledger"} 1.0' in exposition(pulse, version="1")
        [api] = [c for c in pulse.report.certificates if c.identity.name == "api/default"]
        assert api.sync is Sync.HELD
        assert "PKI6030" in api.note


def test_it_goes_on_after_the_word_and_only_then(scene: Scene) -> None:
    backed_up(scene)
    Declare(API, name=1).act(scene)
    scene.commit()
    with running(scene) as daemon:
        before = daemon.cycle(seconds=60)
        assert before.tally.signed > 0  # the CRL of both
        for _ in range(3):
            quiet = daemon.cycle(seconds=60)
        assert quiet.report.doubts
        assert quiet.tally.signed == before.tally.signed
        confirm(scene)
        after = daemon.cycle(seconds=60)
        assert (after.report.doubts, after.ready, after.result) == ((), True, "success")
        assert after.tally.actions["reissue", "git"] == 1
        assert after.tally.actions["issue", "git"] == 0
        assert daemon.cycle(seconds=60).report.doubts == ()
    with running(scene) as another:
        assert another.cycle(seconds=60).report.doubts == ()


def test_a_word_about_another_doubt_is_none(scene: Scene) -> None:
    backed_up(scene)
    with running(scene) as daemon:
        daemon.cycle(seconds=60)
        confirmations.leave(scene.world.ledger_path, Word("ledger", 1))
        assert daemon.cycle(seconds=60).report.doubts
        assert not confirmations.file_of(scene.world.ledger_path).exists()


def test_a_revocation_counts_while_in_doubt_and_is_closed_after(scene: Scene) -> None:
    backed_up(scene)
    with running(scene) as daemon:
        daemon.cycle(seconds=60)
        [new] = scene.world.certificates(*NEW)
        Revoke(NEW, "keyCompromise").act(scene)
        scene.commit()
        daemon.cycle(seconds=60)
        assert new.serial in {entry.serial_number for entry in scene.world.crl("issuing")}
        with scene.world.reader() as reader:
            assert reader.is_blocked(new.spki)
        confirm(scene)
        daemon.cycle(seconds=60)
        NewKey(NEW).act(scene)
        scene.commit()
        daemon.cycle(seconds=60)
        assert [str(c.state) for c in scene.world.certificates(*NEW)] == ["revoked", "valid"]


def test_what_was_restored_twice_is_noticed_twice(scene: Scene) -> None:
    """The mark of the first recovery bears witness against the second."""
    backed_up(scene)
    copy = scene.world.ledger_path.with_name("backup")
    with running(scene) as daemon:
        daemon.cycle(seconds=60)
        confirm(scene)
        assert daemon.cycle(seconds=60).report.doubts == ()
    for file in scene.world.ledger_path.parent.glob("ledger.sqlite3*"):
        file.unlink()
    shutil.copy(copy, scene.world.ledger_path)
    with running(scene) as daemon:
        assert [d.what for d in daemon.cycle(seconds=60).report.doubts] == ["ledger"]


def test_without_any_mark_the_published_list_is_enough(scene: Scene) -> None:
    """Marks are hidden files, which a copy may leave out."""
    copy = scene.world.ledger_path.with_name("backup")
    shutil.copy(scene.world.ledger_path, copy)
    Revoke(WEB, "cessationOfOperation").act(scene)
    scene.commit()
    scene.reconcile(hours=1)
    for file in scene.world.ledger_path.parent.glob("ledger.sqlite3*"):
        file.unlink()
    shutil.copy(copy, scene.world.ledger_path)
    scene.keys.left = scene.target.left = type(scene.keys.left)()
    with running(scene) as daemon:
        [doubt] = daemon.cycle(seconds=60).report.doubts
        assert "has CRL" in doubt.evidence


@pytest.mark.parametrize("harm", ["emptied", "put back"])
def test_a_target_that_forgets_is_no_reason_to_doubt(scene: Scene, harm: str) -> None:
    """The ledger is what counts: one of two targets gets everything again."""
    other = InMemoryTarget()
    scene.world.targets = {**scene.world.targets, "second": other}
    scene.reconcile()
    former = dict(other.files)
    Revoke(WEB, "superseded").act(scene)
    scene.commit()
    with running(scene) as daemon:
        daemon.cycle(hours=1)
        newest = dict(other.files)
        other.files.clear()
        if harm == "put back":
            other.files.update(former)
        pulse = daemon.cycle(seconds=60)
        assert (pulse.report.doubts, pulse.result) == ((), "success")
        missing = newest.keys() - other.files.keys()
        # What waits to be deleted is not written again: the set of the superseded certificate.
        assert {path.rpartition("/")[0].count("/") for path in missing} <= {4}
        lasting = newest.keys() - missing - {path for path in newest if path.endswith(".html")}
        assert all(other.files[path] == newest[path] for path in lasting)


def test_a_target_that_was_away_is_looked_at_when_it_is_back(scene: Scene) -> None:
    """It alone has the newest list; nothing is written there before its mark is known."""
    other = InMemoryTarget(dict(scene.public))
    scene.world.targets = {**scene.world.targets, "second": other}
    scene.reconcile()
    copy = scene.world.ledger_path.with_name("backup")
    shutil.copy(scene.world.ledger_path, copy)
    public = dict(scene.target.files)
    left = replace(scene.target.left), replace(scene.keys.left)
    Revoke(WEB, "cessationOfOperation").act(scene)
    scene.commit()
    scene.reconcile(hours=1)
    [web] = scene.world.certificates(*WEB)
    for file in scene.world.ledger_path.parent.glob("ledger.sqlite3*"):
        file.unlink()
    shutil.copy(copy, scene.world.ledger_path)
    scene.target.files.clear()
    scene.target.files.update(public)
    scene.target.left, scene.keys.left = left
    scene.world.tree.rename(scene.world.root / "gone")
    scene.world.targets = {"public": scene.target}
    with running(scene) as daemon:
        assert daemon.cycle(seconds=60).report.doubts == ()
    scene.world.targets = {"public": scene.target, "second": other}
    with running(scene) as daemon:
        assert [d.what for d in daemon.cycle(seconds=60).report.doubts] == ["ledger"]
        for target in (scene.target, other):
            serials = {
                entry.serial_number
                for path, body in target.files.items()
                if path.startswith("crl/issuing") and path.endswith(".crl")
                for entry in x509.load_der_x509_crl(body)
            }
            assert web.serial in serials


def test_the_log_tells_it_once(scene: Scene) -> None:
    backed_up(scene)
    stream = StringIO()
    log = Log(stream)
    with running(scene) as daemon:
        daemon.daemon._ears = replace(daemon.daemon._ears, ended=log.ended)
        for _ in range(3):
            daemon.cycle(seconds=60)
        confirm(scene)
        daemon.cycle(seconds=60)
    told = stream.getvalue()
    assert told.count('"in doubt"') == 1
    assert told.count('"no longer in doubt"') == 1
