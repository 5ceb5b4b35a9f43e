"""Three tenants, each broken in its own way: nobody else notices, and each heals for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from pki_reconciler.cli import apply
from tests.e2e.three_tenants import (
    APP,
    OTHERS,
    app,
    certificates,
    copied,
    faults,
    gamma,
    retired,
    three,
)
from tests.properties.organisation import Scene, manifest, tenant

WEB, API, DB = OTHERS
NEW = ("delta", "new")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Copied, never touched."""
    return three(tmp_path_factory.mktemp("three") / "world")


@pytest.fixture
def scene(model: Scene, tmp_path: Path) -> Scene:
    return copied(model, tmp_path / "world")


def break_yaml(scene: Scene) -> None:
    scene.world.write("tenants/alpha/services/odd.yaml", "spec: [\n")


def mend_yaml(scene: Scene) -> None:
    scene.world.remove("tenants/alpha/services/odd.yaml")


def exceed_quota(scene: Scene) -> None:
    for number in range(20):
        name = f"more-{number}"
        text = manifest("Service", name, "  template: service\n")
        scene.world.write(f"tenants/beta/services/{name}.yaml", text)


def keep_quota(scene: Scene) -> None:
    for number in range(20):
        scene.world.remove(f"tenants/beta/services/more-{number}.yaml")


def take_template(scene: Scene) -> None:
    """Two global files; the tenant's own is left as it was."""
    scene.world.remove("templates/special.yaml")
    gamma(scene, "service")


def newcomer(scene: Scene) -> None:
    scene.world.write("tenants/delta/tenant.yaml", tenant("delta", 50))
    scene.declare(NEW)


def broken(scene: Scene) -> str:
    """One commit that breaks three tenants and brings a fourth."""
    for change in (break_yaml, exceed_quota, take_template, newcomer):
        change(scene)
    return str(scene.commit())


def test_three_stand_still_and_the_fourth_is_served(scene: Scene) -> None:
    before = scene.world.git("rev-parse", "HEAD").strip()
    commit = broken(scene)
    outcome = scene.reconcile(minutes=1)
    assert {name: text.partition("] ")[0] for name, text in faults(scene).items()} == {
        "alpha": "tenants/alpha/services/odd.yaml:2:1: error[PKI1001",
        "beta": "tenants/beta/tenant.yaml:10:26: error[PKI4040",
        "gamma": "tenants/gamma/services/app.yaml:5:13: error[PKI3001",
    }
    assert {(f.since, f.commit) for f in outcome.observed.faults} == {(before, commit)}
    assert (outcome.observed.accepted, apply.exit_code(outcome)) == ((commit,), 3)
    assert [str(c.state) for c in scene.world.certificates(*NEW)] == ["valid"]
    assert (outcome.done.signed, outcome.done.revoked, retired(scene)) == (1, 0, set())


def test_renewals_of_who_stands_still_go_on(scene: Scene) -> None:
    """Also of a certificate whose template is no more."""
    broken(scene)
    scene.reconcile(minutes=1)
    outcome = scene.reconcile(days=61)
    assert set(map(len, certificates(scene).values())) == {2}
    assert not outcome.kept_back
    assert retired(scene) == set()


def test_a_revocation_of_who_stands_still_counts(scene: Scene) -> None:
    broken(scene)
    scene.reconcile(minutes=1)
    scene.revoke(WEB, "cessationOfOperation")
    scene.revoke(APP, "keyCompromise")
    scene.commit()
    assert scene.reconcile(minutes=1).done.revoked == 2
    assert certificates(scene) == {
        "alpha/web": ["revoked"],
        "alpha/api": ["valid"],
        "beta/db": ["valid"],
        "gamma/app": ["revoked"],
    }
    assert set(faults(scene)) == {"alpha", "beta", "gamma"}


@pytest.mark.slow
def test_each_heals_for_itself_and_nothing_is_issued_for_it(scene: Scene) -> None:
    broken(scene)
    scene.reconcile(minutes=1)
    left = {"alpha", "beta", "gamma"}
    for name, mend in (("alpha", mend_yaml), ("beta", keep_quota)):
        mend(scene)
        scene.commit()
        outcome = scene.reconcile(minutes=1)
        left.remove(name)
        assert set(faults(scene)) == left
        assert outcome.done.signed == 0
    app(scene, "service")
    scene.commit()
    outcome = scene.reconcile(minutes=1)
    assert (faults(scene), apply.exit_code(outcome)) == ({}, 0)
    assert retired(scene) == set()


def test_what_a_tenant_declared_meanwhile_counts_when_it_heals(scene: Scene) -> None:
    """Compared with its own last good commit, not with the last accepted one: a change in the
    faulty commit, a deletion in the next, and a template that was changed between them, which
    reaches the service that nobody touched, too.
    """
    old = ("alpha", "old")
    scene.declare(old)
    scene.commit()
    scene.reconcile(minutes=1)
    break_yaml(scene)
    scene.declare(API, more="  duration: 60d\n")
    scene.commit()
    scene.reconcile(minutes=1)
    scene.world.remove(scene.path(old))
    scene.world.remove(scene.csr(old))
    scene.commit()
    scene.reconcile(minutes=1)
    scene.template("20d")
    scene.commit()
    outcome = scene.reconcile(minutes=1)
    adopted = {str(a.subject) for a in outcome.plans[0].actions if a.subject.tenant}
    assert adopted == {"Certificate/beta/db/default"}
    mend_yaml(scene)
    scene.commit()
    outcome = scene.reconcile(minutes=1)
    done = {str(a.subject): a for a in outcome.plans[0].actions if a.subject.tenant}
    assert {name: str(action.verb) for name, action in done.items()} == {
        "Certificate/alpha/old/default": "retire",
        "Certificate/alpha/web/default": "adopt",
        "Certificate/alpha/api/default": "reissue",
    }
    for name, days in (("web", 90), ("api", 60)):
        meaning = done[f"Certificate/alpha/{name}/default"].meaning
        assert meaning is not None
        assert (meaning.renew_before, meaning.profile.duration) == (20 * 86_400, days * 86_400)


@pytest.mark.slow
def test_a_narrowed_template_may_stop_a_tenant_and_widening_heals_it(scene: Scene) -> None:
    """No file of the tenant changes, either time."""
    scene.declare(DB, more="  duration: 120d\n")
    scene.commit()
    scene.reconcile(minutes=1)
    path = "templates/service.yaml"
    scene.world.edit(path, "maxDuration: 180d", "maxDuration: 100d")
    scene.commit()
    scene.reconcile(minutes=1)
    assert list(faults(scene)) == ["beta"]
    scene.declare(WEB, more="  duration: 80d\n")
    scene.commit()
    scene.reconcile(minutes=1)
    assert list(faults(scene)) == ["beta"]
    scene.world.edit(path, "maxDuration: 100d", "maxDuration: 130d")
    scene.commit()
    outcome = scene.reconcile(minutes=1)
    assert (faults(scene), outcome.done.signed) == ({}, 0)


@pytest.mark.slow
def test_a_new_tenant_with_an_error_has_nothing_to_stand_at(scene: Scene) -> None:
    newcomer(scene)
    scene.world.write(scene.path(NEW), "spec: [\n")
    scene.commit()
    outcome = scene.reconcile(minutes=1)
    assert [(f.tenant, f.since) for f in outcome.observed.faults] == [("delta", "")]
    scene.declare(NEW)
    scene.commit()
    assert scene.reconcile(minutes=1).done.signed == 1


def test_an_emptied_tree_with_one_broken_file_left_is_held(scene: Scene) -> None:
    """What stands still is not what the commit declares."""
    for file in scene.world.tree.rglob("*"):
        if file.is_file() and ".git" not in file.parts:
            file.unlink()
    break_yaml(scene)
    scene.commit()
    outcome = scene.reconcile(minutes=1)
    assert "PKI6002" in {held.code for held in outcome.kept_back}
    assert (outcome.plans[0].actions, retired(scene)) == ((), set())


@pytest.mark.slow
def test_a_removed_tenant_that_stood_still_is_removed(scene: Scene) -> None:
    break_yaml(scene)
    scene.commit()
    scene.reconcile(minutes=1)
    for file in (scene.world.tree / "tenants/alpha").rglob("*"):
        if file.is_file():
            file.unlink()
    scene.commit()
    scene.reconcile(minutes=1)
    assert faults(scene) == {}
    assert {str(identity) for identity in retired(scene)} == {
        "Certificate/alpha/api/default",
        "Certificate/alpha/web/default",
    }
