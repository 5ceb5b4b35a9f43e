"""The command line: one file per verb, each thin. stdout carries the result, stderr the progress.

Belongs here: options, composition of the real clock, disk, Git and keys, and telling the result.
Does not belong here: any decision. Verbs are imported when they are called, so ``--help`` is quick.
"""

from __future__ import annotations

from pki_reconciler.cli.entry import main

__all__ = ["main"]
