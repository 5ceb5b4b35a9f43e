"""Private keys that a commit brings without having them in its tree: they are in Git all the same.

Whoever can clone the branch has what any commit of it ever held, also one that was merged, also
what the next commit removed. So the way from the last accepted commit to the judged one is searched
as its tree is. History that was not accepted may be rewritten without being a rewind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from pki_reconciler.observe.git import Repository
from pki_schema.errors import Problem
from pki_schema.load.private_keys import secrets

IN_THE_PAST: Final = "PKI6340"
IN_A_MESSAGE: Final = "PKI6341"
BESIDE_ONE: Final = "PKI6342"
"""A CSR that came with a private key and outlived it."""
_REMEDY: Final = (
    "the key is burnt, so make another; then take that commit out of the branch and push again"
)


class Pushed:
    """Searches ranges of one repository; what was found clean is not read again."""

    def __init__(self, repository: Repository, *, path: str) -> None:
        self._repository = repository
        self._path = path
        self._clean: set[str] = set()

    def problems(
        self, since: str | None, commit: str, *, present: Collection[str]
    ) -> Iterator[Problem]:
        """PKI6340 for files, PKI6341 for messages; ``present`` are blobs that others search."""
        for name, message in self._repository.messages(since, commit):
            for found in secrets(f"commit {name[:12]}", message):
                told = "the message of a commit holds a private key"
                yield Problem(found.position, IN_A_MESSAGE, told, _REMEDY)
        blobs = self._repository.introduced(since, commit, self._path)
        rest = {blob: path for blob, path in blobs if blob not in self._clean}
        for blob in present:
            rest.pop(blob, None)
        for blob, data in self._repository.each(rest):
            faults = secrets(rest[blob], data)
            for found in faults:
                told = "an earlier version of the file, which this push brings, holds a private key"
                yield Problem(found.position, IN_THE_PAST, told, _REMEDY)
            if not faults:
                self._clean.add(blob)
