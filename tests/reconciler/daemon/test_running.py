"""The daemon between two cycles: what it does again, what it leaves alone, what it tells."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from pki_publishers.release import PublicObject
from pki_reconciler.daemon.running import Daemon, Ears, run
from pki_reconciler.daemon.wake import Reason, Wake
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import KeyRecorded
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.observe.advance import Observed
from pki_schema.desired import authority_identity
from pki_schema.errors import Fenced, WorldFailed
from pki_schema.instants import Instant
from pki_schema.reported import Delivery, Failure, Health, Sync
from pki_schema.x509.algorithms import ALGORITHMS, spki_der
from tests.fakes import SeededEntropy
from tests.properties.organisation import SERVICES, Declare, Revoke, Scene
from tests.reconciler.daemon.conftest import running


def full(_: Sequence[PublicObject]) -> None:
    raise WorldFailed("the disk is full", "make room")


def resources(scene: Scene) -> dict[str, int]:
    """What the ledger says is failing, with the number of attempts."""
    with Reader.open(scene.world.ledger_path) as reader:
        return {one.resource: one.attempts for one in reader.failures()}


def test_a_commit_is_certified_published_and_told(scene: Scene) -> None:
    with running(scene) as daemon:
        daemon.cycle()
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        pulse = daemon.cycle(seconds=5)
        [new] = [c for c in pulse.report.certificates if c.identity.name == "new/default"]
        assert (new.sync, new.health) == (Sync.SYNCED, Health.HEALTHY)
        assert new.delivery is Delivery.PUBLISHED
        assert pulse.result == "success"
        assert pulse.tally.actions["issue", "git"] == 1


def test_a_quiet_cycle_writes_nothing_and_keeps_its_report(scene: Scene) -> None:
    with running(scene) as daemon:
        before = daemon.cycle()
        after = daemon.cycle(seconds=60)
        assert after.report is before.report
        assert after.tally.cycles["success"] == 2


def test_work_falls_due_and_is_done(scene: Scene) -> None:
    """Every wake brings the next one nearer than the validity of anything published."""
    with running(scene) as daemon:
        pulse = daemon.cycle()
        for _ in range(30):
            assert pulse.report.next_due is not None
            now = scene.world.clock.now()
            wait = max(pulse.report.next_due - now, timedelta(seconds=1))
            pulse = daemon.cycle(seconds=wait.total_seconds())
            assert pulse.result == "success"
            assert {a.health for a in pulse.report.authorities} == {Health.HEALTHY}
        assert pulse.tally.actions["sign-crl", "clock"] > 0


# Patience


def test_a_failing_target_is_left_alone_longer_and_longer(scene: Scene) -> None:
    """Asked again only when its patience is over; the ledger remembers that over a restart."""
    asked: list[object] = []

    def refuse(phase: Sequence[PublicObject]) -> None:
        asked.append(phase)
        full(phase)

    scene.target.before = refuse
    Declare(SERVICES[3]).act(scene)
    scene.commit()
    with running(scene) as daemon:
        pulse = daemon.cycle()
        [failure] = pulse.failures
        assert (failure.resource, failure.attempts) == ("publication/public", 1)
        assert failure.retry_at == scene.world.clock.now() + timedelta(seconds=15)
        daemon.cycle(seconds=14)
        assert len(asked) == 1
        daemon.cycle(seconds=1)
        assert len(asked) == 2
        assert resources(scene) == {"publication/public": 2}
    with running(scene) as daemon:
        daemon.cycle(seconds=29)
        assert len(asked) == 2
        daemon.cycle(seconds=1)
        assert len(asked) == 3


def test_it_heals_by_itself(scene: Scene) -> None:
    """Back after its patience: everything is written, nothing is remembered against it."""
    scene.target.before = full
    Declare(SERVICES[3]).act(scene)
    scene.commit()
    with running(scene) as daemon:
        broken = daemon.cycle()
        assert broken.result == "failed"
        [new] = [c for c in broken.report.certificates if c.identity.name == "new/default"]
        assert new.delivery is Delivery.NONE
        assert broken.report.publications[0].unwritten > 0
        scene.target.before = lambda _: None
        healed = daemon.cycle(seconds=15)
        assert (healed.result, healed.failures) == ("success", ())
        assert healed.report.publications[0].unwritten == 0
        assert any(path.startswith("svc/beta/new/") for path in scene.public)
    assert resources(scene) == {}


def test_a_key_that_is_away_keeps_nobody_else_waiting(scene: Scene) -> None:
    """One attempt a cycle at the key, renewals of nobody else stop, and it heals by itself."""
    with Reader.open(scene.world.ledger_path) as reader:
        [issuing] = [a for a in reader.authorities().values() if a.name == "issuing"]
    key = scene.keys.keys.pop(issuing.spki)
    for service in SERVICES[:3]:
        Revoke(service, "superseded").act(scene)
    scene.commit()
    with running(scene) as daemon:
        scene.keys.opened.clear()
        pulse = daemon.cycle()
        assert [f.resource for f in pulse.failures] == [f"signer/{issuing.spki}"]
        assert scene.keys.opened.count(issuing.spki) == 1
        scene.keys.keys[issuing.spki] = key
        assert daemon.cycle(seconds=15).failures == ()
        assert daemon.cycle(seconds=60).result == "success"


def test_without_git_it_goes_on_and_says_so(scene: Scene) -> None:
    with running(scene) as daemon:
        daemon.cycle()
        away = scene.world.root / "unreachable"
        scene.world.tree.rename(away)
        pulse = daemon.cycle(days=2)
        assert [f.resource for f in pulse.failures] == ["repository"]
        assert pulse.fetched_at == daemon.pulses[0].at
        assert {a.health for a in pulse.report.authorities} == {Health.HEALTHY}
        away.rename(scene.world.tree)
        assert daemon.cycle(seconds=60).failures == ()


def test_a_refused_commit_is_told_until_it_is_healed(scene: Scene) -> None:
    with running(scene) as daemon:
        scene.world.write("templates/odd.yaml", "spec: [\n")
        commit = scene.commit()
        assert daemon.cycle().refused == (commit,)
        assert [fault.tenant for fault in daemon.pulses[-1].report.slices] == [""]
        (scene.world.tree / "templates/odd.yaml").unlink()
        scene.commit()
        assert daemon.cycle(seconds=60).refused == ()
        assert daemon.pulses[-1].report.slices == ()


def test_a_faulty_tenant_is_told_until_it_is_healed(scene: Scene) -> None:
    """It is no failure, and the daemon is ready."""
    with running(scene) as daemon:
        scene.world.write("tenants/alpha/services/odd.yaml", "spec: [\n")
        commit = scene.commit()
        pulse = daemon.cycle()
        assert (pulse.refused, pulse.failures, pulse.ready, pulse.result) == ((), (), True, "held")
        [fault] = pulse.report.slices
        assert (fault.tenant, fault.commit) == ("alpha", commit)
        assert {c.identity.tenant: str(c.sync) for c in pulse.report.certificates} == {
            "alpha": "Invalid",
            "beta": "Synced",
        }
        (scene.world.tree / "tenants/alpha/services/odd.yaml").unlink()
        scene.commit()
        pulse = daemon.cycle(seconds=60)
        assert (pulse.report.slices, pulse.result) == ((), "success")
        assert {str(c.sync) for c in pulse.report.certificates} == {"Synced"}


def test_a_disk_that_fills_up_is_named_and_heals(scene: Scene) -> None:
    """Whatever a cycle meets, the next one comes, and says what was wrong until then."""
    full = False

    def observe(now: Instant) -> Observed:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return Observed(head="")

    with scene.world.host() as host:
        ears = Ears(began=lambda _: None, ended=lambda *_: None)
        daemon = Daemon(replace(host, observe=observe), ears)
        assert daemon.cycle(frozenset()).result == "success"
        full = True
        [failure] = daemon.cycle(frozenset()).failures
        assert (failure.resource, failure.message) == ("repository", "No space left on device")
        full = False
        scene.world.clock.advance(seconds=15)
        assert daemon.cycle(frozenset()).failures == ()


def test_a_failure_inside_a_cycle_is_no_success(scene: Scene) -> None:
    """A key store that cannot make keys is named; nothing else waits for it."""
    scene.keys.before = failing_store
    with running(scene) as daemon:
        pulse = daemon.cycle(days=25)  # the responder's successor needs a key
        assert pulse.result == "failed"
        assert [f.resource for f in pulse.failures] == ["signer"]
        assert {a.health for a in pulse.report.authorities} == {Health.HEALTHY}


def failing_store() -> None:
    raise WorldFailed("no space for another key")


# One writer


def test_a_writer_that_was_overtaken_ends(scene: Scene) -> None:
    """Whatever became of the lock file: the number in the ledger decides, before anything is
    signed.
    """
    with running(scene) as daemon:
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        daemon.cycle()
        scene.world.ledger_path.with_name(scene.world.ledger_path.name + ".lock").unlink()
        Revoke(SERVICES[0], "superseded").act(scene)
        scene.commit()
        assert scene.reconcile().done.revoked == 1
        before = dict(scene.public)
        Revoke(SERVICES[1], "superseded").act(scene)
        scene.commit()
        with pytest.raises(Fenced):
            daemon.cycle(seconds=60)
        assert scene.public == before


def test_an_overtaken_writer_does_not_even_acknowledge(scene: Scene) -> None:
    path = scene.world.ledger_path
    now = scene.world.clock.now()
    with Ledger.open(path, entropy=SeededEntropy("first")) as first:
        first.postpone([])
        with first.transaction(now) as transaction:
            transaction.append([made("first")])
        path.with_name(path.name + ".lock").unlink()
        with (
            Ledger.open(path, entropy=SeededEntropy("second")) as second,
            second.transaction(now) as transaction,
        ):
            transaction.append([made("second")])
        acts: list[Callable[[], object]] = [
            lambda: first.acknowledge("public", []),
            lambda: first.withdraw("public", ["x"]),
            lambda: first.postpone([Failure(resource="repository", message="away")]),
        ]
        for act in acts:
            with pytest.raises(Fenced):
                act()


def made(name: str) -> KeyRecorded:
    """Any record that may always be written."""
    owner = authority_identity(name, 1)
    spki = spki_der(ALGORITHMS["P-256"].generate().public_key())
    return KeyRecorded(
        spki=spki, algorithm="P-256", purpose="authority", owner=owner, locator="online"
    )


# The loop


def test_it_runs_until_it_is_stopped(scene: Scene) -> None:
    """A stop in the middle of a cycle lets it end, and no other begins."""
    wake = Wake()
    reasons: list[frozenset[Reason]] = []
    ears = Ears(began=reasons.append, ended=lambda *_: wake.stop())
    with scene.world.host() as host:
        run(host, wake, poll=timedelta(seconds=60), ears=ears)
    assert reasons == [frozenset({Reason.START})]


def test_a_push_wakes_it_at_once(scene: Scene) -> None:
    wake = Wake()
    reasons: list[frozenset[Reason]] = []

    def ended(*_: object) -> None:
        if len(reasons) == 2:
            wake.stop()
        wake.call(Reason.PUSH)

    with scene.world.host() as host:
        run(
            host,
            wake,
            poll=timedelta(hours=24),
            ears=Ears(began=reasons.append, ended=ended),
        )
    assert reasons == [frozenset({Reason.START}), frozenset({Reason.PUSH})]


def test_a_ledger_that_fails_is_told_and_tried_again(scene: Scene) -> None:
    """Not ready meanwhile; what stood before is still told."""
    with scene.world.host() as host:
        daemon = Daemon(host, Ears(began=lambda _: None, ended=lambda *_: None))
        good = daemon.cycle(frozenset())
        assert good.ready
        host.ledger._engine.dispose()
        moved = scene.world.ledger_path.with_suffix(".away")
        for path in scene.world.ledger_path.parent.glob("ledger*"):
            if not path.name.endswith(".lock"):
                path.rename(moved.with_name(f"away-{path.name}"))
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        pulse = daemon.cycle(frozenset())
        assert not pulse.ready
        assert pulse.report.certificates == good.report.certificates
        for path in scene.world.ledger_path.parent.glob("away-*"):
            path.rename(path.with_name(path.name.removeprefix("away-")))
        scene.world.clock.advance(seconds=15)
        assert daemon.cycle(frozenset()).ready


def test_the_status_page_names_what_fails_in_the_cycle_that_met_it(scene: Scene) -> None:
    """And tries that are in vain again change nothing on it; when the key is back, neither is it
    there.
    """
    with scene.world.reader() as reader:
        [issuing] = [a for a in reader.authorities().values() if a.name == "issuing"]
    key = scene.keys.keys.pop(issuing.spki)
    Revoke(SERVICES[0], "superseded").act(scene)
    scene.commit()
    with running(scene) as daemon:
        daemon.cycle()
        page = scene.public["index.html"]
        assert b"The key of issuing G1 does not sign" in page
        for _ in range(3):
            assert daemon.cycle(seconds=60).result == "failed"
        assert scene.public["index.html"] == page
        scene.keys.keys[issuing.spki] = key
        assert daemon.cycle(minutes=6).result == "success"
    assert b"does not sign" not in scene.public["index.html"]
