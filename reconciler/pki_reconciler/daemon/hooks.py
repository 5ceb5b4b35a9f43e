"""Whether a forge's call is genuine. It only wakes the loop: what it says is never read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

LARGEST_BODY = 1_048_576
SIGNATURES = ("x-hub-signature-256", "x-gitea-signature", "x-forgejo-signature")
"""GitHub, Gitea and Forgejo: HMAC-SHA-256 of the body in hex; the first writes ``sha256=`` before
it. GitLab sends the secret itself, as ``X-Gitlab-Token``."""
TOKEN = "x-gitlab-token"  # noqa: S105 - the name of a header


def is_genuine(headers: Mapping[str, str], body: bytes, secret: bytes) -> bool:
    """Whether who sent this knows the secret; compared in constant time."""
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
    for name in SIGNATURES:
        given = headers.get(name, "").removeprefix("sha256=")
        if given and hmac.compare_digest(given.encode(), expected):
            return True
    token = headers.get(TOKEN, "")
    return bool(token) and hmac.compare_digest(token.encode(), secret)
