"""What imports alone cannot hold: who makes which link of the chain, and that a code is one."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECONCILER = ROOT / "reconciler" / "pki_reconciler"


def callers(name: str) -> set[str]:
    """Modules of the reconciler that call something of this name."""
    return {
        path.relative_to(RECONCILER).as_posix()
        for path in RECONCILER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    }


def test_only_the_ledger_says_that_an_intent_is_durable() -> None:
    assert {path.split("/")[0] for path in callers("Intended")} == {"ledger"}


def test_only_the_chain_itself_seals() -> None:
    assert callers("Linted") == callers("Signed") == {"chain.py"}


def test_only_acting_uses_a_key() -> None:
    """``chain.sign`` is called where a plan is carried out, and nowhere else."""
    assert {path.split("/")[0] for path in callers("sign")} == {"act"}


SAID_TWICE = {
    "PKI1005": {"characters", "strict_yaml"},
    "PKI1301": {"validate", "trees"},
    "PKI2030": {"subjects", "substitute"},
    "PKI2031": {"subjects", "substitute"},
    "PKI2033": {"subjects", "substitute"},
    "PKI2301": {"reading", "sheet"},
    "PKI2302": {"reading", "sheet"},
    "PKI2304": {"reading", "sheet", "notify"},
    "PKI2307": {"reading", "sheet"},
    "PKI3004": {"entitlement", "jurisdiction"},
    "PKI3022": {"complete", "substitute"},
    "PKI6020": {"report", "repeated"},
    "PKI6024": {"report", "repeated"},
    "PKI6025": {"report", "repeated"},
    "PKI6026": {"report", "repeated"},
}
"""Codes that two modules tell, about the same thing."""


def test_a_code_means_one_thing() -> None:
    """People search for it and CI filters by it: it is told in one place, or listed above."""
    told = defaultdict(set)
    for path in [*ROOT.glob("schema/**/*.py"), *ROOT.glob("reconciler/**/*.py")]:
        if path.stem == "canary":  # it tells none: it lists what the linter must tell
            continue
        for code in re.findall(r'"(PKI[0-9]{4})"', path.read_text()):
            told[code].add(path.stem)
    assert {code: stems for code, stems in told.items() if len(stems) > 1} == SAID_TWICE
