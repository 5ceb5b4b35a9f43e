"""Processes that may be killed, or whose disk fails, at any one of their system calls.

``Mortals`` starts ``python -m tests.e2e.forking`` once, which imports everything and then forks for
every run: a fresh process in milliseconds. What the forked process asks the kernel for stops at
``tests.e2e.seccomp``, and is killed there with SIGKILL, or gets an error instead.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Point:
    """The ``count``-th call of a name, counted over one process and the files of its world."""

    call: str
    count: int

    def __str__(self) -> str:
        return f"{self.call} {self.count}"


@dataclass(frozen=True)
class Ended:
    """How a process ended; a negative code is the signal that killed it."""

    code: int
    stdout: str
    stderr: str
    calls: tuple[Point, ...]


class Mortals:
    """The server that forks; use it in a ``with``."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.forking"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.communicate()

    def run(
        self,
        command: Sequence[str],
        below: Path,
        *,
        watched: Iterable[str] = (),
        at: Point | None = None,
        error: str = "",
        for_ever: bool = False,
        record: Path | None = None,
    ) -> Ended:
        """Run a verb of ``vcc-pki``, or ``main`` of a module of the tests (``reconcile_once``), in
        the folder ``below``, and wait for its end.

        Calls named in ``watched`` on files below it are listed; ``record`` also gets their data.
        ``at`` is where the process dies, on entering the call; with ``error`` (``"ENOSPC"``) it
        lives on and the call fails, and with ``for_ever`` every later one of that name.
        """
        self._ask(
            {
                "command": list(command),
                "below": os.fspath(below),
                "counted": os.fspath(below),
                "watched": sorted({*watched, *([at.call] if at else [])}),
                "at": asdict(at) if at else None,
                "error": error,
                "for_ever": for_ever,
                "record": os.fspath(record) if record else "",
                "hold": False,
            }
        )
        return self._ended()

    def hold(self, command: Sequence[str], below: Path, *, at: Point, counted: Path) -> None:
        """Run a command up to a call on a file below ``counted``, where it stands still."""
        self._ask(
            {
                "command": list(command),
                "below": os.fspath(below),
                "counted": os.fspath(counted),
                "watched": [at.call],
                "at": asdict(at),
                "error": "",
                "for_ever": False,
                "record": "",
                "hold": True,
            }
        )
        answer = self._answer()
        assert answer == {"held": True}, answer

    def go_on(self) -> Ended:
        """Let the process that was held finish."""
        self._ask({"go": "on"})
        return self._ended()

    def _ask(self, request: dict[str, Any]) -> None:
        assert self._server.stdin
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._server.stdout
        return json.loads(self._server.stdout.readline())  # type: ignore[no-any-return]

    def _ended(self) -> Ended:
        answer = self._answer()
        return Ended(**{**answer, "calls": tuple(Point(*call) for call in answer["calls"])})
