"""A cycle that has nothing to do, inside one running process, beside the first cycle of the same.

``python -m tests.bench.noop FOLDER`` is the process that is measured: its CPU time, not the time
that passes, because a machine may have other things to do. The first cycle certifies the whole
fleet.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from pki_reconciler.cli.compose import host
from pki_reconciler.daemon.running import Daemon, Ears
from pki_reconciler.daemon.wake import Reason
from tests.bench.fleet import ROOT, Fleet

CYCLES = 51

SHARE, GROWTH = 2.0, 1.2
"""Percent of the first cycle's CPU time; and how much more for ten times the services."""


def report(folder: Path, services: int, more: int) -> None:
    """Measure both sizes, one after the other, in a folder without anything."""
    few, many = (_measured(folder / str(count), count) for count in (services, more))
    share = 100 * few["quiet"] / few["first"]
    print(f"cycles with nothing to do, medians of {CYCLES}, CPU time")
    for count, seconds in ((services, few), (more, many)):
        first, quiet = seconds["first"], 1000 * seconds["quiet"]
        print(f"{count:>7,} services  first cycle {first:7.2f} s  nothing to do {quiet:6.1f} ms")
    print(f"share     {share:6.2f} % of the first cycle; goal: at most {SHARE:g}")
    print(f"growth    {many['quiet'] / few['quiet']:6.2f}    goal: at most {GROWTH}")


def cycles(fleet: Fleet) -> Mapping[str, float]:
    """CPU seconds of this process: of the first cycle, and of one after it."""
    ears = Ears(began=lambda _: None, ended=lambda _pulse, _outcome: None)
    with host(fleet.config_file, fleet.config()) as together:
        daemon = Daemon(together, ears)
        took = []
        for _ in range(2 + CYCLES):
            start = time.process_time()
            pulse = daemon.cycle(frozenset({Reason.CLOCK}))
            took.append(time.process_time() - start)
            assert pulse.result == "success", pulse
    first, _, *quiet = took  # the second one makes the report that the others find
    return {"first": first, "quiet": median(quiet)}


def _measured(folder: Path, services: int) -> dict[str, float]:
    fleet = Fleet.prepare(folder)
    fleet.enlist(services)
    command = [sys.executable, "-m", __spec__.name, str(fleet.root)]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    result: dict[str, float] = json.loads(told)
    return result


if __name__ == "__main__":
    print(json.dumps(cycles(Fleet(root=Path(sys.argv[1])))))
