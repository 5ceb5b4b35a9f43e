"""The verb: look at everything, tell it, and take down a person's word."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer

from pki_publishers.targets import DirectoryTarget
from pki_publishers.targets import marks as marked
from pki_publishers.targets.marks import Mark
from pki_reconciler.cli.doctor import host, outside, state
from pki_reconciler.cli.doctor.confirming import confirm
from pki_reconciler.cli.doctor.findings import Finding, exit_code, of_failure, tell, told_in, wrong
from pki_reconciler.config import Config, ConfigRefused, find_config, load_config
from pki_reconciler.config.private_files import private_folder
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ports import SystemClock
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant


def run(option: Path | None, *, word: str | None, whole: bool, output: str) -> int:
    path = find_config(option, os.environ)
    now = SystemClock().now()
    if word is not None:
        typer.echo(confirm(load_config(path), word, now))
        return 0
    try:
        config = load_config(path)
    except ConfigRefused as refused:
        found = [wrong("configuration", str(problem)) for problem in refused.problems]
    else:
        found = list(examined(path, config, now, whole=whole))
    tell(found, output=output)
    return exit_code(found)


def examined(path: Path, config: Config, now: Instant, *, whole: bool) -> Iterator[Finding]:
    """Everything there is to be seen, in the order in which things depend on each other."""
    yield from host.on_host(path, config, os.environ)
    reader, refused = opened(config)
    yield from refused
    try:
        if reader is not None:
            found: list[Finding] = []
            with told_in(found, "ledger"):
                found += state.in_ledger(config, reader, now, whole=whole)
                found += state.of_keys(config, reader, os.environ)
                found += outside.doubts(reader, marks(config), config, now)
            yield from found
        for target in config.targets:
            yield from outside.of_target(target, reader, now)
        yield from outside.of_git(config, reader)
    finally:
        if reader is not None:
            reader.close()


def opened(config: Config) -> tuple[Reader | None, list[Finding]]:
    """The ledger to read, or why it cannot be."""
    if not config.state.ledger.exists():
        return None, [state.no_ledger(config)]
    try:
        return Reader.open(config.state.ledger), []
    except WorldFailed as failure:
        return None, [of_failure("ledger", failure, "nothing is signed or published")]


def marks(config: Config) -> dict[str, Mark]:
    """What keys and publications tell about the ledger that wrote there last."""
    found: dict[str, Mark] = {}
    with suppress(WorldFailed, OSError), private_folder(config.state.keys) as folder:
        found["the key store"] = marked.read(folder)
    for target in config.targets:
        with suppress(WorldFailed):
            mark = DirectoryTarget(target.directory).mark()
            found[f"publication {target.publication}"] = mark
    return found
