"""Only who knows the secret wakes the daemon."""

from __future__ import annotations

import subprocess

import pytest

from pki_reconciler.daemon.hooks import is_genuine

SECRET = b"0123456789abcdef"
BODY = b'{"ref": "refs/heads/main"}'


def hmac_by_openssl(body: bytes) -> str:
    command = ["openssl", "dgst", "-sha256", "-hmac", SECRET.decode(), "-r"]
    found = subprocess.run(command, input=body, check=True, capture_output=True).stdout
    return found.decode().partition(" ")[0]


@pytest.mark.parametrize(
    ("header", "prefix"),
    [("x-hub-signature-256", "sha256="), ("x-gitea-signature", ""), ("x-forgejo-signature", "")],
)
def test_the_forges_signatures_are_taken(header: str, prefix: str) -> None:
    assert is_genuine({header: prefix + hmac_by_openssl(BODY)}, BODY, SECRET)


def test_gitlab_sends_the_secret_itself() -> None:
    assert is_genuine({"x-gitlab-token": SECRET.decode()}, BODY, SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": "sha1=" + "0" * 40},
        {"x-gitea-signature": "\u00e9"},
        {"x-gitlab-token": ""},
        {"x-gitlab-token": "another secret"},
        {"authorization": SECRET.decode()},
    ],
    ids=str,
)
def test_nothing_else_is(headers: dict[str, str]) -> None:
    assert not is_genuine(headers, BODY, SECRET)


def test_a_signature_is_of_one_body() -> None:
    headers = {"x-hub-signature-256": "sha256=" + hmac_by_openssl(BODY)}
    assert not is_genuine(headers, BODY + b" ", SECRET)
