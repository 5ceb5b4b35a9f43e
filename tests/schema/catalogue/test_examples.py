"""Every declared example brings its code about, and its cure ends it: read as a repository is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pki_schema.catalogue import Declared
from pki_schema.catalogue.examples import BASE
from pki_schema.catalogue.lookup import ENTRIES
from pki_schema.load import load

DECLARED = {
    code: entry.example for code, entry in ENTRIES.items() if isinstance(entry.example, Declared)
}
CURED = {code: example for code, example in DECLARED.items() if example.cured}


def codes(*layers: Mapping[str, str]) -> set[str]:
    """What is said of these files, each layer over those before."""
    files = {path: text.encode() for layer in layers for path, text in layer.items()}
    return {problem.code for problem in load(files)[0].problems}


def test_nothing_is_said_of_the_small_tree() -> None:
    assert codes(BASE) == set()


@pytest.mark.parametrize(("code", "example"), DECLARED.items(), ids=DECLARED)
def test_an_example_brings_its_code_about(code: str, example: Declared) -> None:
    assert code in codes(BASE, example.files)


@pytest.mark.parametrize(("code", "example"), CURED.items(), ids=CURED)
def test_a_cure_ends_it(code: str, example: Declared) -> None:
    assert code not in codes(BASE, example.files, example.cured)


def test_what_a_file_can_cause_is_shown_by_a_file() -> None:
    """Told are the codes of hosts, git, the linter and the plan; and of bytes that are no text."""
    told = {
        code for code in ENTRIES if code < "PKI23" or "PKI3" <= code < "PKI41"
    } - DECLARED.keys()
    no_text = {"PKI1003", "PKI1004", "PKI1006", "PKI1008", "PKI2100", "PKI2108"}
    of_git_and_fmt = {"PKI1020", *(code for code in ENTRIES if code.startswith("PKI13"))}
    of_keys = {code for code in told if "PKI4050" <= code <= "PKI4078"}
    assert told == no_text | of_git_and_fmt | of_keys
