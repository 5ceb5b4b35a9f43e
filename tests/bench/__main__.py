"""What the project costs beside the least that the same would take: validating, issuing, having
nothing to do, making a revocation known, and saying what it can do.

A report: machines and their load differ, so nothing fails here. Each pair runs in turn, so that
both see the same machine; of ``validate`` and ``help`` the CPU time of whole processes is compared.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pki_reconciler.demo import organisation
from tests.bench import issuance, noop, revoking

ROOT = Path(__file__).parents[2]
GOAL = 3
"""How many times the floor ``validate`` may take."""

HELP = 250
"""Milliseconds that ``--help`` may take above an interpreter that does nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--services", type=int, default=10_000, metavar="N")
    parser.add_argument("--new-services", type=int, default=2_000, metavar="N")
    parser.add_argument("--pairs", type=int, default=3, metavar="N")
    parser.add_argument("--many-services", type=int, default=20_000, metavar="N")
    parser.add_argument("--revocations", type=int, default=200, metavar="N")
    measures: dict[str, Callable[[Path], None]] = {
        "validate": lambda folder: _validate(folder, asked.services, asked.pairs),
        "issue": lambda folder: issuance.report(folder, asked.new_services, asked.pairs),
        "noop": lambda folder: noop.report(folder, asked.new_services, asked.many_services),
        "revoke": lambda folder: revoking.report(folder, asked.revocations),
        "help": lambda _: _help(),
    }
    parser.add_argument("--only", choices=tuple(measures))
    asked = parser.parse_args()
    # All is deleted at the end, not between: for five minutes ext4 does not use the inodes of what
    # was deleted again, and looks for others one by one (fs/ext4/ialloc.c, recently_deleted).
    with TemporaryDirectory(prefix="vcc-pki-bench-") as place:
        for name, measure in measures.items():
            if asked.only in (None, name):
                folder = Path(place) / name
                folder.mkdir()
                measure(folder)


def _validate(folder: Path, services: int, pairs: int) -> None:
    tree = folder / "desired-state"
    organisation.copy_tree(ROOT / "desired-state", tree)
    organisation.add_fleet(tree, services)
    floor, validate = [], []
    for _ in range(pairs):
        floor.append(_seconds([sys.executable, "-m", "tests.bench.floor", str(tree)]))
        program = Path(sys.executable).with_name("vcc-pki")
        validate.append(_seconds([str(program), "validate", str(tree)]))
    ratio = median(validate) / median(floor)
    print(f"{services:,} services, medians of {pairs} runs in turn, CPU time")
    print(f"floor     {median(floor):6.2f} s  C YAML loader and msgspec over the same files")
    print(f"validate  {median(validate):6.2f} s")
    print(f"ratio     {ratio:6.2f}    goal: at most {GOAL}")


def _help() -> None:
    program = str(Path(sys.executable).with_name("vcc-pki"))
    bare, told = [], []
    for _ in range(9):
        bare.append(_seconds([sys.executable, "-c", "pass"]))
        told.append(_seconds([program, "--help"]))
    above = 1000 * (median(told) - median(bare))
    print("vcc-pki --help, medians of 9 runs in turn, CPU time")
    print(f"bare      {1000 * median(bare):6.0f} ms  python -c pass")
    print(f"above     {above:6.0f} ms  goal: at most {HELP}")


def _seconds(command: list[str]) -> float:
    """The CPU time of a child, of user and system together; it has to succeed."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
