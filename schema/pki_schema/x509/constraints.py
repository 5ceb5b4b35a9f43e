"""Name constraints (RFC 5280 section 4.2.1.10), as we judge them before anything is signed.

Names and subtrees are (type, value): ``dns``, ``ip``, ``uri``, ``email``, ``upn``, ``directory`` or
``other``. What the clause leaves open, relying parties decide differently; then the name is shut
out: below a subtree that is none every name, for OpenSSL passes over it and Java refuses the whole
certificate; below a subtree of its own type a name outside of the grammar of ``names``, and every
``otherName`` and ``directoryName``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from pki_schema.x509 import names

Typed = tuple[str, str]

# A tree need not be fully qualified and may be in capitals: foreign CAs write what they like.
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def shut_out(
    name: Typed, *, permitted: Sequence[Typed] = (), excluded: Sequence[Typed] = ()
) -> str | None:
    """Why one CA's subtrees shut a name out, or ``None``.

    A type without permitted subtrees is open; excluded subtrees win.
    """
    kind, value = name
    illegible, allowed, denied = _about(kind, tuple(permitted), tuple(excluded))
    if illegible:
        return illegible
    if not allowed and not denied:
        return None
    within = _within(kind, value)
    if within is None:
        return "cannot be judged, and there are subtrees of its type"
    for tree in denied:
        if within(tree):
            return f"is excluded by {tree}"
    if allowed and not any(map(within, allowed)):
        return f"is outside of {', '.join(allowed)}"
    return None


def subtree_fault(kind: str, tree: str) -> str | None:
    """Why a CA of ours may not have this subtree, or ``None``."""
    match kind:
        case "dns":
            return names.dns_fault(tree)
        case "ip":
            return names.network_fault(tree)
        case "email":
            return names.email_fault(tree) if "@" in tree else _host_tree_fault(tree)
        case "uri":
            return _host_tree_fault(tree)
        case _:
            return "is of a type that relying parties judge differently"


def _host_tree_fault(tree: str) -> str | None:
    """A host, or with a leading dot what lies below it."""
    return names.dns_fault(tree.removeprefix("."))


@lru_cache(maxsize=64)
def _about(
    kind: str, permitted: tuple[Typed, ...], excluded: tuple[Typed, ...]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Why a CA's subtrees shut every name out, if they do; those that names of a type are permitted
    in, and those they are excluded from. The same for all that the CA certifies.
    """
    for tree_kind, tree in (*permitted, *excluded):
        if not _is_legible(tree_kind, tree):
            return f"cannot be judged: {tree[:80]!r} is no {tree_kind} subtree", (), ()
    allowed = tuple(tree for tree_kind, tree in permitted if _of_one_type(kind, tree_kind))
    denied = tuple(tree for tree_kind, tree in excluded if _of_one_type(kind, tree_kind))
    return "", allowed, denied


def _of_one_type(kind: str, tree_kind: str) -> bool:
    """A user principal name is an ``otherName``, and which ones ``other`` means nobody knows."""
    return kind == tree_kind or {kind, tree_kind} == {"upn", "other"}


def _is_legible(kind: str, tree: str) -> bool:
    match kind:
        case "dns":
            return _is_host(tree)
        case "ip":
            return _is_network(tree)
        case "email":
            return _is_mailbox(tree) if "@" in tree else _is_host(tree.removeprefix("."))
        case "uri":
            return _is_host(tree.removeprefix("."))
        case _:
            return True  # no name of its type will pass


def _within(kind: str, value: str) -> Callable[[str], bool] | None:
    """Whether this name lies in a legible subtree of its type; ``None`` if nobody can say."""
    match kind:
        case "dns" if not names.dns_fault(value):
            return lambda tree: names.under(value, tree.lower())
        case "ip" if not names.ip_fault(value):
            return lambda tree: ipaddress.ip_address(value) in ipaddress.ip_network(tree)
        case "email" if not names.email_fault(value):
            return lambda tree: _email_within(value, tree)
        case "uri" if not names.uri_fault(value):
            # One without a host, or with an IP address for one, MUST be refused.
            host = names.uri_host(value) or ""
            return None if names.dns_fault(host) else lambda tree: _host_within(host, tree)
        case _:
            return None


def _email_within(address: str, tree: str) -> bool:
    """A tree is one mailbox, all of one host, or (``.domain``) all of the hosts below."""
    local, _, domain = address.rpartition("@")
    mailbox, at, host = tree.rpartition("@")
    # RFC 5280 section 7.5: the local part is compared exactly, the host without case.
    return (local, domain) == (mailbox, host.lower()) if at else _host_within(domain, tree)


def _host_within(host: str, tree: str) -> bool:
    return host.endswith(tree.lower()) if tree.startswith(".") else host == tree.lower()


def _is_mailbox(tree: str) -> bool:
    local, _, host = tree.rpartition("@")
    return names.email_fault(f"{local}@{host.lower()}") is None


def _is_host(tree: str) -> bool:
    """A host name of one label or more."""
    fits = len(tree) <= 253 and tree.isascii() and _HOST.fullmatch(tree.lower())
    return bool(fits and names.ip_fault(tree))


def _is_network(tree: str) -> bool:
    try:
        ipaddress.ip_network(tree)
    except ValueError:
        return False
    return True
