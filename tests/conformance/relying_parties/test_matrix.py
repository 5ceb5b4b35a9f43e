"""Every relying party about the same certificates: each says what the table says it does.

A verdict that gets better than the table has it fails too, so that no exception outlives its
reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import pytest

from tests.conformance.relying_parties.evidence import Evidence, Situation
from tests.conformance.relying_parties.matrix import CELLS, EXCEPTIONS, PROGRAMS, RIGHT, Cell
from tests.conformance.relying_parties.verdicts import Verdict

pytestmark = pytest.mark.debian("git")

Verdicts = Callable[[str], Mapping[str, Verdict]]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return Evidence.make(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def verdicts(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """A program's verdicts, all of them the first time that one is wanted."""

    @cache
    def of(program: str) -> Mapping[str, Verdict]:
        asked = [evidence.of(c.situation, c.role) for c in CELLS if c.program == program]
        return PROGRAMS[program].judge(evidence, asked, tmp_path_factory.mktemp(program))

    return of


def needing(cell: Cell) -> object:
    marks = pytest.mark.debian(*PROGRAMS[cell.program].needs)
    return pytest.param(cell, marks=marks, id=str(cell))


@pytest.mark.parametrize("cell", [needing(cell) for cell in CELLS])
def test_the_program_says_what_is_expected(cell: Cell, verdicts: Verdicts) -> None:
    assert verdicts(cell.program)[f"{cell.situation}-{cell.role}"] == cell.verdict


def test_every_exception_is_named_with_its_reason() -> None:
    """And what is named is one, in every role in which the program is asked."""
    wrong = {(c.program, c.situation) for c in CELLS if c.verdict != RIGHT[c.situation]}
    right = {(c.program, c.situation) for c in CELLS if c.verdict == RIGHT[c.situation]}
    assert wrong == EXCEPTIONS.keys()
    assert not wrong & right


def test_every_program_is_asked_in_every_situation() -> None:
    """But for those without a clock option, which cannot be asked about another time."""
    asked = {program: {c.situation for c in CELLS if c.program == program} for program in PROGRAMS}
    everything = set(Situation)
    assert {program for program, found in asked.items() if found != everything} == {
        *("certtool", "strongswan", "botan", "curl", "nginx", "haproxy", "postgresql")
    }
    assert all(found >= everything - {Situation.THEN} for found in asked.values())
    assert {c.program for c in CELLS} == PROGRAMS.keys()
