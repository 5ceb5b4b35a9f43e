"""Promise 11: readers never see a torn, missing, older or expired object.

A reader may look at any moment. With a target in memory that is: after every single write and every
deletion. The target of these tests takes a phase apart and looks in between.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from hypothesis import example, given
from hypothesis import strategies as st

from pki_publishers import layout
from pki_publishers.layout import Class
from pki_publishers.release import PublicObject, age
from pki_schema.errors import WorldFailed
from tests.fakes import InMemoryTarget
from tests.properties.organisation import (
    EVENTFUL,
    SERVICES,
    Declare,
    Nursery,
    Remove,
    Revoke,
    Scene,
    Step,
    explored,
    histories,
)


@dataclass
class WatchedTarget(InMemoryTarget):
    """Calls ``look`` after each object put in place or taken away; fails after ``fails_in``."""

    look: Callable[[Mapping[str, bytes]], None] = lambda _: None
    fails_in: int | None = None

    def put(self, item: PublicObject) -> None:
        if self.fails_in == 0:
            self.fails_in = None
            raise WorldFailed("the disk is full")
        if self.fails_in is not None:
            self.fails_in -= 1
        super().put(item)
        self.look(self.files)

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            super().delete([path])
            self.look(self.files)


def watched(scene: Scene, look: Callable[[Mapping[str, bytes]], None]) -> WatchedTarget:
    target = WatchedTarget(files=dict(scene.public), look=look)
    scene.world.targets = {"public": target}
    return target


def torn_or_missing(files: Mapping[str, bytes]) -> list[str]:
    """What a reader who follows pointers would trip over."""
    faults = []
    for path, body in files.items():
        if not path.endswith("/current.json"):
            continue
        current = json.loads(body)
        for name, file in current["files"].items():
            there = files.get(file["path"])
            if there is None or hashlib.sha256(there).hexdigest() != file["sha256"]:
                faults.append(f"{path}: {name}")
        named = ["issuerCertificate", "trustAnchor", "crl", "crlChain"]
        if current["state"] != "expired":
            named.append("renewalInfo")
        for what in named:
            if current[what] not in files:
                faults.append(f"{path}: {what}")
    return faults


class Ages:
    """Remembers how far readers have come, and what goes back behind that."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.back: list[str] = []

    def look(self, files: Mapping[str, bytes]) -> None:
        for path, body in files.items():
            known = age(path, body)
            if known is None or path.endswith(("staple.der", ".ocsp")):
                continue
            if known.number < self._numbers.get(path, 0):
                self.back.append(path)
            self._numbers[path] = known.number


def expired(scene: Scene, files: Mapping[str, bytes]) -> list[str]:
    now = scene.world.clock.now()
    found = []
    for path, body in files.items():
        if path.endswith(".crl"):
            end = x509.load_der_x509_crl(body).next_update_utc
        elif path.endswith(".der"):
            end = ocsp.load_der_ocsp_response(body).next_update_utc
        else:
            continue
        if end is None or end <= now:
            found.append(path)
    return found


def play(nursery: Nursery, history: Sequence[Step], failures: Sequence[int]) -> None:
    with nursery.scene() as scene:
        ages = Ages()
        faults: list[str] = []

        def look(files: Mapping[str, bytes]) -> None:
            faults.extend(torn_or_missing(files))
            ages.look(files)

        target = watched(scene, look)
        sets = {p: b for p, b in target.files.items() if is_immutable(p)}
        weather = iter(failures)

        def reconcile() -> None:
            target.fails_in = next(weather, None)
            scene.reconcile()
            target.fails_in = None
            scene.reconcile()
            assert expired(scene, target.files) == []
            for path, body in target.files.items():
                if is_immutable(path):
                    assert sets.setdefault(path, body) == body

        scene.play(history, between=reconcile)
        assert faults == []
        assert ages.back == []


def is_immutable(path: str) -> bool:
    place = layout.place(path)
    return place is not None and place.immutable


FAILURES = st.lists(st.integers(0, 12), max_size=4)


@explored(2)
@example(history=EVENTFUL, failures=[0, 3, 7])
@given(history=histories(waits=(1, 30, 150, 1500)), failures=FAILURES)
def test_a_reader_may_look_at_any_moment(
    nursery: Nursery, history: list[Step], failures: list[int]
) -> None:
    """After every single write, also of a publication that fails on the way: pointers lead to whole
    files, no CRL or answer is older than before, and after each reconcile nothing is expired.
    What stands at an immutable path never changes.
    """
    play(nursery, history, failures)


@pytest.mark.slow
@explored(10)
@given(history=histories(most=10, waits=(1, 30, 150, 1500)), failures=FAILURES)
def test_a_reader_may_look_at_any_moment_at_length(
    nursery: Nursery, history: list[Step], failures: list[int]
) -> None:
    play(nursery, history, failures)


def test_sets_are_written_before_what_points_to_them(nursery: Nursery) -> None:
    """In every run of phases: what others refer to first, pointers last."""
    with nursery.scene() as scene:
        target = watched(scene, lambda _: None)
        Declare(SERVICES[3]).act(scene)
        Revoke(SERVICES[0], "superseded").act(scene)
        scene.commit()
        scene.reconcile()
        kinds = [place.kind for p in target.writes if (place := layout.place(p))]
        assert len(kinds) == len(target.writes)
        assert kinds == sorted(kinds)
        assert {Class.STATUS, Class.SET, Class.POINTER} <= set(kinds)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_phase_that_fails_stops_those_behind_it(
    nursery: Nursery, moment: str, phase: int
) -> None:
    """Before or after storing: no later phase is begun, pointers lead nowhere wrong, and the next
    reconcile ends where one without a failure would have.
    """
    with nursery.scene() as scene:
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        begun: list[Class] = []

        def fail(objects: Sequence[PublicObject]) -> None:
            begun.append(objects[0].kind)
            if len(begun) == phase + 1:
                raise WorldFailed("the disk is full")

        setattr(scene.target, moment, fail)
        outcome = scene.reconcile()
        assert outcome.done.failed
        assert len(begun) == phase + 1
        assert torn_or_missing(scene.public) == []
        setattr(scene.target, moment, lambda _: None)
        scene.reconcile()
        assert "svc/beta/new/default/current.json" in scene.public
        assert torn_or_missing(scene.public) == []
        assert scene.reconcile().done.published == 0


def test_what_is_deleted_was_superseded_long_ago(nursery: Nursery) -> None:
    """A retired service's certificate stays for the publication's retention after its end. What
    calls it valid goes with that end.
    """
    with nursery.scene() as scene:
        scene.play([Remove(SERVICES[0])])
        scene.reconcile()
        pointer, there = "svc/alpha/web/default/current.json", []
        certificate = json.loads(scene.public[pointer])["files"]["cert.pem"]["path"]
        for days in (89, 2, 27, 5):
            scene.reconcile(days=days)
            there.append((pointer in scene.public, certificate in scene.public))
        assert there == [(True, True), (False, True), (False, True), (False, False)]
        assert torn_or_missing(scene.public) == []


def test_what_refers_to_others_is_deleted_first(nursery: Nursery) -> None:
    """The pointer of a service that is no more, before the renewal information it names."""
    with nursery.scene() as scene:
        scene.play([Remove(SERVICES[0])])
        scene.reconcile()
        faults: list[str] = []
        target = watched(scene, lambda files: faults.extend(torn_or_missing(files)))
        before = set(target.files)
        scene.reconcile(days=91)
        gone = {path.split("/")[0] for path in before - target.files.keys()}
        assert {"svc", "renewal-info", "ocsp"} <= gone
        assert faults == []


def test_two_reconciles_in_one_second_make_two_numbers(nursery: Nursery) -> None:
    """Numbers are made of time, and still two lists of one second have two."""
    with nursery.scene() as scene:
        ages = Ages()
        ages.look(scene.public)
        for service in SERVICES[:2]:
            scene.play([Revoke(service, "superseded")])
            scene.reconcile()
            ages.look(scene.public)
        assert ages.back == []
        assert len(list(scene.world.crl("issuing"))) == 2
