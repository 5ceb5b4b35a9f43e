"""``vcc-pki serve``: one publication over plain HTTP. Holds no key and opens no ledger."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from pki_publishers.server import serve
from pki_reconciler.config import Config, find_config, load_config
from pki_reconciler.ports import SystemClock
from pki_schema.errors import WorldFailed


def configured(option: Path | None, publication: str | None) -> Path:
    """The folder that the host's ``vcc-pki.toml`` binds to a publication."""
    return chosen(load_config(find_config(option, os.environ)), publication)


def run(folder: Path, *, host: str, port: int) -> int:
    """Serve a folder until interrupted; a replica needs nothing else."""
    if not folder.is_dir():
        raise WorldFailed(f"there is no folder {folder}", "publish into it first: `vcc-pki apply`")

    def listening(bound: int) -> None:
        name = f"[{host}]" if ":" in host else host
        typer.echo(f"serving {folder} on http://{name}:{bound} (Ctrl-C ends it)", err=True)

    serve(folder, host=host, port=port, now=SystemClock().now, listening=listening)
    return 0


def chosen(config: Config, publication: str | None) -> Path:
    """The folder of the named publication, or of the only one."""
    folders = {str(target.publication): target.directory for target in config.targets}
    names = ", ".join(sorted(folders)) or "none"
    if publication is None and len(folders) == 1:
        return next(iter(folders.values()))
    if publication is None:
        raise WorldFailed(
            f"{len(folders)} publications are bound here ({names})", "name one with --publication"
        )
    if publication not in folders:
        raise WorldFailed(f"publication {publication} is not bound here ({names})")
    return folders[publication]
