"""A host with ``vcc-pki.toml``, a repository beside it, and the command as an operator runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pki_reconciler.demo import organisation
from pki_schema.load import load
from tests.published import Published
from tests.worlds import SHIPPED

CONFIG = """\
[repository]
url = "./desired-state"

[state]
ledger = "./state/ledger.sqlite3"
keys = "./state/keys"
offline_keys = "./state/offline-keys"
passphrase_file = "./state/passphrase"

[[target]]
publication = "public"
directory = "./public"
"""


@dataclass(frozen=True)
class Installation:
    """Everything lies below ``root`` and is named relative to it, so a copy is another one."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "vcc-pki.toml"

    @property
    def tree(self) -> Path:
        return self.root / "desired-state"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def public(self) -> Path:
        return self.root / "public"

    @property
    def published(self) -> Published:
        return Published.at(self.public)

    @classmethod
    def prepare(cls, root: Path, *, fleet: int = 0) -> Self:
        """The shipped organisation with a CSR for everything, committed; no ``init`` yet.

        ``fleet`` adds as many services in a tenant of their own.
        """
        host = cls(root)
        host.root.mkdir(parents=True, exist_ok=True)
        organisation.copy_tree(SHIPPED, host.tree)
        if fleet:
            organisation.add_fleet(host.tree, fleet)
        files = {
            path.relative_to(host.tree).as_posix(): path.read_bytes()
            for path in host.tree.rglob("*")
            if path.is_file()
        }
        for item in organisation.wanted(load(files)[0].state):
            organisation.make_keys(host.tree, root / "hosts", item)
        host.commit("The organisation")
        host.config.write_text(CONFIG)
        return host

    def copy(self, root: Path) -> Self:
        shutil.copytree(self.root, root)
        return type(self)(root)

    def commit(self, message: str = "A change") -> str:
        return organisation.commit_all(self.tree, message)

    def append(self, path: str, text: str) -> None:
        """Add text to a file of the tree."""
        file = self.tree / path
        file.write_text(file.read_text() + text)

    def revoke(self, name: str, target: str, reason: str) -> None:
        """Declare a revocation."""
        (self.tree / "revocations" / f"{name}.yaml").write_text(
            "apiVersion: pki.vcc.local/v1\nkind: Revocation\n"
            f"metadata: {{name: {name}}}\nspec: {{target: {target}, reason: {reason}}}\n"
        )

    def run(
        self, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """``vcc-pki`` as a process of its own, in ``root``, where it finds its configuration."""
        return subprocess.run(
            COMMAND + list(arguments),
            cwd=self.root,
            env={**ENVIRONMENT, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    def apply(self) -> Any:
        """``apply -o json``, which must succeed; returns its document."""
        done = self.run("apply", "--output", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


COMMAND = [sys.executable, "-c", "from pki_reconciler.cli import main; main()"]
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": os.environ.get("HOME", "/"),
    "LANG": "C.UTF-8",
    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
}
"""What the command needs and nothing else: no ``VCC_PKI_CONFIG``, no ``NO_COLOR``."""
