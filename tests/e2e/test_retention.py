"""What stays published, for how long, and what a new target gets."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.fakes import InMemoryTarget
from tests.worlds import World


def _target(world: World, name: str = "public") -> InMemoryTarget:
    target = world.targets[name]
    assert isinstance(target, InMemoryTarget)
    return target


def test_a_target_bound_later_gets_everything(tmp_path: Path) -> None:
    """A full render is the same bytes as what was published bit by bit. What is only for the
    publication that Git declares is not for another.
    """
    world = World.shipped(tmp_path)
    world.edit("publications/public.yaml", "  estTrustBundle: vcc\n", "")
    world.commit()
    world.reconcile()
    world.reconcile(days=3)
    world.targets = {**world.targets, "mirror": InMemoryTarget()}
    world.reconcile()
    assert _target(world, "mirror").files == _target(world).files


def test_the_files_of_a_retired_service_outlive_its_certificate_by_the_retention(
    world: World,
) -> None:
    """Until expiry nothing changes; then answers, staple and pointer go, after 30 days the rest."""
    world.remove("tenants/vcc/services/vpb-backend.yaml")
    world.remove("tenants/vcc/csr/vpb-backend.pem")
    world.commit()
    world.reconcile(days=1)
    folder = "svc/vcc/vpb-backend/default/"

    def left() -> set[str]:
        return {path.rpartition("/")[2] for path in _target(world).files if path.startswith(folder)}

    staples = {"staple.der", "fullchain.pem.ocsp"}
    pointers = {"current.json", "fullchain.pem.issuer"}
    files = {"cert.pem", "chain.pem", "fullchain.pem", "bundle.p7b"}
    everything = {*files, *staples, *pointers}
    assert left() == everything
    world.reconcile(days=88)
    assert left() == everything
    world.reconcile(days=2)
    assert left() == files
    world.reconcile(days=31)
    assert left() == set()


def _sets(world: World, folder: str) -> dict[str, bytes]:
    files = _target(world).files
    sets = (".pem", ".p7b")
    return {p: body for p, body in files.items() if p.startswith(folder) and p.endswith(sets)}


def test_a_renewed_certificate_leaves_its_old_set_for_the_retention(world: World) -> None:
    """Somebody may have read the pointer just before; 30 days later nobody has."""
    first = _sets(world, "svc/vcc/vpb-backend/default/")
    world.reconcile(days=61)
    both = _sets(world, "svc/vcc/vpb-backend/default/")
    assert len(both) == 2 * len(first)
    assert first.items() <= both.items()
    world.reconcile(days=29)
    assert _sets(world, "svc/vcc/vpb-backend/default/") == both
    world.reconcile(days=2)
    assert _sets(world, "svc/vcc/vpb-backend/default/") == dict(both.items() - first.items())


def test_a_set_goes_although_its_pointer_was_written_anew_before_it_was_replaced(
    world: World,
) -> None:
    """Revoked and issued again in one reconcile: the pointer says "revoked", then it moves."""
    folder = "svc/vcc/vpb-backend/default/"
    first = _sets(world, folder)
    world.revoke("lost", "{tenant: vcc, service: vpb-backend}", "keyCompromise")
    world.new_key("vcc", "vpb-backend")
    world.commit()
    world.reconcile(days=1)
    assert len(_sets(world, folder)) == 2 * len(first)
    world.reconcile(days=31)
    assert first.keys().isdisjoint(_sets(world, folder))


def test_an_intermediate_certified_again_makes_new_sets_of_what_it_issued(world: World) -> None:
    """What readers may keep for ever never changes: the new chain stands at a new path, the
    pointer names it in the same reconcile, and the old one goes after the retention.
    """
    folder = "svc/vcc/admin-example/default"
    before = _sets(world, "svc/")
    world.edit("cas/vcc-people.yaml", "policies: [{oid: 2.5.29.32.0}]", "policies: []")
    world.commit()
    world.reconcile(days=1)
    after = _sets(world, "svc/")
    current = json.loads(_target(world).files[f"{folder}/current.json"])
    named = {file["path"]: file["sha256"] for file in current["files"].values()}
    assert before.items() <= after.items()
    assert named.keys() == after.keys() - before.keys()
    assert all(hashlib.sha256(after[path]).hexdigest() == named[path] for path in named)
    assert after[f"{folder}/{current['set']}/cert.pem"] in before.values()
    world.reconcile(days=31)
    assert _sets(world, f"{folder}/").keys() == named.keys()


def test_a_target_bound_later_gets_the_same_after_an_intermediate_was_certified_again(
    tmp_path: Path,
) -> None:
    world = World.shipped(tmp_path)
    world.edit("publications/public.yaml", "  estTrustBundle: vcc\n", "")
    world.commit()
    world.reconcile()
    world.edit("cas/vcc-people.yaml", "policies: [{oid: 2.5.29.32.0}]", "policies: []")
    world.commit()
    world.reconcile(days=1)
    world.reconcile(days=31)
    world.targets = {**world.targets, "mirror": InMemoryTarget()}
    world.reconcile()
    assert _target(world, "mirror").files == _target(world).files


def test_what_is_on_its_way_out_is_not_published_anew(world: World) -> None:
    """A retired service's certificate has expired: a new target gets none of it, and where the
    folder was put back to an older state, the files go when they would have gone.
    """
    world.remove("tenants/vcc/services/vpb-backend.yaml")
    world.remove("tenants/vcc/csr/vpb-backend.pem")
    world.commit()
    world.reconcile(days=1)
    world.reconcile(days=90)
    left = dict(_target(world).files)
    world.targets = {**world.targets, "mirror": InMemoryTarget()}
    world.reconcile()
    folder = "svc/vcc/vpb-backend/"
    assert any(path.startswith(folder) for path in left)
    assert not any(path.startswith(folder) for path in _target(world, "mirror").files)
    _target(world).files.clear()
    _target(world).files.update({p: b for p, b in left.items() if not p.startswith("crl/")})
    world.reconcile(days=1)
    assert any(path.startswith(folder) for path in _target(world).files)
    world.reconcile(days=31)
    assert not any(path.startswith(folder) for path in _target(world).files)


def test_an_emptied_target_is_brought_back(world: World) -> None:
    """Somebody deletes the folder: the next reconcile writes every byte of it again."""
    before = dict(_target(world).files)
    _target(world).files.clear()
    world.reconcile()
    assert _target(world).files == before


def test_a_target_put_back_to_an_older_state_is_brought_forward(world: World) -> None:
    """A restored folder un-revokes; the newer CRL is written over it at once."""
    older = dict(_target(world).files)
    world.revoke("lost", "{tenant: vcc, service: vpb-backend}", "keyCompromise")
    world.commit()
    world.reconcile(hours=1)
    newer = dict(_target(world).files)
    _target(world).files.clear()
    _target(world).files.update(older)
    world.reconcile(minutes=1)
    crls = {path for path in newer if path.startswith("crl/")}
    assert {p: _target(world).files[p] for p in crls} == {p: newer[p] for p in crls}


def test_a_restored_ledger_learns_revocations_from_git_again(world: World) -> None:
    """Even one whose file was removed meanwhile: every accepted commit counts."""
    saved = world.ledger_path.read_bytes()
    world.revoke("people", "{authority: vcc-people}", "cACompromise")
    world.commit()
    world.reconcile(hours=1)
    for path in world.ledger_path.parent.glob("ledger.sqlite3*"):
        path.unlink()
    world.ledger_path.write_bytes(saved)
    world.remove("revocations/people.yaml")
    world.commit()
    world.reconcile(days=2)
    assert len(world.crl("vcc-root")) == 1


def test_the_crl_of_a_ca_outlives_an_older_certificate_of_its_key(world: World) -> None:
    """Certified again with the same key: the end of its first certificate ends nothing."""
    world.edit("cas/vcc-people.yaml", "policies: [{oid: 2.5.29.32.0}]", "policies: []")
    world.commit()
    world.reconcile(days=200)
    crls = {p for p in _target(world).files if p.startswith("crl/vcc-people-")}
    world.reconcile(days=1630)
    assert len(crls) == 2
    assert crls <= _target(world).files.keys()
