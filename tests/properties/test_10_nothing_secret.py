"""Promise 10: nothing secret in Git, outputs, errors, the ledger, public files or arguments."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pki_reconciler.cli import main
from tests.properties.organisation import SERVICES, Declare, Revoke, Scene

CANARY = "canary-passphrase-never-to-be-seen"

CONFIG = """\
[repository]
url = "./desired-state"
branch = "main"
[state]
ledger = "./state/ledger.sqlite3"
keys = "./state/keys"
offline_keys = "./state/offline-keys"
passphrase_file = "./state/passphrase"
[[target]]
publication = "public"
directory = "./public"
"""


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Everything a verb says, on either stream; whatever its exit code."""
    before = sys.argv
    sys.argv = ["vcc-pki", *arguments]
    try:
        main()
    except SystemExit:
        pass
    finally:
        sys.argv = before
    captured = capsys.readouterr()
    return captured.out + captured.err


class Installation:
    """A PKI on disk, driven by its verbs; every process it starts is written down."""

    def __init__(self, root: Path, scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.scene = scene
        self.said: list[str] = []
        self._capsys = capsys

    def run(self, *arguments: str) -> str:
        said = told(self._capsys, "--config", str(self.root / "vcc-pki.toml"), *arguments)
        self.said.append(said)
        return said

    @property
    def started(self) -> str:
        """Arguments and environments of the processes that were started."""
        return (self.root / "started").read_text()

    def secrets(self) -> list[bytes]:
        """The passphrase and every private key, in the forms in which they could leak."""
        found = [CANARY.encode(), *_forms(CANARY.encode())]
        for file in sorted((self.root / "state").glob("*keys/*.pem")):
            key = serialization.load_pem_private_key(file.read_bytes(), CANARY.encode())
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            size = (key.key_size + 7) // 8
            number = key.private_numbers().private_value
            found += [number.to_bytes(size, "big"), str(number).encode()]
            found += _forms(number.to_bytes(size, "big"))
        return found


def _forms(secret: bytes) -> Iterator[bytes]:
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    # Whatever stands before and after it, this much of its base64 is the same.
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + secret)
        yield text[4 if shift else 0 : len(text) // 4 * 4 - 4]


@pytest.fixture
def installation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Installation:
    scene = Scene.small(tmp_path / "work")
    root = tmp_path / "host"
    root.mkdir()
    (root / "desired-state").symlink_to(scene.world.tree)
    (root / "vcc-pki.toml").write_text(CONFIG)
    (root / "state").mkdir(mode=0o700)
    (root / "state" / "passphrase").write_text(CANARY + "\n")
    (root / "state" / "passphrase").chmod(0o600)
    programs = tmp_path / "programs"
    programs.mkdir()
    git = programs / "git"
    git.write_text(
        textwrap.dedent(f"""\
            #!/bin/sh
            {{ printf '%s\\n' "$@"; env; }} >> {root / "started"}
            exec {shutil.which("git")} "$@"
        """)
    )
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    made = Installation(root, scene, capsys)
    assert "created" in made.run("init")
    return made


def lived(installation: Installation) -> None:
    """A life with successes and failures of every kind."""
    scene = installation.scene
    installation.run("apply")
    Declare(SERVICES[3]).act(scene)
    Revoke(SERVICES[0], "keyCompromise").act(scene)
    scene.commit()
    installation.run("plan", "--output", "json")
    installation.run("apply", "--output", "json")
    installation.run("status")
    passphrase = installation.root / "state" / "passphrase"
    passphrase.write_text(CANARY[::-1] + "\n")
    scene.world.new_key(*SERVICES[1])
    scene.commit()
    wrong = installation.run("apply")
    assert "FAILED" in wrong or "error" in wrong
    passphrase.write_text(CANARY + "\n")
    passphrase.chmod(0o644)
    installation.run("apply")
    passphrase.chmod(0o600)
    shutil.move(scene.world.tree, scene.world.root / "gone")
    installation.run("apply")
    shutil.move(scene.world.root / "gone", scene.world.tree)
    installation.run("apply")


def leaks(installation: Installation, places: dict[str, bytes]) -> list[tuple[str, int]]:
    """Where which secret was found; by number, so that a failing test leaks nothing either."""
    return [
        (place, number)
        for place, data in places.items()
        for number, secret in enumerate(installation.secrets())
        if secret in data
    ]


def test_no_secret_is_said_stored_or_passed_on(installation: Installation) -> None:
    """Neither the passphrase nor any private key is in what the verbs say, in the ledger, the
    caches, the clone, the public tree, or in arguments and environment of a process they start.
    """
    lived(installation)
    root = installation.root
    keys = [root / "state" / "keys", root / "state" / "offline-keys"]
    places = {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file() and file.parent not in keys and file.name != "passphrase"
    }
    assert any(place.startswith("public/svc/") for place in places)
    assert "fetch" in installation.started
    places["said"] = "\n".join(installation.said).encode()
    places["started"] = installation.started.encode()
    assert leaks(installation, places) == []


def test_the_search_finds_what_it_looks_for(installation: Installation) -> None:
    """The property above is worth something: a planted secret is found in each form."""
    installation.run("apply")
    for secret in installation.secrets():
        assert leaks(installation, {"planted": b"before" + secret + b"after"})


def test_key_files_are_encrypted_and_private(installation: Installation) -> None:
    """Mode 0600 in folders of mode 0700, and useless without the passphrase."""
    installation.run("apply")
    files = list((installation.root / "state").glob("*keys/*.pem"))
    assert len(files) == 3
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        with pytest.raises((TypeError, ValueError)):
            serialization.load_pem_private_key(file.read_bytes(), None)
    assert stat.S_IMODE((installation.root / "state/ledger.sqlite3").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "path",
    [
        "tenants/alpha/services/web.yaml",
        "tenants/alpha/csr/web.pem",
        "tenants/alpha/csr/nobody.pem",
        "README.md",
        "notes/old.key",
        ".hidden",
    ],
)
def test_a_private_key_in_git_is_refused_without_being_shown(
    installation: Installation, path: str
) -> None:
    """Whatever the file is for: what it stands among does not count, and the message has no byte
    of it.
    """
    installation.run("apply")
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    installation.scene.world.write(path, key.decode())
    installation.scene.commit()
    said = installation.run("apply")
    assert "PKI6101" in said
    assert ("tenant alpha stands still" if path.startswith("tenants/") else "NOT accepted") in said
    body = key.decode().splitlines()[1:-1]
    assert [line for line in body if line in said] == []
    assert [line for line in body if line in json.dumps(installation.run("plan"))] == []
