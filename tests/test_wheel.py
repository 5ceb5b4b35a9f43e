"""The wheel holds the three wings under their own names, and nothing beside them."""

import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WINGS = {"pki_schema", "pki_publishers", "pki_reconciler"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built by the locked backend in this environment: no network, no build isolation."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_top_level_names_are_the_three_wings(wheel):
    """A stray top-level name would silently overwrite another distribution's package."""
    names = {Path(name).parts[0] for name in wheel.namelist()}
    (metadata,) = {name for name in names if name.endswith(".dist-info")}
    assert names - {metadata} == WINGS


def test_every_module_in_the_tree_is_in_the_wheel(wheel):
    modules = {
        path.relative_to(wing).as_posix()
        for wing in (ROOT / "schema", ROOT / "publishers", ROOT / "reconciler")
        for path in wing.glob("pki_*/**/*.py")
    }
    assert modules <= set(wheel.namelist())


def test_the_templates_of_the_status_page_are_in_the_wheel(wheel):
    folder = ROOT / "publishers" / "pki_publishers" / "page" / "templates"
    templates = {f"pki_publishers/page/templates/{path.name}" for path in folder.iterdir()}
    assert len(templates) == 8
    assert templates <= set(wheel.namelist())


def test_command_and_distribution_share_a_name(wheel):
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    (scripts,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert message_from_bytes(wheel.read(metadata))["Name"] == "vcc-pki"
    assert "vcc-pki = pki_reconciler.cli:main" in wheel.read(scripts).decode().splitlines()
