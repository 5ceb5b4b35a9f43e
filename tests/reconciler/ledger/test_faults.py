"""Slices that stand still, as the ledger keeps them."""

from __future__ import annotations

from typing import Any

from pki_reconciler.ledger import records


def fault(name: str, since: str = "c0") -> records.SliceFault:
    return records.SliceFault(slice=name, since=since, problems=("a:1:1: error[X] y",), count=4)


def refuse(world: Any, commit: str) -> None:
    record = records.Refused(commit=commit, parent="c0", fault=fault(""))
    world.append(record, commit=commit)


def standing(world: Any) -> list[tuple[str, str, str]]:
    return [(f.tenant, f.commit, f.since) for f in world.ledger.reader.faults()]


def test_an_acceptance_says_who_stands_still_from_now_on(world: Any) -> None:
    world.accept("c1", faulty=(fault("a"), fault("b", "")))
    assert standing(world) == [("a", "c1", "c0"), ("b", "c1", "")]
    world.accept("c2", faulty=(fault("b", ""),))
    assert standing(world) == [("b", "c2", "")]
    world.accept("c3")
    assert standing(world) == []


def test_a_refusal_adds_the_global_slice_and_the_next_acceptance_takes_it_away(world: Any) -> None:
    world.accept("c1", faulty=(fault("a"),))
    refuse(world, "c2")
    refuse(world, "c3")
    assert standing(world) == [("", "c3", "c0"), ("a", "c1", "c0")]
    assert world.ledger.reader.accepted() == "c1"
    world.accept("c4")
    assert standing(world) == []


def test_which_refusals_are_written_down_is_known(world: Any) -> None:
    refuse(world, "c2")
    world.accept("c3")
    assert world.ledger.reader.refused(["c1", "c2", "c3"]) == {"c2"}


def test_a_tree_of_nothing_but_what_stands_still_declares_nothing(world: Any, make: Any) -> None:
    """Else one broken file in an emptied tree would let everything else be retired."""
    service, template = make.facts("Service", "web", tenant="a"), make.facts("X", "t")
    world.accept("c1", objects=(service, template))
    assert world.touched().declared_objects == 2
    world.accept("c2", removed=(template.identity,), faulty=(fault("a"),))
    assert world.touched().declared_objects == 0
    world.accept("c3")
    assert world.touched().declared_objects == 1
