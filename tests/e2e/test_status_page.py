"""The status page is published with the rest, tells the truth, and costs nothing on a quiet day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pki_reconciler.loop import Outcome
from pki_schema.errors import WorldFailed
from tests.fakes import InMemoryTarget
from tests.properties.organisation import SERVICES, Break, Fix, Nursery, Revoke, Scene
from tests.published import Published
from tests.publishers.page.documents import Document

INDEX, CALENDAR = "index.html", "expiry.ics"
ALPHA, BETA = "status/alpha.html", "status/beta.html"


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Nursery:
    return Nursery(Path(tmp_path_factory.mktemp("nursery")))


@pytest.fixture
def scene(nursery: Nursery) -> Iterator[Scene]:
    with nursery.scene() as scene:
        yield scene


def page(scene: Scene, path: str = INDEX) -> Document:
    return Document(Published.of(scene.world).files[path])


def tasks(scene: Scene) -> list[str]:
    return [one.text for one in page(scene).all("li", "task")]


def pages(outcome: Outcome) -> list[str]:
    return [p for p in outcome.done.objects if p.endswith((".html", ".ics"))]


def failing(_: object) -> None:
    raise WorldFailed("/srv/pki: the disk is full")


def test_it_is_there_from_the_first_reconcile_on(scene: Scene) -> None:
    published = Published.of(scene.world).files
    assert {INDEX, CALENDAR, ALPHA, BETA} <= published.keys()
    assert "Everything is in order." in page(scene).text
    assert page(scene, ALPHA).one("web").text


def test_it_is_written_last(scene: Scene) -> None:
    """What it says is published is published: a reader who follows its links finds them."""
    Revoke(SERVICES[0], "superseded").act(scene)
    scene.commit()
    start = len(scene.target.writes)
    outcome = scene.reconcile()
    writes = scene.target.writes[start:]
    assert set(writes[-len(pages(outcome)) :]) == set(pages(outcome))


def test_a_quiet_cycle_makes_no_page_and_a_new_day_makes_them_anew(scene: Scene) -> None:
    """But for the calendar, which says nothing of the day."""
    assert scene.reconcile(minutes=30).done.published == 0
    assert scene.reconcile(hours=3).done.published == 0
    assert scene.reconcile(hours=9) is not None
    assert scene.reconcile(minutes=1).done.published == 0
    assert page(scene).text.count("As of 2026-11-24") == 1


def test_a_change_makes_the_pages_that_tell_of_it_and_no_other(scene: Scene) -> None:
    old = page(scene, ALPHA).one("web").text
    Revoke(SERVICES[0], "superseded").act(scene)
    scene.commit()
    assert pages(scene.reconcile(minutes=1)) == [ALPHA, CALENDAR, INDEX]
    [*_, new] = scene.world.certificates(*SERVICES[0])
    told = page(scene, ALPHA).one("web").text
    assert told != old
    assert f"{new.serial:x}" in told


def test_what_is_revoked_is_told_until_somebody_decides(scene: Scene) -> None:
    Revoke(SERVICES[0], "cessationOfOperation").act(scene)
    scene.commit()
    scene.reconcile(minutes=1)
    assert "1 service of alpha to look at" in page(scene).text
    assert "✕ Revoked" in page(scene, ALPHA).one("web").text


def test_what_is_held_is_told_in_the_same_cycle_and_gone_when_it_has_passed(scene: Scene) -> None:
    scene.limit("alpha", 0)
    scene.commit()
    scene.reconcile(minutes=1)
    Revoke(SERVICES[0], "superseded").act(scene)
    scene.commit()
    scene.reconcile(minutes=1)
    [task] = tasks(scene)
    assert "1 revocations in tenant alpha" in task
    assert "vcc-pki explain PKI6001" in task
    assert scene.reconcile(minutes=1).done.published == 0
    scene.limit("alpha", 5)
    scene.commit()
    scene.reconcile(minutes=1)
    scene.reconcile(minutes=1)
    assert tasks(scene) == []


def test_a_commit_that_is_not_accepted_is_told_and_gone_when_it_is_mended(scene: Scene) -> None:
    Break().act(scene)
    scene.commit()
    scene.reconcile(minutes=1)
    [task] = tasks(scene)
    assert "PKI" in task
    assert scene.reconcile(minutes=1).done.published == 0
    Fix().act(scene)
    scene.commit()
    scene.reconcile(minutes=1)
    assert tasks(scene) == []


def test_a_failure_is_told_though_nothing_else_changed_and_gone_when_it_is_over(
    scene: Scene,
) -> None:
    """And no word of what only the host may know."""
    tree = scene.world.tree
    tree.rename(tree.with_name("away"))
    assert pages(scene.reconcile(minutes=1)) == [INDEX]
    [task] = tasks(scene)
    assert "The Git repository cannot be read" in task
    assert str(tree.parent) not in page(scene).text
    assert scene.reconcile(minutes=1).done.published == 0
    tree.with_name("away").rename(tree)
    assert pages(scene.reconcile(minutes=1)) == [INDEX]
    assert tasks(scene) == []


def test_a_target_that_was_away_gets_the_pages_that_all_have(scene: Scene) -> None:
    other = InMemoryTarget(dict(scene.public))
    scene.world.targets = {"also": other, **scene.world.targets}
    scene.reconcile()
    other.before = failing
    Revoke(SERVICES[0], "superseded").act(scene)
    scene.commit()
    scene.reconcile(minutes=1)
    assert len(tasks(scene)) == 1
    other.before = lambda _: None
    scene.reconcile(minutes=1)
    assert tasks(scene) == []
    assert other.files == scene.public


def test_a_page_that_was_lost_comes_back(scene: Scene) -> None:
    before = dict(scene.public)
    for path in (INDEX, ALPHA):
        scene.target.files.pop(path)
    scene.reconcile()
    assert scene.public == before


def test_a_tenant_that_is_gone_has_no_page(scene: Scene) -> None:
    for file in (scene.world.tree / "tenants" / "beta").rglob("*.*"):
        if "services" in file.parts or "csr" in file.parts:
            file.unlink()
    scene.commit()
    scene.reconcile(minutes=1)
    assert "Retired" in page(scene, BETA).text
    (scene.world.tree / "tenants" / "beta" / "tenant.yaml").unlink()
    scene.commit()
    scene.reconcile(days=100)
    assert BETA not in scene.public
    assert ALPHA in scene.public


def test_limits_of_the_host_are_told_without_its_path(scene: Scene) -> None:
    scene.world.revocations_limit = 0
    Revoke(SERVICES[0], "superseded").act(scene)
    scene.commit()
    scene.reconcile(minutes=1)
    [task] = tasks(scene)
    assert "[limits] revocations = 1 in the host's vcc-pki.toml" in task
