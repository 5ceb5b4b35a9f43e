"""The marker `debian("nginx", …)`: a test that needs programs which Python cannot bring along.

Where one is missing the test is skipped, and named again at the end of the run so that nobody takes
the run for complete; with CI=true it fails instead.
"""

import os
import shutil
from collections import defaultdict

import pytest

MISSING = "missing program"
SYSTEM_PROGRAMS = os.pathsep.join(("/usr/sbin", "/sbin"))


def pytest_configure() -> None:
    """Let tests find what Debian keeps off an ordinary user's PATH, such as nginx."""
    os.environ["PATH"] = os.pathsep.join((os.environ.get("PATH", os.defpath), SYSTEM_PROGRAMS))


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
