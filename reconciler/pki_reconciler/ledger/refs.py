"""The written form of what rows refer to: reversible, and in the order prefixes need."""

from __future__ import annotations

from pki_schema.desired import Identity


def of(identity: Identity) -> str:
    """``Certificate/vcc/argus-backend/default``; an empty tenant leaves its place empty."""
    return f"{identity.kind}/{identity.tenant}/{identity.name}"


def identity(text: str) -> Identity:
    """The inverse of ``of``; kinds and tenants contain no slash, names may."""
    return Identity(*text.split("/", 2))


def answer(issuer: str, serial: str) -> str:
    """What answers and expiries are due for."""
    return f"{issuer}/{serial}"


def hexadecimal(serial: int) -> str:
    """A serial as it is stored: lower-case hex, no leading zeros."""
    return f"{serial:x}"
