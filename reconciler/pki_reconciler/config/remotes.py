"""Which repository URLs and branch names may ever reach git: allow-lists, never deny-lists."""

from __future__ import annotations

import re
from typing import Final

_USER = r"(?:[A-Za-z0-9_][A-Za-z0-9_.~+-]*@)?"
# A host that starts with a hyphen would become an option of ssh.
_HOST = r"[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]*"
_WITH_SCHEME: Final = {
    "file": re.compile(r"/."),
    "https": re.compile(rf"{_USER}{_HOST}/."),
    "ssh": re.compile(rf"{_USER}{_HOST}/."),
}
_LIKE_SCP: Final = re.compile(rf"{_USER}[A-Za-z0-9][A-Za-z0-9.-]*:[^:]")
_PASSWORD: Final = re.compile(r"[a-z]+://[^/@]*:[^/@]*@")


def protocol_of(url: str) -> str | None:
    """Git's name of the protocol a URL takes: ``file``, ``https``, ``ssh``; ``None`` if refused.

    Local paths, ``file:///``, ``https://``, ``ssh://`` and ``user@host:path`` pass. ``ext::…``
    would run a command, a leading hyphen would be an option, and a password would show in the
    process list.
    """
    if not url or url.startswith("-") or len(url) > 2048 or not url.isprintable():
        return None
    scheme, separator, rest = url.partition("://")
    if separator:
        form = _WITH_SCHEME.get(scheme)
        return scheme if form and form.match(rest) else None
    if _LIKE_SCP.match(url):
        return "ssh"
    return None if ":" in url.partition("/")[0] else "file"


def carries_password(url: str) -> bool:
    """Whether a URL has ``user:password@``."""
    return _PASSWORD.match(url) is not None


def branch_fault(branch: str) -> str | None:
    """Why git-check-ref-format(1) would refuse a branch of this name, or ``None``."""
    if branch.startswith("-"):
        return "must not start with a hyphen"
    clean = re.fullmatch(r"[^ \x7f~^:?*\[\\]{1,200}", branch) and branch.isprintable()
    parts_fit = all(
        part and not part.startswith(".") and not part.endswith((".", ".lock"))
        for part in branch.split("/")
    )
    if clean and parts_fit and ".." not in branch and "@{" not in branch and branch != "@":
        return None
    return "is not a name git allows for a branch"
