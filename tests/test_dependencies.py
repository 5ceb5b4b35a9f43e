"""Every direct dependency is argued for, and locked by hash without naming where it comes from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIRECT = [
    re.match(r"[A-Za-z0-9_.-]+", line)[0]
    for line in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"])
]
EXTRAS = [
    re.match(r"[A-Za-z0-9_.-]+", line)[0]
    for name, lines in PROJECT["optional-dependencies"].items()
    if name != "test"
    for line in lines
]
LOCK = (ROOT / "requirements.lock").read_text()


@pytest.mark.parametrize("name", DIRECT)
def test_direct_dependency_is_locked_and_earns_its_line(name):
    assert re.search(rf"^{re.escape(name.lower())}==\S+ ", LOCK, re.MULTILINE), "run `make lock`"
    assert f"\n| {name} |" in (ROOT / "CONTRIBUTING.md").read_text()


@pytest.mark.parametrize("name", EXTRAS)
def test_what_an_extra_brings_earns_its_line_and_is_nobody_elses(name):
    assert f"\n| {name} |" in (ROOT / "CONTRIBUTING.md").read_text()
    assert f"\n{name.lower()}==" not in LOCK


def test_every_locked_version_has_hashes():
    requirements = re.sub(r"\\\n\s*", "", LOCK).splitlines()
    assert all(" --hash=sha256:" in line for line in requirements if not line.startswith("#"))


@pytest.mark.parametrize("trace", ["://", "--index", "--extra-index", "--find-links", "--trusted"])
def test_lock_names_no_index(trace):
    assert trace not in LOCK
