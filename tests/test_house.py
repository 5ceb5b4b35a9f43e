"""What imports alone cannot hold: who may make which link of the chain."""

from __future__ import annotations

import ast
from pathlib import Path

RECONCILER = Path(__file__).parents[1] / "reconciler" / "pki_reconciler"


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
