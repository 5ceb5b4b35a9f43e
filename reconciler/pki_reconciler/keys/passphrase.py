"""How the passphrase of the key files reaches the process: by file, descriptor or credential.

Never as an argument or the value of an environment variable: both are visible to others.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from pki_reconciler.config.private_files import (
    CREDENTIALS,
    private_folder,
    read_private,
    write_private,
)
from pki_schema.errors import WorldFailed

DESCRIPTOR: Final = "VCC_PKI_PASSPHRASE_FD"
CREDENTIAL: Final = "vcc-pki-passphrase"
LARGEST_SOURCE: Final = 4096
SHORTEST: Final = 20
LONGEST: Final = 1023
"""What OpenSSL's PKCS#8 routines take."""


class Passphrase:
    """A secret that only ``reveal`` shows: not ``repr``, ``str``, comparison or ``pickle``.

    PKCS#8 files are made with 2048 rounds of PBKDF2, which is no obstacle to guessing, so the
    strength must lie in the passphrase: fewer than 20 octets are refused, and ``vcc-pki init``
    makes one from 256 random bits. ``origin`` is where it came from, in words.
    """

    __slots__ = ("_secret", "origin")

    def __init__(self, secret: bytes, *, origin: str) -> None:
        self.origin = origin
        size = len(secret)
        if not SHORTEST <= size <= LONGEST:
            del secret  # a traceback may print the variables of this frame
            raise WorldFailed(
                f"the passphrase from {origin} has {size} octets, not {SHORTEST} to {LONGEST}",
                "make one from 256 random bits, e.g. openssl rand -base64 32",
            )
        self._secret = secret

    def reveal(self) -> bytes:
        """The secret itself. Keep it in no variable."""
        return self._secret

    def __repr__(self) -> str:
        return f"<passphrase from {self.origin}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a passphrase is not serialised")


def find_passphrase(environ: Mapping[str, str], file: Path | None) -> Passphrase:
    """The passphrase, from the first source that is given.

    1. the descriptor whose number is in ``VCC_PKI_PASSPHRASE_FD`` (read to its end, then closed),
    2. the systemd credential ``vcc-pki-passphrase`` in ``$CREDENTIALS_DIRECTORY``,
    3. ``file``, the configured ``passphrase_file`` (0600).
    At most 4 KiB; one trailing line end is taken off. Raises ``WorldFailed`` without a source, and
    when the source is not private or too short: there is no falling through to the next.
    """
    number = environ.get(DESCRIPTOR)
    if number:
        return _from_descriptor(number)
    folder = environ.get(CREDENTIALS)
    credential = Path(folder, CREDENTIAL) if folder else None
    if credential and os.path.lexists(credential):
        # systemd grants access by an ACL on a file of root's, whose mask shows as group bits.
        root = frozenset({0})
        return Passphrase(
            _line(read_private(credential, cap=LARGEST_SOURCE, owners=root, forbidden=0o037)),
            origin=f"the systemd credential {CREDENTIAL}",
        )
    if file:
        return Passphrase(_line(read_private(file, cap=LARGEST_SOURCE)), origin=str(file))
    raise WorldFailed(
        "no passphrase for the key files",
        f"set passphrase_file in vcc-pki.toml, pass a descriptor with {DESCRIPTOR}=3, "
        f"or give systemd LoadCredential={CREDENTIAL}",
    )


def create_passphrase_file(path: Path, entropy: bytes) -> Passphrase:
    """Write a new passphrase file (0600, durable) and return what it holds.

    ``entropy`` are at least 32 random bytes; they are written in URL-safe base64. Its folder must
    be private. Raises ``WorldFailed`` if the file exists: a lost passphrase is a lost PKI.
    """
    if len(entropy) < 32:
        raise ValueError("a passphrase needs 256 random bits")
    try:
        with private_folder(path.parent) as folder:
            write_private(path.name, base64.urlsafe_b64encode(entropy) + b"\n", folder=folder)
    except FileExistsError:
        remedy = "keep it: it opens the existing keys"
        raise WorldFailed(f"{path} exists already", remedy) from None
    except OSError as error:
        raise WorldFailed(f"{path} cannot be written: {error.strerror}") from None
    return Passphrase(_line(read_private(path, cap=LARGEST_SOURCE)), origin=str(path))


def _from_descriptor(number: str) -> Passphrase:
    # 0, 1 and 2 are the process's own and not to be closed.
    if not number.isascii() or not number.isdigit() or not 3 <= int(number[:9]) < 65536:
        remedy = f"write e.g. {DESCRIPTOR}=3 vcc-pki … 3</run/vcc-pki/passphrase"
        raise WorldFailed(f"{DESCRIPTOR} is not the number of a descriptor from 3 on", remedy)
    try:
        with os.fdopen(int(number), "rb") as stream:
            return Passphrase(_line(stream.read(LARGEST_SOURCE)), origin=f"descriptor {number}")
    except OSError as error:
        message = f"descriptor {number} cannot be read: {error.strerror}"
        raise WorldFailed(message, f"open it for the process: 3<FILE {DESCRIPTOR}=3") from None


def _line(data: bytes) -> bytes:
    """Without one trailing line end."""
    return data.removesuffix(b"\n").removesuffix(b"\r")
