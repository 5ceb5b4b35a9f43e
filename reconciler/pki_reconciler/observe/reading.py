"""Reading just enough of one commit's tree: files by need, decoded once, remembered by blob id."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from pki_reconciler.ledger.read import Reader
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.manifests import ManifestCache
from pki_schema.desired import Declared, Identity, SigningRequest
from pki_schema.errors import Problem, Severity, has_errors
from pki_schema.load import (
    Document,
    private_keys,
    signing_request,
    tree,
)
from pki_schema.load.documents import decode, from_cache, to_cache
from pki_schema.load.links import certificate_names, links

ALWAYS = ("CertificateAuthority", "Publication", "RoleBinding")
"""Kinds every judgement looks at whole: two CAs must not share a name, base URLs must be served."""

MOST_FAULTY: Final = 100
"""Files with an error of one tenant that are read: it stands still, however many more there are."""


class Reading:
    """The files of one commit that somebody asked for. ``parsed`` counts YAML decoded here."""

    def __init__(
        self,
        repository: Repository,
        cache: ManifestCache,
        *,
        blobs: Mapping[str, str],
        reader: Reader,
        earlier: Reading | None = None,
    ) -> None:
        """``earlier`` has read some of these files already."""
        self._repository = repository
        self._cache = cache
        self._reader = reader
        self._fresh: dict[str, Document] = {}
        self._searched: set[str] = set()
        self._placed: dict[str, Declared] = {}
        self._faulty: Counter[str] = Counter()
        self.blobs = blobs
        self._earlier = earlier.documents if earlier else {}
        self.documents: dict[str, Document] = {}
        self.problems: list[Problem] = []
        self.parsed = 0

    def load(self, paths: Iterable[str]) -> None:
        """Decode the manifests among these paths, as far as the commit has them."""
        wanted: dict[str, str] = {}
        for path in paths:
            spot = tree.classify(path)
            if path not in self.blobs or path in self.documents:
                continue
            if isinstance(spot, tree.Ignored):
                self.problems += [spot.problem] if spot.problem else []
            elif isinstance(spot, tree.ManifestPath):
                self._searched.add(path)
                document = self._earlier.get(path)
                if document and document.blob == self.blobs[path]:
                    self._take(document)
                else:
                    wanted[path] = self.blobs[path]
        known = self._cache.get(wanted.values())
        missing = []
        for path, blob in wanted.items():
            document = from_cache(known[blob], path) if blob in known else None
            if document is None:
                missing.append(path)
            else:
                self._take(document)
        self._decode(missing)

    def _decode(self, missing: Iterable[str]) -> None:
        for path, blob, data in self._contents(missing):
            tenant = tree.slice_of(path)
            if tenant and self._faulty[tenant] >= MOST_FAULTY:
                continue
            found = private_keys.secrets(path, data)
            self.problems += found
            if found:
                self._faulty[tenant] += 1
                continue  # its text must not come up in a message
            document = decode(path, blob, data)
            self._take(document)
            self._fresh[blob] = document
            self._faulty[tenant] += has_errors(document.problems)
            self.parsed += 1

    def identities(self, paths: Iterable[str]) -> set[Identity]:
        """The objects that these files declare, where they stand."""
        return {
            declared.identity for path in paths if (declared := self._placed.get(path)) is not None
        }

    def reach(self, start: Iterable[Identity]) -> None:
        """Decode these objects and all they reach by reference, a level at a time."""
        seen: set[Identity] = set()
        followed: set[str] = set()
        level = set(start)
        self.load(row.path for row in self._reader.of_kinds(ALWAYS))
        while level:
            self.load(facts.path for facts in self._reader.facts(level).values())
            seen |= level
            reached: set[Identity] = set()
            for path, declared in self._placed.items():
                if declared.identity in seen and path not in followed:
                    followed.add(path)
                    reached.update(target for target, _ in links(declared))
            level = reached - seen

    def _take(self, document: Document) -> None:
        """Keep what was read, and its object with the identity that its place gives it."""
        self.documents[document.path] = document
        if document.declared:
            identity, _ = tree.place(document.declared)
            if identity != document.declared.identity:
                declared = msgspec.structs.replace(document.declared, identity=identity)
            else:
                declared = document.declared
            self._placed[document.path] = declared

    def requests(self, of: Iterable[Identity]) -> Iterator[SigningRequest]:
        """The CSRs of these services, as far as the commit has them."""
        services = set(of)
        spots = {
            path: spot
            for declared in self._placed.values()
            if declared.identity in services
            for name in certificate_names(declared)
            for spot in [tree.RequestPath(declared.identity.tenant, declared.identity.name, name)]
            for path in tree.request_paths(spot.identity)
        }
        present = spots.keys() & self.blobs.keys()
        self._searched |= present
        for path, blob, data in self._contents(present):
            found = private_keys.secrets(path, data)
            self.problems += found
            if not found:
                yield signing_request(spots[path], path, blob, data)

    def search(self, paths: Iterable[str]) -> None:
        """Look for private keys in those of these files that nothing else has read."""
        rest = set(paths) & self.blobs.keys() - self._searched
        for path, _, data in self._contents(rest):
            self.problems += private_keys.secrets(path, data)

    def _contents(self, paths: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
        """Path, blob id and octets of files of the commit, of which few are held at a time."""
        where: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(paths):
            where[self.blobs[path]].append(path)
        for blob, data in self._repository.each(where):
            yield from ((path, blob, data) for path in where[blob])

    def remember(self) -> None:
        """Keep what was decoded without an error for the next time these bytes come by."""
        self._cache.put(
            {
                blob: to_cache(document)
                for blob, document in self._fresh.items()
                if all(p.severity is not Severity.ERROR for p in document.problems)
            }
        )
