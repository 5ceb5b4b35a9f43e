"""The keys this host signs with: made, kept encrypted, opened by the digest of their public key.

Belongs here: the ``KeyStore`` protocol, stores behind it, and how the passphrase reaches them.
Does not belong here: what is signed (``chain``), which key belongs to whom (``ledger``), service
keys (services keep their own). A private key or a passphrase never leaves as text: not in a log,
an error, an argument or a ``repr``.
"""

from pki_reconciler.config.private_files import create_private_folder
from pki_reconciler.keys.files import FileKeyStore
from pki_reconciler.keys.passphrase import Passphrase, create_passphrase_file, find_passphrase
from pki_reconciler.keys.store import KeyStore

__all__ = [
    "FileKeyStore",
    "KeyStore",
    "Passphrase",
    "create_passphrase_file",
    "create_private_folder",
    "find_passphrase",
]
