"""Keys on disk: durable, encrypted, private, and only ever the key that was asked for."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec

from pki_reconciler.keys import FileKeyStore, KeyStore, Passphrase, create_private_folder
from pki_schema.errors import WorldFailed
from pki_schema.x509.algorithms import ALGORITHMS, spki_der

CANARY = b"canary-passphrase-Zq7"
PKCS8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    online, offline = tmp_path / "keys", tmp_path / "offline"
    create_private_folder(online)
    create_private_folder(offline)
    return online, offline


def store(folders: tuple[Path, Path], secret: bytes = CANARY) -> KeyStore:
    """A store as the next process would open it: with nothing in memory."""
    return FileKeyStore(*folders, Passphrase(secret, origin="the test"))


def named(spki: bytes) -> str:
    return hashlib.sha256(spki).hexdigest()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("algorithm", sorted(set(ALGORITHMS) - {"RSA-4096"}))
def test_a_key_of_every_algorithm_is_opened_again(
    folders: tuple[Path, Path], algorithm: str
) -> None:
    """Another process gets the same key back, and it is of the algorithm asked for."""
    spki = store(folders).create(algorithm, offline=False)
    public = store(folders).open(named(spki)).public_key()
    assert spki_der(public) == spki
    assert ALGORITHMS[algorithm].matches(public)


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_a_key_file_is_private_and_encrypted(folders: tuple[Path, Path], umask: int) -> None:
    """One PKCS#8 file of mode 0600, whatever the umask, and nothing else in the folder."""
    before = os.umask(umask)
    try:
        spki = store(folders).create("P-256", offline=False)
    finally:
        os.umask(before)
    [file] = folders[0].iterdir()
    assert file.name == f"{named(spki)}.pem"
    assert mode(file) == 0o600
    assert file.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_offline_keys_lie_apart_and_are_found(folders: tuple[Path, Path]) -> None:
    """The offline folder holds them; opening looks there second."""
    spki = store(folders).create("P-256", offline=True)
    assert [f.name for f in folders[1].iterdir()] == [f"{named(spki)}.pem"]
    assert not list(folders[0].iterdir())
    assert store(folders).has(named(spki))
    assert spki_der(store(folders).open(named(spki)).public_key()) == spki


def test_offline_keys_are_away_when_their_folder_is(folders: tuple[Path, Path]) -> None:
    """Online keys go on working; the error for the others says what to attach."""
    online = store(folders).create("P-256", offline=False)
    offline = store(folders).create("P-256", offline=True)
    folders[1].rename(folders[1].with_name("in-the-safe"))
    reopened = store(folders)
    reopened.open(named(online))
    assert not reopened.has(named(offline))
    assert reopened.unused([]) == [named(online)]
    with pytest.raises(WorldFailed) as caught:
        reopened.open(named(offline))
    assert "attach" in caught.value.remedy
    with pytest.raises(WorldFailed, match="cannot be opened"):
        reopened.create("P-256", offline=True)


def test_an_opened_key_stays_open(folders: tuple[Path, Path]) -> None:
    """The file is read once per store: the second look needs no disk."""
    spki = store(folders).create("P-256", offline=False)
    opened = store(folders)
    key = opened.open(named(spki))
    (folders[0] / f"{named(spki)}.pem").unlink()
    assert opened.open(named(spki)) is key


def test_unused_keys_are_those_nobody_knows(folders: tuple[Path, Path]) -> None:
    """Sorted names from both folders; other files are no keys."""
    keys = store(folders)
    spkis = [keys.create("P-256", offline=n % 2 == 0) for n in range(4)]
    (folders[0] / "note.txt").write_text("x")
    (folders[0] / f".{'a' * 64}.pem.new").write_text("left by a crash")
    assert keys.unused([named(spkis[0])]) == sorted(named(spki) for spki in spkis[1:])


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o700 | 0o010])
def test_a_key_file_others_may_use_is_refused(folders: tuple[Path, Path], bits: int) -> None:
    """Any permission of group or world; the remedy is the command to type."""
    spki = store(folders).create("P-256", offline=False)
    file = folders[0] / f"{named(spki)}.pem"
    file.chmod(bits)
    with pytest.raises(WorldFailed, match=f"mode {bits:04o}") as caught:
        store(folders).open(named(spki))
    assert "chmod 0600" in caught.value.remedy


@pytest.mark.parametrize("bits", [0o750, 0o705, 0o777, 0o701])
def test_a_key_folder_others_may_enter_is_refused(folders: tuple[Path, Path], bits: int) -> None:
    """For every use: opening, making, listing."""
    spki = store(folders).create("P-256", offline=False)
    folders[0].chmod(bits)
    for use in (
        lambda: store(folders).open(named(spki)),
        lambda: store(folders).create("P-256", offline=False),
        lambda: store(folders).unused([]),
        lambda: create_private_folder(folders[0]),
    ):
        with pytest.raises(WorldFailed, match=f"mode {bits:04o}"):
            use()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_of_another_user_is_refused(folders: tuple[Path, Path]) -> None:
    """A file or a folder of somebody else could be replaced by somebody else."""
    spki = store(folders).create("P-256", offline=False)
    os.chown(folders[0] / f"{named(spki)}.pem", 65534, -1)
    with pytest.raises(WorldFailed, match="belongs to uid 65534"):
        store(folders).open(named(spki))
    os.chown(folders[0], 65534, -1)
    with pytest.raises(WorldFailed, match="belongs to uid 65534"):
        store(folders).has(named(spki))


def test_links_are_not_followed(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Neither as a key file, though its target is right, nor as the folder."""
    spki = store(folders).create("P-256", offline=False)
    file = folders[0] / f"{named(spki)}.pem"
    file.rename(tmp_path / "real.pem")
    file.symlink_to(tmp_path / "real.pem")
    with pytest.raises(WorldFailed, match="cannot be opened"):
        store(folders).open(named(spki))
    (tmp_path / "link").symlink_to(folders[1])
    with pytest.raises(WorldFailed, match="cannot be opened"):
        store((tmp_path / "link", folders[1])).create("P-256", offline=False)


def test_a_fifo_in_place_of_a_key_does_not_hang(folders: tuple[Path, Path]) -> None:
    """Only regular files are read."""
    os.mkfifo(folders[0] / f"{'a' * 64}.pem", 0o600)
    with pytest.raises(WorldFailed, match="not a regular file"):
        store(folders).open("a" * 64)


def test_a_file_too_large_for_a_key_is_not_read(folders: tuple[Path, Path]) -> None:
    """Capped before it is parsed."""
    file = folders[0] / f"{'a' * 64}.pem"
    file.write_bytes(b"x" * 70_000)
    file.chmod(0o600)
    with pytest.raises(WorldFailed, match="larger than"):
        store(folders).open("a" * 64)


def test_another_key_under_the_name_is_refused(folders: tuple[Path, Path]) -> None:
    """What a restored backup mixed up never signs."""
    one, other = (store(folders).create("P-256", offline=False) for _ in range(2))
    (folders[0] / f"{named(one)}.pem").replace(folders[0] / f"{named(other)}.pem")
    with pytest.raises(WorldFailed, match="holds another key"):
        store(folders).open(named(other))


def test_an_unencrypted_key_is_refused(folders: tuple[Path, Path]) -> None:
    """A key somebody laid there by hand is not taken over in the clear."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = named(spki_der(key.public_key()))
    file = folders[0] / f"{name}.pem"
    file.write_bytes(key.private_bytes(*PKCS8, serialization.NoEncryption()))
    file.chmod(0o600)
    with pytest.raises(WorldFailed, match="not encrypted"):
        store(folders).open(name)


def test_a_key_of_no_listed_algorithm_is_refused(folders: tuple[Path, Path]) -> None:
    """The closed list holds for what is loaded, too."""
    key = dsa.generate_private_key(2048)
    file = folders[0] / f"{'a' * 64}.pem"
    file.write_bytes(key.private_bytes(*PKCS8, serialization.BestAvailableEncryption(CANARY)))
    file.chmod(0o600)
    with pytest.raises(WorldFailed, match="no algorithm on the list"):
        store(folders).open("a" * 64)


@pytest.mark.parametrize("content", [b"", b"not PEM", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"])
def test_a_damaged_key_file_is_a_failure_of_the_world(
    folders: tuple[Path, Path], content: bytes
) -> None:
    """Truncated by a full disk elsewhere: no foreign exception comes through."""
    file = folders[0] / f"{'a' * 64}.pem"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(WorldFailed, match="does not open"):
        store(folders).open("a" * 64)


def test_a_wrong_passphrase_is_told_by_its_source(folders: tuple[Path, Path]) -> None:
    """The error names where the passphrase came from, and neither passphrase."""
    spki = store(folders).create("P-256", offline=False)
    with pytest.raises(WorldFailed, match="the passphrase from the test does not open") as caught:
        store(folders, b"another-canary-of-20-octets").open(named(spki))
    assert "canary" not in f"{caught.value} {caught.value.remedy} {caught.value!r}"


def test_names_are_names_and_not_paths(folders: tuple[Path, Path]) -> None:
    """Whatever is asked for, only files of the folder that are named like keys are opened."""
    spki = named(store(folders).create("P-256", offline=False))
    for odd in ("", ".", f"../keys/{spki}", spki.upper(), f"{spki}.pem", f"{spki}\0"):
        assert not store(folders).has(odd)
        with pytest.raises(WorldFailed):
            store(folders).open(odd)


def test_a_full_disk_leaves_no_key_and_no_rest(folders: tuple[Path, Path]) -> None:
    """What cannot be written whole is an error before the key is used, and is cleared away."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(WorldFailed, match="no key could be stored"):
            store(folders).create("P-256", offline=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(folders[0].iterdir())


def test_a_private_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """Only the folder itself is closed to others."""
    folder = tmp_path / "state" / "pki" / "keys"
    create_private_folder(folder)
    create_private_folder(folder)
    assert mode(folder) == 0o700
    assert mode(folder.parent) & 0o700 == 0o700
