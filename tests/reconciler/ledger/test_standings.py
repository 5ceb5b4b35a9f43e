"""``standings`` tells of every subject what ``subjects`` knows, without decoding what it means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pki_schema.issued import CertificateState, DueWork
from tests.properties.organisation import (
    SERVICES,
    LoseRequest,
    Nursery,
    Remove,
    Revoke,
    Scene,
    Suspend,
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Nursery(Path(tmp_path_factory.mktemp("nursery"))).scene() as scene:
        yield scene


def test_it_agrees_with_the_subjects_whatever_happened_to_them(scene: Scene) -> None:
    for step in (
        Revoke(SERVICES[0], "cessationOfOperation"),
        Suspend(SERVICES[1]),
        Remove(SERVICES[2]),
        LoseRequest(SERVICES[1]),
    ):
        step.act(scene)
        scene.commit()
        scene.reconcile()
        with scene.world.reader() as reader:
            subjects, standings = reader.subjects(), reader.standings()
        assert [s.identity for s in subjects] == [s.identity for s in standings]
        for subject, told in zip(subjects, standings, strict=True):
            declared, applied, current = subject.declared, subject.applied, subject.current
            resumed = declared.resume_after if declared else ()
            assert told.declared == (declared is not None)
            assert told.suspended == bool(declared and declared.suspended)
            assert told.pending == subject.pending
            assert told.retired == subject.retired
            assert told.held_by == tuple(n for n in subject.held_by if n not in resumed)
            assert told.done == bool(
                declared
                and applied
                and declared.profile == applied.profile
                and declared.care() == applied.care()
            )
            assert told.serial == (f"{current.serial:x}" if current else "")
            assert told.not_after == (current.not_after if current else None)
            assert told.state == (current.state if current else CertificateState.VALID)
            renewals = [d.at for d in subject.due if d.work is DueWork.RENEW]
            assert [told.renew_at] == (renewals or [None])


def test_it_tells_what_a_certificate_was_issued_for(scene: Scene) -> None:
    with scene.world.reader() as reader:
        issued = [s for s in reader.standings() if s.serial]
        for told in issued:
            certificate = reader.certificate(told.issuer, int(told.serial, 16))
            assert certificate is not None
            issuance = reader.issuance(certificate)
            assert issuance is not None
            assert (told.issued_at, told.issued_for, told.plan) == (
                issuance.at,
                issuance.commit,
                issuance.plan,
            )
    assert issued
