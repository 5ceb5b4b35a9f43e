"""A bench organisation: the shipped one with a P-256 issuing CA, and a fleet that arrives later."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pki_reconciler.cli import demo
from pki_reconciler.cli.compose import host
from pki_reconciler.cli.init import begin
from pki_reconciler.cli.validate import read_tree
from pki_reconciler.config import Config, load_config
from pki_reconciler.demo import organisation
from pki_reconciler.loop import Outcome, reconcile
from pki_schema.load import load
from pki_schema.load.tree import RequestPath

ROOT = Path(__file__).parents[2]
ISSUING = "cas/vcc-services.yaml"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """An initialised host whose CAs are published; ``root`` may be copied, nothing in it is
    absolute.
    """

    root: Path

    @property
    def tree(self) -> Path:
        return self.root / "desired-state"

    @property
    def config_file(self) -> Path:
        return self.root / "vcc-pki.toml"

    def config(self) -> Config:
        return load_config(self.config_file)

    @classmethod
    def prepare(cls, root: Path) -> Fleet:
        """The organisation without service certificates, reconciled once."""
        fleet = cls(root=root)
        organisation.copy_tree(ROOT / "desired-state", fleet.tree)
        issuing = fleet.tree / ISSUING
        issuing.write_text(issuing.read_text().replace("algorithm: P-384", "algorithm: P-256"))
        organisation.commit_all(fleet.tree, "The organisation")
        fleet.config_file.write_text(demo.CONFIG)
        begin(fleet.config())
        fleet.reconcile()
        return fleet

    def hand_in(self) -> None:
        """Commit the CSRs of the organisation's own services, some dozen."""
        files, _ = read_tree(self.tree)
        for item in organisation.wanted(load(files)[0].state):
            organisation.make_keys(self.tree, self.root / "hosts", item)
        organisation.commit_all(self.tree, "Signing requests")

    def enlist(self, count: int) -> None:
        """Commit ``count`` new services, each with its CSR."""
        organisation.add_fleet(self.tree, count)
        for number in range(1, count + 1):
            spot = RequestPath(organisation.FLEET, organisation.fleet_name(number), "default")
            wanted = organisation.Wanted(spot=spot, algorithm="P-256")
            organisation.make_keys(self.tree, self.root / "hosts", wanted)
        organisation.commit_all(self.tree, f"{count} services")

    def git(self, *arguments: str) -> None:
        """Run git in the author's work tree."""
        subprocess.run(["git", "-C", str(self.tree), *arguments], check=True)

    def copy(self, root: Path) -> Fleet:
        shutil.copytree(self.root, root, symlinks=True)
        return Fleet(root=root)

    def reconcile(self) -> Outcome:
        with host(self.config_file, self.config()) as together:
            return reconcile(together)
