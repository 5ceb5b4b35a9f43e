"""`vcc-pki demo` as a stranger runs it: a command, a folder, a transcript and an exit code."""

from __future__ import annotations

import json
import re
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
    ("demo", "surplus"),
    ("plan", "--output", "xml"),
    ("serve", "--port", "70000"),
    ("--no-such-option", "demo"),
)


def demo(folder: Path, *more: str) -> Said:
    """From the repository's root, as `make demo` does."""
    return vcc_pki("demo", "--dir", folder, *more, folder=REPOSITORY)


def test_the_demo_ends_well_and_begins_afresh_when_run_again(tmp_path: Path) -> None:
    """Exit 0, a line for every stage; a second run leaves nothing of the first."""
    folder = tmp_path / "demo"
    first = demo(folder)
    assert (first.code, first.stderr) == (0, ""), first.text
    words = re.findall(r"^(\w+) +\S", first.stdout, flags=re.MULTILINE)
    assert [word for word in words if word in STAGES] == STAGES, first.stdout
    assert "openssl: chain, CRLs and staple of 13 of 13 certificates ok" in first.stdout
    (root,) = (folder / "public" / "aia").glob("vcc-root-*.cer")
    before = root.read_bytes()
    (folder / "left-behind").write_text("by the first run")
    second = demo(folder)
    assert (second.code, second.stderr) == (0, ""), second.text
    assert not (folder / "left-behind").exists()
    (root,) = (folder / "public" / "aia").glob("vcc-root-*.cer")
    assert root.read_bytes() != before


def test_what_the_demo_tells_to_do_next_works(tmp_path: Path) -> None:
    """The verbs it names are run as it names them; nothing is left to do, and openssl agrees."""
    folder = tmp_path / "demo"
    said = demo(folder)
    (status, plan, _) = re.findall(r"^  vcc-pki (.+)$", said.stdout, flags=re.MULTILINE)
    assert vcc_pki(*status.split(), "--output", "json").code == 0
    assert vcc_pki(*plan.split()).code == 0
    again = vcc_pki("--config", folder / "vcc-pki.toml", "plan", "--detailed-exitcode")
    assert again.code == 0, again.text
    assert json.loads((folder / "public" / "status.json").read_text())["authorities"]
    held = Published(World(root=folder)).held("vcc/argus-backend")
    judged = openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-CAfile", held.anchor),
        *("-untrusted", held.chain, "-CRLfile", held.crls, held.cert),
    )
    assert judged.stdout == f"{held.cert}: OK\n", judged.text


def test_a_fleet_can_be_added(tmp_path: Path) -> None:
    """The services it was asked for in all, of which openssl sees every shipped one and 20 more."""
    said = demo(tmp_path / "demo", "--services", "40")
    assert said.code == 0, said.text
    assert "+ 40 service certificates" in said.stdout
    assert "staple of 33 of 33 certificates ok" in said.stdout


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
