"""`vcc-pki demo` as a stranger runs it: a command, a folder, a transcript and an exit code."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conformance.programs import REPOSITORY, Said, openssl, vcc_pki
from tests.conformance.published import Published
from tests.worlds import World

pytestmark = pytest.mark.debian("openssl", "git")

STAGES = ["observe", "plan", "CAs", "responders", "sign", "status", "publish", "verify"]
WRONG: tuple[tuple[str, ...], ...] = (
    ("demonstrate",),
    ("demo", "--folder", "x"),
    ("demo", "--services", "many"),
    ("demo", "--dir"),
    ("plan", "--output", "xml"),
    ("serve", "--port", "70000"),
)


def demo(folder: Path, *more: str) -> Said:
    """From the repository's root, as `make demo` does."""
    return vcc_pki("demo", "--dir", folder, *more, folder=REPOSITORY)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A demo and what it said; nothing here changes it."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    return folder, demo(folder)


def test_the_demo_ends_well_and_says_what_it_did(made: tuple[Path, Said]) -> None:
    """Exit 0, nothing on stderr, a line for every stage, and openssl had the last word."""
    _, said = made
    assert (said.code, said.stderr) == (0, ""), said.text
    words = re.findall(r"^(\w+) +\S", said.stdout, flags=re.MULTILINE)
    assert [word for word in words if word in STAGES] == STAGES, said.stdout
    assert "openssl: chain, CRLs and staple of 13 of 13 certificates ok" in said.stdout


def test_what_the_demo_tells_to_do_next_works(made: tuple[Path, Said]) -> None:
    """The verbs it names are run as it names them; nothing is left to do, and openssl agrees."""
    folder, said = made
    (status, plan, _) = re.findall(r"^  vcc-pki (.+)$", said.stdout, flags=re.MULTILINE)
    assert vcc_pki(*status.split(), "--output", "json").code == 0
    assert "renew" in vcc_pki(*plan.split()).stdout
    again = vcc_pki("--config", folder / "vcc-pki.toml", "plan", "--detailed-exitcode")
    assert again.code == 0, again.text
    held = Published(World(root=folder)).held("vcc/argus-backend")
    judged = openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-CAfile", held.anchor),
        *("-untrusted", held.chain, "-CRLfile", held.crls, held.cert),
    )
    assert judged.stdout == f"{held.cert}: OK\n", judged.text


def test_editors_find_the_schema_that_each_manifest_names(made: tuple[Path, Said]) -> None:
    folder, _ = made
    for path in (folder / "desired-state").rglob("*.yaml"):
        first = path.read_text().split("\n", 1)[0]
        assert (path.parent / first.partition("$schema=")[2]).resolve().is_file(), path


def test_a_second_run_begins_afresh(made: tuple[Path, Said], tmp_path: Path) -> None:
    """Other keys and nothing left of the first; this time with 40 services in all.

    Every shipped service is shown to openssl, and 20 of those added.
    """
    folder = tmp_path / "demo"
    shutil.copytree(made[0], folder)
    (folder / "left-behind").write_text("by the first run")
    before = {path.name for path in (folder / "public" / "aia").iterdir()}
    said = demo(folder, "--services", "40")
    assert (said.code, said.stderr) == (0, ""), said.text
    assert "+ 40 service certificates" in said.stdout
    assert "staple of 33 of 33 certificates ok" in said.stdout
    assert not (folder / "left-behind").exists()
    after = {path.name for path in (folder / "public" / "aia").iterdir()}
    assert len(after) == len(before)
    assert not after & before


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "data").write_text("irreplaceable")
    said = demo(folder)
    assert (said.code, said.stdout) == (1, "")
    assert said.stderr == (
        f"vcc-pki: {folder} is not empty and was not made by a demo\nname another one with --dir\n"
    )
    assert [path.name for path in folder.iterdir()] == ["data"]
    assert (folder / "data").read_text() == "irreplaceable"


def test_a_file_or_a_link_in_its_place_is_left_alone(tmp_path: Path) -> None:
    """A sentence and no stack trace; behind the link is a demo, which stays as it was."""
    file, made, link = tmp_path / "file", tmp_path / "made", tmp_path / "link"
    file.write_text("irreplaceable")
    made.mkdir()
    (made / ".vcc-pki-demo").touch()
    (made / "data").write_text("irreplaceable")
    link.symlink_to(made)
    for place in (file, link):
        said = demo(place)
        assert (said.code, said.stdout) == (1, "")
        assert said.stderr.startswith(f"vcc-pki: {place} ")
        assert "Traceback" not in said.stderr
    assert file.read_text() == (made / "data").read_text() == "irreplaceable"


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_exits_64_and_says_what_is_wrong(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """64 and not 2, which means "there are changes" (`plan --detailed-exitcode`)."""
    said = vcc_pki(*arguments, folder=tmp_path)
    assert (said.code, said.stdout) == (64, "")
    assert "Error" in said.stderr
    assert "Traceback" not in said.stderr
    assert not list(tmp_path.iterdir())
