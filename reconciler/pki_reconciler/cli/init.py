"""``vcc-pki init``: an empty ledger and key store; the only way a ledger is ever begun."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from pki_reconciler.cli.compose import leftovers, settings
from pki_reconciler.config import Config
from pki_reconciler.keys import create_passphrase_file, create_private_folder, find_passphrase
from pki_reconciler.ledger.records import Doubted
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.ports import SystemClock, SystemEntropy
from pki_schema.errors import WorldFailed

PASSPHRASE_OCTETS = 32


def run(option: Path | None, *, recover: bool) -> int:
    _, config = settings(option)
    for line in begin(config, recover=recover):
        typer.echo(line)
    if recover:
        typer.echo(
            "nothing is issued until `vcc-pki doctor --confirm ledger`; attach the offline keys, "
            "run `vcc-pki apply`, and see what `vcc-pki doctor` says before"
        )
    return 0


def begin(config: Config, *, recover: bool = False) -> list[str]:
    """Create what is missing; returns what was created, a line each.

    With ``recover`` the ledger is made beside keys and publications of an earlier one, and is in
    doubt from its first entry. Raises ``WorldFailed`` when there is a ledger already, and when
    there are traces of an earlier one, or with ``recover`` none.
    """
    state = config.state
    if state.ledger.exists():
        raise WorldFailed(f"there is a ledger at {state.ledger} already", "nothing was changed")
    left = leftovers(config)
    if left and not recover:
        raise WorldFailed(
            f"there is no ledger, but there is {', '.join(left)}",
            "restore the ledger from its backup; if there is none, `vcc-pki init --recover` reads "
            "back what is published; move these away if this PKI really starts anew",
        )
    if recover:
        _check_recovery(config, left)
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
    with Ledger.create(state.ledger, entropy=entropy) as ledger:
        if recover:
            now = SystemClock().now()
            with ledger.transaction(now) as transaction:
                transaction.append([_doubt(left)])
    return [*created, f"created {state.ledger}"]


def _check_recovery(config: Config, left: list[str]) -> None:
    """Raise ``WorldFailed`` unless there is something to recover from, and a way to open keys."""
    if not left:
        raise WorldFailed("there are no keys and no publications", "`vcc-pki init` begins anew")
    file = config.state.passphrase_file
    if file and not file.exists() and any(word.startswith(("a key", "an off")) for word in left):
        raise WorldFailed(
            f"{file} is missing, and a new one opens none of the keys",
            "restore it from where its copy is kept",
        )


def _doubt(left: list[str]) -> Doubted:
    return Doubted(what="ledger", evidence=f"it was made anew beside {', '.join(left)}")
