"""Promise 12: everything is bounded, and work grows with what changed, not with what exists."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_publishers.server import ocsp
from pki_reconciler.observe.slices import LONGEST_TOLD
from pki_schema.load import load
from tests.fakes import EPOCH
from tests.properties.organisation import SERVICES, Declare, Nursery, Scene, explored, manifest
from tests.properties.test_06_one_planner import tree
from tests.properties.witness import entries

MEGABYTE = 1024 * 1024

HOSTILE: dict[str, str] = {
    "2 MiB": "# " + "x" * 2 * MEGABYTE + "\n",
    "deep": "spec: " + "[" * 5_000 + "]" * 5_000 + "\n",
    "wide": "spec: [" + "1," * 300_000 + "]\n",
    "laughs": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nspec: *c\n",
    "long key": "k" * 500_000 + ": 1\n",
    "many documents": "---\na: 1\n" * 20_000,
    "many problems": "spec:\n" + "".join(f"  f{n}: 1\n" for n in range(9_000)),
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_a_hostile_manifest_is_refused_and_the_rest_goes_on(nursery: Nursery, kind: str) -> None:
    """Its tenant stands still, with at most ten problems kept; renewals are due nonetheless."""
    with nursery.scene() as scene:
        scene.world.write("tenants/alpha/services/hostile.yaml", HOSTILE[kind])
        scene.commit()
        outcome = scene.reconcile(days=61)
        [fault] = outcome.observed.faults
        assert fault.tenant == "alpha"
        assert 1 <= len(fault.problems) <= 10
        assert fault.count <= 102
        assert sum(map(len, fault.problems)) <= 10 * LONGEST_TOLD
        assert len(scene.world.certificates(*SERVICES[0])) == 2


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_reading_hostile_bytes_takes_little_memory(kind: str) -> None:
    """Some dozens of times its size at most, and that is capped at 1 MiB."""
    data = HOSTILE[kind].encode()
    tracemalloc.start()
    try:
        load({"tenants/alpha/services/hostile.yaml": data})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MEGABYTE


@pytest.mark.parametrize("lines", [1_000, 40_000])
def test_an_oversized_request_is_refused(nursery: Nursery, lines: int) -> None:
    """A CSR of many kilobytes, or of more than a megabyte, is not parsed."""
    with nursery.scene() as scene:
        text = "-----BEGIN CERTIFICATE REQUEST-----\n" * lines
        scene.world.write(scene.csr(SERVICES[0]), text)
        scene.commit()
        [fault] = scene.reconcile().observed.faults
        [error] = fault.problems
        assert error.startswith(f"{scene.csr(SERVICES[0])}:")
        assert any(f"error[{code}]" in error for code in ("PKI4050", "PKI1304"))


@explored(200)
@given(
    request=st.one_of(
        st.binary(max_size=200),
        st.integers(4_000, 4_200).map(lambda size: b"\x30" * size),
        st.integers(1, 4_000).map(lambda depth: b"\x30\x80" * (depth // 2)),
    )
)
def test_no_ocsp_request_brings_the_service_down(request: bytes) -> None:
    """Any bytes get five bytes back: the protocol's own error."""
    reply = ocsp.answer(request, authority=None, lookup=never, now=EPOCH)
    assert reply in (ocsp.MALFORMED, ocsp.UNAUTHORIZED)


def never(_: int, __: str) -> bytes | None:
    raise AssertionError("looked up for a request that asks nothing")


def grown(scene: Scene, count: int) -> Scene:
    """With more services, all certified."""
    for number in range(count):
        scene.world.write(
            f"tenants/beta/services/more-{number}.yaml",
            manifest("Service", f"more-{number}", "  template: service\n"),
        )
        scene.world.new_key("beta", f"more-{number}")
    scene.commit()
    scene.reconcile()
    return scene


def work_of_one_change(nursery: Nursery, count: int) -> tuple[int, ...]:
    """What adding one service costs beside others: manifests parsed, subjects looked at, and
    everything signed, recorded and published.
    """
    with nursery.scene() as scene:
        grown(scene, count)
        Declare(("alpha", "last")).act(scene)
        scene.commit()
        before = len(entries(scene.world.ledger_path))
        outcome = scene.reconcile()
        done = outcome.done
        assert outcome.observed.parsed == 1
        return (
            outcome.plans[0].subjects,
            done.signed,
            done.crls,
            done.answers,
            done.published,
            len(entries(scene.world.ledger_path)) - before,
        )


def test_one_change_is_as_much_work_beside_few_as_beside_many(nursery: Nursery) -> None:
    """Three services or fifteen: not one manifest, signature, entry or file more."""
    few, many = work_of_one_change(nursery, 0), work_of_one_change(nursery, 12)
    assert few == many
    assert few[:4] == (1, 1, 0, 2)


def test_an_idle_reconcile_looks_at_nobody(nursery: Nursery) -> None:
    with nursery.scene() as scene:
        grown(scene, 5)
        [plan] = scene.reconcile(minutes=1).plans
        assert plan.subjects == 0
        assert plan.actions == ()


def test_a_tenant_declares_no_more_than_its_quota(nursery: Nursery) -> None:
    """Its quota is 20 certificates: of one commit with 30 more nothing counts."""
    with nursery.scene() as scene:
        outcome = grown(scene, 30).outcomes[-1]
        assert [fault.count for fault in outcome.observed.faults] == [1]
        assert [p for p in load(tree(scene, "HEAD"))[0].problems if "quota" in p.message]
        assert scene.reconcile().done.signed == 0
