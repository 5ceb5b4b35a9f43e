"""``vcc-pki demo``: from an empty folder to a published PKI that openssl accepts."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from pki_reconciler.cli import apply
from pki_reconciler.cli.compose import host
from pki_reconciler.cli.init import begin
from pki_reconciler.cli.validate import read_tree
from pki_reconciler.config import load_config
from pki_reconciler.demo import organisation, verify
from pki_reconciler.loop import Outcome, reconcile
from pki_reconciler.ports import SystemClock
from pki_schema import instants
from pki_schema.errors import WorldFailed, has_errors
from pki_schema.load import load

SAMPLE = 20
"""Of more services than this, openssl is asked about the shipped ones and as many of the fleet."""

_MARK = ".vcc-pki-demo"
CONFIG = """\
[repository]
url = "./desired-state"
branch = "main"

[state]
ledger = "./state/ledger.sqlite3"
keys = "./state/keys"
offline_keys = "./state/offline-keys"
passphrase_file = "./state/passphrase"

[limits]
revocations = 20

[[target]]
publication = "public"
directory = "./public"
"""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Where everything of a demo lies."""

    root: Path

    @property
    def tree(self) -> Path:
        return self.root / "desired-state"

    @property
    def hosts(self) -> Path:
        return self.root / "hosts"

    @property
    def public(self) -> Path:
        return self.root / "public"

    @property
    def config(self) -> Path:
        return self.root / "vcc-pki.toml"


def run(*, source: Path, folder: Path, services: int) -> int:
    start = time.perf_counter()
    demo = Folder(root=folder)
    empty(folder)
    prepared = prepare(demo, source, services)
    _say("git", prepared, time.perf_counter() - start)
    demo.config.write_text(CONFIG)
    config = load_config(demo.config)
    begin(config)
    with host(demo.config, config) as together:
        outcome = reconcile(together)
    tell(demo, outcome)
    if apply.exit_code(outcome):
        apply.tell(outcome)
        return apply.exit_code(outcome)
    verified = check(demo)
    _say("took", f"{time.perf_counter() - start:.1f} s in all")
    if verified:
        _say_next(demo)
    return 0 if verified else 1


def empty(folder: Path) -> None:
    """Start afresh; only ever delete what an earlier demo made."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise WorldFailed(f"{folder} is a link or a file, not a folder", "name one with --dir")
    if not folder.exists():
        folder.mkdir(parents=True)
    elif (folder / _MARK).exists():
        shutil.rmtree(folder)
        folder.mkdir()
    elif any(folder.iterdir()):
        raise WorldFailed(
            f"{folder} is not empty and was not made by a demo", "name another one with --dir"
        )
    (folder / _MARK).write_text("`vcc-pki demo` made this folder, and empties it when run again.\n")


def prepare(demo: Folder, source: Path, services: int) -> str:
    """The repository and what the hosts hold; returns what was made, in words."""
    organisation.copy_tree(source, demo.tree)
    organisation.write_schemas(demo.root / "schema" / "v1")
    first = organisation.commit_all(demo.tree, "CAs, templates, tenants, services")
    files, _ = read_tree(demo.tree)
    loaded, _ = load(files)
    if has_errors(loaded.problems):
        raise WorldFailed(f"{source} has errors", f"see them with `vcc-pki validate {source}`")
    wanted = list(organisation.wanted(loaded.state))
    if services > len(wanted):
        organisation.add_fleet(demo.tree, services - len(wanted))
        files, _ = read_tree(demo.tree)
        wanted = list(organisation.wanted(load(files)[0].state))
    for item in wanted:
        organisation.make_keys(demo.tree, demo.hosts, item)
    head = organisation.commit_all(demo.tree, "Signing requests of every service")
    made = f"{len(wanted)} keys made in {demo.hosts}, CSRs committed"
    return f"{demo.tree}: {first[:8]}..{head[:8]}, {made}"


def tell(demo: Folder, outcome: Outcome) -> None:
    """The reconcile as a transcript: a line a stage, with its time."""
    stages, done = outcome.stages, outcome.done
    first = outcome.plans[0]
    cas = sum(a.subject.kind == "AuthorityCertificate" for a in first.actions if a.meaning)
    leaves = sum(a.subject.kind == "Certificate" for a in first.actions if a.meaning)
    _say("observe", f"{outcome.observed.parsed} manifests, every commit judged", stages["observe"])
    _say("plan", f"+ {cas} CAs  + {leaves} service certificates  0 revocations", stages["plan"])
    _say("CAs", f"{cas} certificates, roots first, whose keys lie apart", stages.get("CAs", 0))
    _say("responders", "an OCSP responder for each online CA", stages.get("responders", 0))
    rate = leaves / stages["sign"] if stages.get("sign") else 0
    _say("sign", f"{leaves} certificates, {rate:.0f} certificates/s", stages.get("sign", 0))
    _say("status", f"{done.crls} CRLs, {done.answers} OCSP answers", stages.get("status", 0))
    _say("publish", f"{demo.public}: {done.published} files", stages["publish"])
    total = done.signed / sum(stages.values())
    _say("all", f"commit to published, {total:.0f} certificates/s", sum(stages.values()))


def check(demo: Folder) -> bool:
    """Let openssl judge; whether it had nothing against what it was shown."""
    if not verify.available():
        _say("verify", "openssl is not installed, so nobody else has looked at this")
        return True
    start = time.perf_counter()
    pointers = chosen(sorted((demo.public / "svc").glob("*/*/*/current.json")))
    with tempfile.TemporaryDirectory() as scratch:
        judged = [verify.judge(demo.public, pointer, Path(scratch)) for pointer in pointers]
    for judgement in judged:
        if not judgement.good:
            typer.echo(f"  {judgement.name}: {judgement.chain}{judgement.staple}")
    good = sum(judgement.good for judgement in judged)
    words = f"openssl: chain, CRLs and staple of {good} of {len(judged)} certificates ok"
    _say("verify", words, time.perf_counter() - start)
    return good == len(judged) > 0


def chosen(pointers: Sequence[Path]) -> list[Path]:
    """All of a small PKI; of a large one, every shipped service and a sample of the fleet."""
    fleet = [p for p in pointers if p.parts[-4] == organisation.FLEET]
    shipped = [p for p in pointers if p.parts[-4] != organisation.FLEET]
    return shipped + fleet[:: max(1, len(fleet) // SAMPLE)][:SAMPLE]


def _say_next(demo: Folder) -> None:
    command = f"{_command()} --config {demo.config}"
    later = instants.render(SystemClock().now() + 61 * instants.DAY)
    typer.echo(f"""
Next:
  {command} status
  {command} plan --as-of {later}
  {command} serve --port 8080
  open {demo.public / "index.html"} in a browser: how everything stands""")


def _command() -> str:
    """This program as it was called, so that the next commands can be pasted."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "vcc-pki" and called.exists() else "vcc-pki"


def _say(word: str, text: str, seconds: float | None = None) -> None:
    took = f"  {seconds:.2f} s" if seconds is not None else ""
    typer.echo(f"{typer.style(f'{word:<10}', bold=True)} {text}{took}")
