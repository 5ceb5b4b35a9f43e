"""New services, from a commit to everything published, beside signing the same number bare.

``python -m tests.bench.issuance floor COUNT`` and ``… issue FOLDER`` are the two that are compared,
each in a process of its own; the seconds are those of the work alone, without its preparation.
``… floors FOLDER`` is what reading, recording and publishing the same could take at least.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from pki_reconciler.act.ground import Bearings
from pki_reconciler.cli.compose import host
from pki_reconciler.loop import reconcile
from tests.bench import floors as floors_of
from tests.bench import signing
from tests.bench.fleet import ROOT, Fleet

FIRST, NEXT = "first", "next"
"""The branches with the organisation's own services and with the new ones, until it is their turn.
"""

GOAL, LEAST = 5, 3
"""Percent of the bare signatures' speed."""

FLOORS = {
    "observe": ("yaml", "C YAML loader and msgspec over the same files"),
    "sign": ("rows", "SQLite: all entries of the ledger, a thousand to a transaction"),
    "publish": ("files", "all published files, two syncs"),
}
"""Beside which stage a floor stands, and what it is."""


def report(folder: Path, services: int, pairs: int) -> None:
    """Measure in turn, in a folder without anything, and print the medians."""
    fleet = Fleet.prepare(folder / "fleet")
    fleet.hand_in()
    fleet.git("branch", FIRST)
    fleet.enlist(services)
    fleet.git("branch", NEXT)
    fleet.git("reset", "--quiet", "--soft", "HEAD~2")
    floors, runs, least = [], [], []
    for nth in range(pairs):
        floors.append(_child("floor", str(services))["all"])
        run = str(fleet.copy(folder / f"run-{nth}").root)
        runs.append(_child("issue", run))
        least.append(_child("floors", run))
    stages = {name: median(run[name] for run in runs) for name in runs[0]}
    percent = 100 * median(floors) / stages["all"]
    print(f"{services:,} new services, medians of {pairs} runs in turn, wall time")
    print(f"floor     {median(floors):6.2f} s  CertificateBuilder.sign with a shared prefix, P-256")
    for name, seconds in stages.items():
        floor = FLOORS.get(name)
        beside = f"  {median(one[floor[0]] for one in least):6.2f} s  {floor[1]}" if floor else ""
        print(f"{name:<9} {seconds:6.2f} s{beside}")
    print(f"speed     {percent:6.2f} % of the floor's; goal {GOAL}, at least {LEAST}")


def issue(fleet: Fleet) -> Mapping[str, float]:
    """Seconds by stage, as a running daemon would take them: it has issued before."""
    with host(fleet.config_file, fleet.config()) as together:
        bearings = Bearings()
        _follow(fleet, FIRST)
        reconcile(together, bearings)
        os.sync()  # the copied fleet must not wait for the syncs that are measured
        _follow(fleet, NEXT)
        outcome = reconcile(together, bearings)
    assert not (outcome.held or outcome.done.failed or outcome.observed.refused)
    used = {name: seconds for name, seconds in outcome.stages.items() if seconds >= 0.01}
    return {**used, "all": sum(outcome.stages.values())}


def _follow(fleet: Fleet, branch: str) -> None:
    fleet.git("update-ref", "refs/heads/main", branch)


def _child(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", __spec__.name, *arguments]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    result: dict[str, float] = json.loads(told)
    return result


if __name__ == "__main__":
    if sys.argv[1] == "floor":
        print(json.dumps({"all": signing.sign(int(sys.argv[2]))}))
    elif sys.argv[1] == "floors":
        print(json.dumps(floors_of.measure(Fleet(root=Path(sys.argv[2])))))
    else:
        print(json.dumps(issue(Fleet(root=Path(sys.argv[2])))))
