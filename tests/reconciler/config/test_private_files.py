"""Secrets from files: nobody else's, or what systemd hands over."""

from __future__ import annotations

from pathlib import Path

import pytest

from pki_reconciler.config.private_files import CREDENTIALS, read_secret
from pki_schema.errors import WorldFailed


def secret(folder: Path, mode: int, text: str = "a secret\n") -> Path:
    file = folder / "secret"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_white_space_around_it_is_not_part_of_it(tmp_path: Path) -> None:
    assert read_secret(secret(tmp_path, 0o600), {}) == b"a secret"


def test_a_credential_of_systemd_has_group_bits(tmp_path: Path) -> None:
    """They are the mask of an ACL, and only there."""
    file = secret(tmp_path, 0o440)
    assert read_secret(file, {CREDENTIALS: str(tmp_path)}) == b"a secret"
    for environ in ({}, {CREDENTIALS: str(tmp_path.parent)}):
        with pytest.raises(WorldFailed, match="others may use it"):
            read_secret(file, environ)


@pytest.mark.parametrize("mode", [0o444, 0o460, 0o640 | 0o020])
def test_a_credential_that_others_may_read_or_change_is_none(tmp_path: Path, mode: int) -> None:
    with pytest.raises(WorldFailed, match="others may use it"):
        read_secret(secret(tmp_path, mode), {CREDENTIALS: str(tmp_path)})


def test_an_empty_secret_is_none(tmp_path: Path) -> None:
    with pytest.raises(WorldFailed, match="is empty"):
        read_secret(secret(tmp_path, 0o600, " \n"), {})
