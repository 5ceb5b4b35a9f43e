"""Keys as encrypted files: one PKCS#8 PEM per key, named by the SHA-256 of its public key."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from pki_publishers.targets import marks
from pki_publishers.targets.marks import Mark
from pki_reconciler.config.private_files import private_folder, read_private, write_private
from pki_reconciler.keys.passphrase import Passphrase
from pki_schema.errors import WorldFailed
from pki_schema.x509.algorithms import ALGORITHMS, PrivateKey, algorithm_of, spki_der

LARGEST_KEY: Final = 64 * 1024
_NAME: Final = re.compile(r"([0-9a-f]{64})\.pem")


class FileKeyStore:
    """A ``KeyStore`` of two folders: ``online`` stays attached, ``offline`` comes to ceremonies.

    A key on disk is as safe as its passphrase (see ``Passphrase``) and whoever can read this
    process's memory has it: Python cannot wipe what it has opened.
    """

    def __init__(self, online: Path, offline: Path, passphrase: Passphrase) -> None:
        self._online = online
        self._offline = offline
        self._passphrase = passphrase
        self._opened: dict[str, PrivateKey] = {}

    @contextmanager
    def held(self, mark: Mark) -> Iterator[None]:
        """See ``KeyStore``; the folder of the online keys is marked."""
        with ExitStack() as stack:
            try:
                stack.enter_context(marks.held(stack.enter_context(self._folder()), mark))
            except OSError as error:
                message = f"nothing is signed: {self._online} cannot be marked: {error.strerror}"
                raise WorldFailed(message, "check free space and permissions") from None
            yield

    def mark(self) -> Mark:
        """See ``KeyStore``."""
        try:
            with self._folder() as folder:
                return marks.read(folder)
        except OSError as error:
            raise WorldFailed(f"{self._online} cannot be read: {error.strerror}") from None

    def _folder(self) -> AbstractContextManager[int]:
        return private_folder(self._online)

    def create(self, algorithm: str, *, offline: bool) -> bytes:
        """Make a key and its file; the SPKI (DER) is returned once the file is durable.

        ``algorithm`` is a name of the closed list (``KeyError`` for any other).
        """
        key = ALGORITHMS[algorithm].generate()
        spki = spki_der(key.public_key())
        name = hashlib.sha256(spki).hexdigest()
        path = self._offline if offline else self._online
        try:
            with private_folder(path) as folder:
                write_private(f"{name}.pem", self._encrypted(key), folder=folder)
        except OSError as error:
            raise WorldFailed(f"no key could be stored in {path}: {error.strerror}") from None
        self._opened[name] = key
        return spki

    def open(self, spki: str) -> PrivateKey:
        """The key of that name, decrypted once per store; raises ``WorldFailed`` without it."""
        if spki not in self._opened:
            self._opened[spki] = self._load(spki)
        return self._opened[spki]

    def has(self, spki: str) -> bool:
        """Whether a file of that name is in a folder that is attached."""
        return any(spki in self._names(path) for path in (self._online, self._offline))

    def unused(self, known: Collection[str]) -> list[str]:
        """Names of key files that are not among ``known``, sorted."""
        stored = self._names(self._online) | self._names(self._offline)
        return sorted(stored.difference(known))

    def _encrypted(self, key: PrivateKey) -> bytes:
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(self._passphrase.reveal()),
        )

    def _load(self, spki: str) -> PrivateKey:
        for path in (self._online, self._offline):
            if spki in self._names(path):
                with private_folder(path) as folder:
                    file = Path(f"{spki}.pem")
                    pem = read_private(file, cap=LARGEST_KEY, folder=folder)
                return self._decrypted(pem, spki)
        where = f"in {self._online} nor in {self._offline}"
        remedy = "attach the folder of offline keys, or restore the key from its backup"
        raise WorldFailed(f"the key {spki} is neither {where}", remedy)

    def _decrypted(self, pem: bytes, spki: str) -> PrivateKey:
        try:
            key = serialization.load_pem_private_key(pem, self._passphrase.reveal())
        except TypeError:  # pyca's answer when there is nothing to decrypt
            remedy = "only keys made by this store are used"
            raise WorldFailed(f"the key file {spki} is not encrypted", remedy) from None
        except (ValueError, UnsupportedAlgorithm):
            remedy = "check passphrase_file, VCC_PKI_PASSPHRASE_FD or the systemd credential"
            raise WorldFailed(
                f"the passphrase from {self._passphrase.origin} does not open the key {spki}",
                remedy,
            ) from None
        public = key.public_key()
        if algorithm_of(public) is None:
            raise WorldFailed(f"the key {spki} is of no algorithm on the list")
        opened = cast("PrivateKey", key)
        if hashlib.sha256(spki_der(opened.public_key())).hexdigest() != spki:
            remedy = "restore it from its backup"
            raise WorldFailed(f"the file of the key {spki} holds another key", remedy)
        return opened

    def _names(self, path: Path) -> set[str]:
        """Names of the keys in a folder; an absent folder, such as a locked-away one, has none."""
        if not os.path.lexists(path):
            return set()
        with private_folder(path) as folder:
            names = os.listdir(folder)  # noqa: PTH208 - a descriptor has no path
        return {match[1] for name in names if (match := _NAME.fullmatch(name))}
