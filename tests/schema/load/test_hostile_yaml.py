"""Hostile manifests in a process that may have 512 MiB: refused, each within a second."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pki_schema.load import load

MIB = 1024 * 1024
LIMIT = 512 * MIB
HEAD = (
    b"apiVersion: pki.vcc.local/v1\nkind: Service\nmetadata: {name: hostile}\n"
    b"spec:\n  template: vcc-service\n"
)

ROWS: dict[str, tuple[bytes, str]] = {
    "duplicate keys": (HEAD + b"  template: x\n" * (MIB // 16), "PKI1015"),
    "a billion laughs": (
        b"a: &a [x, x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (n, n) for n in range(9)) + HEAD,
        "PKI1011",
    ),
    "aliases": (HEAD + b"  uris: [" + b"*a," * (MIB // 4) + b"]\n", "PKI1011"),
    "a list within itself": (b"a: &a [*a]\n" + HEAD, "PKI1011"),
    "merge keys": (HEAD + b"  <<: {a: b}\n" * (MIB // 16), "PKI1012"),
    "tags": (HEAD + b"  uris: [" + b"!!binary a," * (MIB // 16) + b"]\n", "PKI1013"),
    "directives": (b"%TAG !a! b\n" * (MIB // 16), "PKI1014"),
    "NUL": (HEAD + b"\0" * (MIB - 200), "PKI1005"),
    "direction overrides": (HEAD + "\u202e".encode() * (MIB // 4), "PKI1005"),
    "zero-width characters": (HEAD + b"  a: " + "\u200b".encode() * (MIB // 4), "PKI1005"),
    "hidden characters by escapes": (HEAD + b'  a: "' + b"\\0" * (MIB // 3) + b'"\n', "PKI1005"),
    "a mebibyte and an octet": (HEAD + b"#" * (MIB + 1 - len(HEAD)), "PKI1006"),
    "a gigabit": (b"#" * (128 * MIB), "PKI1006"),
    "a depth of 33": (HEAD + b"  uris: " + b"[" * 31, "PKI1007"),
    "open lists": (b"[" * MIB, "PKI1007"),
    "open mappings": (b"{" * MIB, "PKI1016"),
    "open block lists": (b"- " * (MIB // 2), "PKI1007"),
    "a hundred thousand entries": (HEAD + b"  uris: [" + b"a," * 100_000 + b"]\n", "PKI1008"),
    "a hundred thousand keys": (
        HEAD + b"".join(b"  k%d: x\n" % n for n in range(80_000)),
        "PKI1008",
    ),
    "a long number": (HEAD + b"  suspend: " + b"9" * (MIB - 200), "PKI1017"),
    "a long key": (HEAD + b"  " + b"k" * (MIB - 200) + b": x\n", "PKI1001"),
    "a long text": (HEAD + b"  description: " + b"x" * (MIB - 200), "PKI2001"),
    "UTF-16": (HEAD.decode().encode("utf-16") * 1000, "PKI1003"),
    "a byte order mark": (b"\xef\xbb\xbf" + HEAD, "PKI1002"),
    "no UTF-8": (b"#" * (MIB - 1) + b"\xff", "PKI1004"),
    "documents": (HEAD + b"---\n" * (MIB // 5), "PKI1010"),
    "unknown fields": (HEAD + b"".join(b"  f%d: 1\n" % n for n in range(4_900)), "PKI2101"),
    "an unknown kind": (HEAD.replace(b"Service", b"S" * (MIB - 200)), "PKI2105"),
    "an unknown version": (HEAD.replace(b"/v1", b"/v2"), "PKI2106"),
    "an unclosed quote": (HEAD + b'  a: "' + b"x" * (MIB - 200), "PKI1001"),
    "carriage returns": (b"\r" * MIB, "PKI1005"),
}
PATH = "tenants/vcc/services/hostile.yaml"


def measured() -> dict[str, tuple[list[str], float]]:
    """Codes that are told of each row, and the processor time that it takes."""
    import time

    found = {}
    for name, (data, _) in ROWS.items():
        began = time.process_time()
        loaded, _ = load({PATH: data})
        took = time.process_time() - began
        found[name] = ([p.code for p in loaded.problems], took)
    return found


@pytest.fixture(scope="module")
def verdicts() -> dict[str, tuple[list[str], float]]:
    """Of all rows, one after the other in one process whose memory has a limit."""
    program = (
        "import json, resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({LIMIT}, {LIMIT}))\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
        "from tests.schema.load.test_hostile_yaml import measured\n"
        "print(json.dumps(measured()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, tuple[list[str], float]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ROWS)
def test_a_hostile_manifest_is_refused_within_a_second_and_little_memory(
    verdicts: dict[str, tuple[list[str], float]], name: str
) -> None:
    codes, took = verdicts[name]
    assert ROWS[name][1] in codes
    assert len(codes) <= 101
    assert took <= 1


def test_the_limit_would_be_noticed() -> None:
    """Half a gibibyte of text does not fit into the same process."""
    program = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({LIMIT}, {LIMIT}))\n"
        f"len(bytes({LIMIT}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "MemoryError" in done.stderr


@pytest.mark.parametrize(
    "written", ["NO", "no", "on", "012", "0x1F", "1:30", "1_000", "3.10", "2026-11-23", "90d", "~x"]
)
def test_plain_text_is_the_text_that_is_written(written: str) -> None:
    """What YAML 1.1 takes for something else means, without quotes, what it means with them."""
    plain = HEAD + f"  description: {written}\n".encode()
    quoted = HEAD + f'  description: "{written}"\n'.encode()

    def meant(data: bytes) -> object:
        [declared] = load({PATH: data})[0].state.objects.values()
        return declared.spec

    assert meant(plain) == meant(quoted)


@pytest.mark.parametrize(("written", "hint"), [("true", '"true"'), ("12", '"12"'), ("-7", '"-7"')])
def test_what_yaml_itself_types_needs_quotes_where_text_belongs(written: str, hint: str) -> None:
    loaded, _ = load({PATH: HEAD + f"  description: {written}\n".encode()})
    [found] = [p for p in loaded.problems if p.code == "PKI2103"]
    assert (found.position.line, found.position.column) == (6, 16)
    assert hint in found.hint
