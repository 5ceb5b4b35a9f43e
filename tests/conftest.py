"""The marker `debian("nginx", …)`: a test that needs programs which Python cannot bring along.

Where one is missing the test is skipped, and named again at the end of the run so that nobody takes
the run for complete; with CI=true it fails instead.

And where tests work: in memory if there is enough, because what a disk must keep is tried out on
recorded calls (``tests/e2e/storage.py``), and waiting for one proves nothing.
"""

import gc
import os
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

MISSING = "missing program"
SYSTEM_PROGRAMS = os.pathsep.join(("/usr/sbin", "/sbin"))

MEMORY = Path("/dev/shm")
ENOUGH = 2 * 1024**3
"""Octets that must be free there for all the temporary folders of a run."""


def pytest_configure() -> None:
    """Let tests find what Debian keeps off an ordinary user's PATH, such as nginx."""
    os.environ["PATH"] = os.pathsep.join((os.environ.get("PATH", os.defpath), SYSTEM_PROGRAMS))
    if _has_room(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def _has_room(folder: Path) -> bool:
    """Also for programs that tests write and run."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    there = os.statvfs(folder)
    return not there.f_flag & os.ST_NOEXEC and there.f_bavail * there.f_frsize > ENOUGH


def pytest_collection_finish() -> None:
    """What was imported stays: looking through all of it again and again for what might go takes
    an eighth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    programs = [name for mark in item.iter_markers("debian") for name in mark.args]
    missing = sorted({name for name in programs if shutil.which(name) is None})
    if not missing:
        return
    item.user_properties.extend((MISSING, name) for name in missing)  # travels back from workers
    reason = f"needs {', '.join(missing)} (see ci/debian-packages.txt)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tests_by_program = defaultdict(list)
    for report in terminalreporter.getreports("skipped"):
        for key, program in report.user_properties:
            if key == MISSING:
                tests_by_program[program].append(report.nodeid)
    if not tests_by_program:
        return
    terminalreporter.section("not tested on this machine", yellow=True)
    for program, tests in sorted(tests_by_program.items()):
        terminalreporter.line(f"{program} is missing; skipped because of it:")
        for test in sorted(set(tests)):
            terminalreporter.line(f"  {test}")
