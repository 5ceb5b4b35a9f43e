"""``vcc-pki validate DIR``: needs no configuration, no ledger and no key."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer

from pki_reconciler.cli import output as told
from pki_schema.desired import DesiredState
from pki_schema.errors import Position, Problem, Severity, WorldFailed, has_errors
from pki_schema.load import load

LARGEST_FILE = 1024 * 1024 + 1
"""One byte more than a manifest may have: enough for the loader to see that it is too large."""

_USUAL_FILE = 16 * 1024


def run(folder: Path, *, output: str) -> int:
    files, unreadable = read_tree(folder)
    loaded, resolved = load(files)
    problems = (*unreadable, *loaded.problems)
    if output == "json":
        told.json({"problems": [told.problem(p) for p in problems], "kinds": _kinds(loaded.state)})
    else:
        told.problems(problems, prefix=folder)
        typer.echo(_verdict(loaded.state, problems, pending=len(resolved.pending)))
        worst = next((p.code for p in problems if p.severity is Severity.ERROR), None)
        if worst:
            told.progress(f"vcc-pki explain {worst} tells more")
    return 1 if has_errors(problems) else 0


def read_tree(folder: Path) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
    """Every regular file below a folder, by its path relative to it; hidden folders are left out.

    Symbolic links and special files are problems and never followed.
    """
    if not folder.is_dir():
        raise WorldFailed(f"{folder} is not a folder")
    files: dict[str, bytes] = {}
    problems = []
    for path, entry in sorted(_entries(folder), key=lambda found: found[0].split("/")):
        if entry.is_file(follow_symlinks=False):
            files[path] = _contents(entry.path)
        else:
            problems.append(Problem(Position(path), "PKI1301", "is not a regular file"))
    return files, tuple(problems)


def _entries(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything below a folder that is none, each with its relative path; what may not be listed
    is passed over.
    """
    below = [("", os.fspath(folder))]
    while below:
        prefix, path = below.pop()
        try:
            entries = list(os.scandir(path))
        except PermissionError:
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                below.append((f"{prefix}{entry.name}/", entry.path))
            else:
                yield prefix + entry.name, entry


def _contents(path: str) -> bytes:
    """A file, as far as the loader looks at it."""
    with open(path, "rb") as stream:  # noqa: PTH123
        data = stream.read(_USUAL_FILE)
        # To ask for the largest file there may be costs its memory, for each of thousands.
        return data + stream.read(LARGEST_FILE - _USUAL_FILE) if len(data) == _USUAL_FILE else data


def _kinds(state: DesiredState) -> dict[str, int]:
    return dict(sorted(Counter(identity.kind for identity in state.objects).items()))


def _verdict(state: DesiredState, problems: tuple[Problem, ...], *, pending: int) -> str:
    counts = Counter(problem.severity for problem in problems)
    kinds = ", ".join(f"{count} {kind}" for kind, count in _kinds(state).items()) or "nothing"
    return (
        f"{kinds}\n"
        f"{counts[Severity.ERROR]} errors, {counts[Severity.WARNING]} warnings, "
        f"{counts[Severity.NOTICE]} notices; {pending} certificates wait for a CSR"
    )
