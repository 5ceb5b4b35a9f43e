"""``vcc-pki init``: an empty ledger and key store; the only way a ledger is ever begun."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from pki_reconciler.cli.compose import leftovers, settings
from pki_reconciler.config import Config
from pki_reconciler.keys import create_passphrase_file, create_private_folder, find_passphrase
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.ports import SystemEntropy
from pki_schema.errors import WorldFailed

PASSPHRASE_OCTETS = 32


def run(option: Path | None) -> int:
    _, config = settings(option)
    for line in begin(config):
        typer.echo(line)
    return 0


def begin(config: Config) -> list[str]:
    """Create what is missing; returns what was created, a line each.

    Raises ``WorldFailed`` when there is a ledger already, or traces of an earlier one.
    """
    state = config.state
    if state.ledger.exists():
        raise WorldFailed(f"there is a ledger at {state.ledger} already", "nothing was changed")
    left = leftovers(config)
    if left:
        raise WorldFailed(
            f"there is no ledger, but there is {', '.join(left)}",
            "restore the ledger from its backup, or move these away if this PKI really starts anew",
        )
    entropy = SystemEntropy()
    created = []
    for folder in (state.ledger.parent, state.keys, state.offline_keys, state.cache):
        if not folder.is_dir():
            create_private_folder(folder)
            created.append(f"created {folder}")
    if state.passphrase_file and not state.passphrase_file.exists():
        create_passphrase_file(state.passphrase_file, entropy.token(PASSPHRASE_OCTETS))
        created.append(f"created {state.passphrase_file} (keep a copy where the backups are not)")
    find_passphrase(os.environ, state.passphrase_file)
    Ledger.create(state.ledger, entropy=entropy).close()
    return [*created, f"created {state.ledger}"]
