"""Alternative names as (type, value), in the words of ``Profile.names``."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from pki_schema.x509 import der, oids

_UTF8_STRING = 0x0C


def typed_names(names: Iterable[x509.GeneralName]) -> list[tuple[str, str]]:
    """Each name with its type; what has no type here comes back as type ``other``."""
    return [_typed(name) for name in names]


def _typed(name: x509.GeneralName) -> tuple[str, str]:
    match name:
        case x509.DNSName():
            return ("dns", name.value)
        case x509.IPAddress():
            return ("ip", str(name.value))
        case x509.UniformResourceIdentifier():
            return ("uri", name.value)
        case x509.RFC822Name():
            return ("email", name.value)
        case x509.OtherName() if name.type_id.dotted_string == oids.USER_PRINCIPAL_NAME:
            text = _text(name.value)
            return ("other", name.value.hex()) if text is None else ("upn", text)
        case x509.OtherName():
            text = _text(name.value)
            oid = name.type_id.dotted_string
            return ("other", name.value.hex() if text is None else f"{oid};{text}")
        case _:
            return ("other", repr(name))


def _text(value: bytes) -> str | None:
    """What an UTF8String says; ``None`` for anything else."""
    try:
        tag, start, end = der.header(value)
        text = value[start:end].decode()
    except ValueError:  # UnicodeDecodeError is one
        return None
    return text if tag == _UTF8_STRING and end == len(value) else None
