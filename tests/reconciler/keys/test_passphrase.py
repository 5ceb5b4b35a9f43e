"""The passphrase: where it may come from, and that nothing ever shows it."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from pki_reconciler.keys import FileKeyStore, Passphrase, create_passphrase_file, find_passphrase
from pki_schema.errors import WorldFailed

CANARY = b"canary-passphrase-Zq7"
ENTROPY = bytes(range(32))


def written(path: Path, content: bytes = CANARY + b"\n", mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def descriptor(content: bytes) -> str:
    """A pipe that holds ``content``, as a shell or a supervisor would pass it."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return str(reading)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_file_is_read_without_its_line_end(tmp_path: Path, end: bytes) -> None:
    """Editors add one; further white space belongs to the passphrase."""
    file = written(tmp_path / "passphrase", CANARY + b" " + end)
    assert find_passphrase({}, file).reveal() == CANARY + b" "


def test_a_descriptor_is_read_and_closed(tmp_path: Path) -> None:
    """It must not be inherited by git."""
    number = descriptor(CANARY + b"\n")
    found = find_passphrase({"VCC_PKI_PASSPHRASE_FD": number}, None)
    assert found.reveal() == CANARY
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(int(number))


def test_a_systemd_credential_is_found_by_its_folder(tmp_path: Path) -> None:
    """Its access list shows as group bits of a read-only file: that is still private."""
    written(tmp_path / "vcc-pki-passphrase", CANARY, 0o440)
    found = find_passphrase({"CREDENTIALS_DIRECTORY": str(tmp_path)}, None)
    assert found.reveal() == CANARY


def test_the_order_is_descriptor_credential_file(tmp_path: Path) -> None:
    """The nearest to this very start of the process counts."""
    file = written(tmp_path / "file", b"from-the-file-from-the-file")
    written(tmp_path / "c" / "vcc-pki-passphrase", b"from-systemd-from-systemd", 0o400)
    number = descriptor(b"from-the-descriptor-from-the-descriptor")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "c"), "VCC_PKI_PASSPHRASE_FD": number}
    assert find_passphrase(environ, file).reveal().startswith(b"from-the-descriptor")
    del environ["VCC_PKI_PASSPHRASE_FD"]
    assert find_passphrase(environ, file).reveal().startswith(b"from-systemd")
    environ["CREDENTIALS_DIRECTORY"] = str(tmp_path)
    assert find_passphrase(environ, file).reveal().startswith(b"from-the-file")


def test_a_source_that_fails_is_not_passed_over(tmp_path: Path) -> None:
    """A descriptor that was meant and is wrong must not silently mean the file."""
    file = written(tmp_path / "file")
    with pytest.raises(WorldFailed, match="descriptor"):
        find_passphrase({"VCC_PKI_PASSPHRASE_FD": "9999"}, file)


@pytest.mark.parametrize("number", ["0", "2", "-1", "three", "3x", "99999999999999999999", "٣"])
def test_a_descriptor_is_a_number_from_three_on(number: str) -> None:
    """Standard input and output are not ours to close; the value itself may be a pasted secret."""
    with pytest.raises(WorldFailed, match="not the number of a descriptor") as caught:
        find_passphrase({"VCC_PKI_PASSPHRASE_FD": number}, None)
    assert "VCC_PKI_PASSPHRASE_FD=3" in caught.value.remedy


def test_the_environment_never_holds_the_value(tmp_path: Path) -> None:
    """Whoever puts it there gets no key opened, and does not see it repeated."""
    environ = {"VCC_PKI_PASSPHRASE": CANARY.decode(), "VCC_PKI_PASSPHRASE_FD": CANARY.decode()}
    with pytest.raises(WorldFailed) as caught:
        find_passphrase(environ, None)
    assert "canary" not in f"{caught.value} {caught.value.remedy}"


def test_without_a_source_all_three_are_named() -> None:
    """The remedy is complete."""
    with pytest.raises(WorldFailed, match="no passphrase") as caught:
        find_passphrase({}, None)
    for word in ("passphrase_file", "VCC_PKI_PASSPHRASE_FD", "LoadCredential"):
        assert word in caught.value.remedy


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666])
def test_a_file_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Its content is no secret any more."""
    with pytest.raises(WorldFailed, match=f"mode {mode:04o}"):
        find_passphrase({}, written(tmp_path / "passphrase", mode=mode))


def test_a_link_to_the_file_is_refused(tmp_path: Path) -> None:
    """O_NOFOLLOW, as for keys."""
    (tmp_path / "link").symlink_to(written(tmp_path / "passphrase"))
    with pytest.raises(WorldFailed, match="cannot be opened"):
        find_passphrase({}, tmp_path / "link")


@pytest.mark.parametrize("size", [0, 1, 19, 1024, 4096, 5000])
def test_a_passphrase_too_short_or_too_long_is_refused(tmp_path: Path, size: int) -> None:
    """PKCS#8 slows guessing down by 2048 rounds only, so length is what protects."""
    with pytest.raises(WorldFailed, match="octets"):
        find_passphrase({}, written(tmp_path / "passphrase", b"x" * size))


@pytest.mark.parametrize("size", [20, 1023])
def test_the_limits_themselves_pass(tmp_path: Path, size: int) -> None:
    """And open a key that was encrypted with them."""
    found = find_passphrase({}, written(tmp_path / "passphrase", b"x" * size))
    for name in ("keys", "offline"):
        (tmp_path / name).mkdir(mode=0o700)
    keys = FileKeyStore(tmp_path / "keys", tmp_path / "offline", found)
    keys.create("P-256", offline=False)
    [name] = keys.unused([])
    FileKeyStore(tmp_path / "keys", tmp_path / "offline", found).open(name)


def test_a_new_file_is_private_and_opens_what_it_says(tmp_path: Path) -> None:
    """All the entropy is in it, in text that can be read over the telephone if it must be."""
    folder = tmp_path / "secret"
    folder.mkdir(mode=0o700)
    made = create_passphrase_file(folder / "passphrase", ENTROPY)
    assert (folder / "passphrase").stat().st_mode & 0o777 == 0o600
    assert find_passphrase({}, folder / "passphrase").reveal() == made.reveal()
    assert len(made.reveal()) == 44
    assert [file.name for file in folder.iterdir()] == ["passphrase"]


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    """Its passphrase may open keys."""
    tmp_path.chmod(0o700)
    file = written(tmp_path / "passphrase")
    with pytest.raises(WorldFailed, match="exists already"):
        create_passphrase_file(file, ENTROPY)
    assert file.read_bytes() == CANARY + b"\n"


def test_the_rest_of_a_crash_does_not_stop_a_new_file(tmp_path: Path) -> None:
    """What was not yet in its place is no passphrase of any key."""
    tmp_path.chmod(0o700)
    written(tmp_path / ".passphrase.new", b"half")
    create_passphrase_file(tmp_path / "passphrase", ENTROPY)
    assert [file.name for file in tmp_path.iterdir()] == ["passphrase"]


def test_too_little_entropy_is_a_mistake_of_the_program(tmp_path: Path) -> None:
    """Not one an operator could make."""
    with pytest.raises(ValueError, match="256"):
        create_passphrase_file(tmp_path / "passphrase", b"x" * 31)


SHOWN: dict[str, Callable[[Passphrase], str]] = {
    "repr": repr,
    "str": str,
    "format": lambda p: f"{p} {p!r} {p:}",
    "inside": lambda p: repr([p]) + repr({"p": p}),
    "store": lambda p: repr(FileKeyStore(Path("a"), Path("b"), p).__dict__),
    "fields": lambda p: str(getattr(p, "__dict__", "")),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_nothing_that_prints_shows_it(show: Callable[[Passphrase], str]) -> None:
    """The source is shown instead."""
    shown = show(Passphrase(CANARY, origin="the test"))
    assert "canary" not in shown


def test_it_is_not_serialised() -> None:
    """Not pickled into another process, and so not deep-copied either."""
    secret = Passphrase(CANARY, origin="the test")
    for take in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not serialised"):
            take(secret)


def test_logs_and_tracebacks_of_a_failure_hold_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Even with the variables of every frame, as some consoles print them."""
    caplog.set_level(logging.DEBUG)
    short = written(tmp_path / "short", b"canary-too-short")
    for name in ("keys", "offline"):
        (tmp_path / name).mkdir(mode=0o700)
    folders = (tmp_path / "keys", tmp_path / "offline")
    keys = FileKeyStore(*folders, Passphrase(CANARY, origin="the test"))
    keys.create("P-256", offline=False)
    [name] = keys.unused([])
    wrong = FileKeyStore(*folders, Passphrase(b"canary-of-another-kind", origin="the test"))
    for attempt in (lambda: find_passphrase({}, short), lambda: wrong.open(name)):
        with pytest.raises(WorldFailed) as caught:
            attempt()
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        frames = [line for line in told.format() if "test_passphrase.py" not in line]
        assert any("pki_reconciler" in frame for frame in frames)
        assert not any("canary" in line for line in frames)
    assert "canary" not in caplog.text
