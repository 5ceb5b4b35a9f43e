"""``vcc-pki explain PKI2007``: by the shape of the argument, anywhere, for people and programs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pki_reconciler.cli import entry
from pki_schema.catalogue.lookup import ENTRIES

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The command in an empty folder, without a configuration: exit code, stdout, stderr."""
    monkeypatch.delenv("VCC_PKI_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = entry.call(list(arguments))
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.mark.parametrize("written", ["PKI2007", "pki2007", "Pki2007", "2007"])
def test_a_code_is_known_by_its_shape(cli: Cli, written: str) -> None:
    code, out, err = cli("explain", written)
    assert (code, err) == (0, "")
    assert out.startswith("PKI2007: Not a duration\n")
    assert "\nExample:\n\n    # tenants/vcc/services/api.yaml\n" in out
    assert "\n      duration: 90days\n" in out
    assert "\nCure:\n\nWrite the number and one letter" in out
    assert out.endswith("    +  duration: 90d\n")


def test_programs_get_an_object(cli: Cli) -> None:
    code, out, err = cli("explain", "6002", "--output", "json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document.keys() == {"code", "title", "meaning", "example", "cure"}
    assert document["code"] == "PKI6002"
    assert document["example"] == "$ git rm -r desired-state && git commit -m 'tidy up'"
    assert all(isinstance(text, str) and text for text in document.values())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("PKI2008", "  PKI2007: Not a duration\n"),
        ("2070", "  PKI2007: Not a duration\n"),
        ("PKI2070", "PKI2xxx is about the schema"),
        ("PKI9001", "  PKI6xxx is about safety"),
        ("PKI20", "a code is PKI and four digits, e.g. PKI2007"),
        ("PKI20070", "a code is PKI and four digits, e.g. PKI2007"),
    ],
)
def test_an_unknown_code_is_told_what_may_be_meant(cli: Cli, written: str, expected: str) -> None:
    code, out, err = cli("explain", written)
    assert (code, out) == (1, "")
    assert f"there is no code PKI{written.removeprefix('PKI')}\n" in err
    assert expected in err


def test_an_object_is_still_an_object(cli: Cli) -> None:
    """Its name has a slash, which no code has."""
    code, out, err = cli("explain", "Service/vcc/2007")
    assert (code, out) == (1, "")
    assert "is not a folder" in err


@pytest.mark.parametrize("code", ENTRIES)
def test_every_code_can_be_explained(cli: Cli, code: str) -> None:
    result, out, _ = cli("explain", code)
    assert result == 0
    assert all(text in out for text in (f"{code}: ", "\nExample:\n", "\nCure:\n"))


def test_a_failed_validate_names_the_verb(cli: Cli, tmp_path: Path) -> None:
    """On stderr, since the result is the problems; a program is told nothing of it."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "Web.yaml").write_text("")
    code, out, err = cli("validate", str(tmp_path))
    assert code == 1
    assert "error[PKI1101]" in out
    assert err == "vcc-pki explain PKI1101 tells more\n"
    assert cli("validate", str(tmp_path), "--output", "json")[2] == ""


def test_no_other_verb_loads_the_catalogue() -> None:
    program = (
        "import sys\n"
        "from pki_reconciler.cli import demo, entry, explain, fmt, plan, status, validate\n"
        "print([name for name in sys.modules if name.startswith('pki_schema.catalogue')])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_help_loads_neither_the_language_nor_cryptography() -> None:
    """What would make every start of the command slow is loaded by the verbs that need it."""
    program = (
        "import sys\n"
        "from pki_reconciler.cli import entry\n"
        "entry.call(['--help'])\n"
        "slow = ('cryptography', 'sqlalchemy', 'yaml', 'git', 'jsonschema', 'pki_schema.kinds',\n"
        "        'pki_schema.fields', 'pki_reconciler.config', 'starlette')\n"
        "print([name for name in slow if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
