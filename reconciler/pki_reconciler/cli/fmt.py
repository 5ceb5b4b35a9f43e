"""``vcc-pki fmt PATH…``: lays manifests out in one way; what they mean stays."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from pki_reconciler.cli import output as told
from pki_reconciler.cli.validate import LARGEST_FILE
from pki_schema.errors import Problem, WorldFailed
from pki_schema.formatting import formatted

SUFFIXES = (".yaml", ".yml")


def run(paths: Sequence[Path], *, check: bool, output: str) -> int:
    changed: list[str] = []
    problems: list[Problem] = []
    count = 0
    for path in _manifests(paths):
        count += 1
        with path.open("rb") as stream:
            before = stream.read(LARGEST_FILE)
        after = formatted(str(path), before)
        if isinstance(after, tuple):
            problems += after
        elif after != before:
            changed.append(str(path))
            if not check:
                _replace(path, after)
    if output == "json":
        told.json({"changed": changed, "problems": [told.problem(p) for p in problems]})
    else:
        told.problems(problems)
        for name in changed:
            typer.echo(f"{name} would change" if check else name)
        typer.echo(_verdict(count, len(changed), len(problems), check=check))
    return 1 if problems or (check and changed) else 0


def _manifests(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named, and every manifest below the folders named; links are left alone."""
    for path in paths:
        if path.is_dir():
            yield from (p for p in sorted(path.rglob("*")) if _is_manifest(p, within=path))
        elif path.is_file() and not path.is_symlink():
            yield path
        else:
            raise WorldFailed(f"{path} is neither a file nor a folder")


def _is_manifest(path: Path, *, within: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(within).parts)
    return path.suffix in SUFFIXES and not hidden and path.is_file() and not path.is_symlink()


def _replace(path: Path, body: bytes) -> None:
    """Whole or not at all: an editor or a crash never sees half a manifest."""
    mode = path.stat().st_mode
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as stream:
        temporary = Path(stream.name)
        try:
            stream.write(body)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _verdict(count: int, changed: int, problems: int, *, check: bool) -> str:
    done = "would change" if check else "changed"
    left = f", {problems} left as they are" if problems else ""
    return f"{count} manifests, {changed} {done}{left}"
