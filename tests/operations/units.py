"""systemd units as text: their settings, and the system calls that their filters let pass."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from pathlib import Path

IMAGES = Path(__file__).parents[2] / "ci" / "images"
DAEMON, SERVER = IMAGES / "vcc-pki.service", IMAGES / "vcc-pki-serve.service"


def settings(unit: Path) -> dict[str, list[str]]:
    """Every value by its key, in order; sections are left out."""
    found = defaultdict(list)
    for line in unit.read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


def allowed_calls(unit: Path) -> set[str]:
    """What ``SystemCallFilter`` leaves, as systemd.exec(5) adds and subtracts its lines."""
    allowed: set[str] = set()
    for line in settings(unit)["SystemCallFilter"]:
        names = set().union(*(_calls(name) for name in line.removeprefix("~").split()))
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


def _calls(name: str) -> set[str]:
    """The calls of a set, and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    )
    lines = [line.strip() for line in listed.stdout.splitlines()[1:]]
    return set().union(*(_calls(line) for line in lines if line and line[0] != "#"))
