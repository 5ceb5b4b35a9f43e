"""Subjects and variables as they are written, before anything is put into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cryptography import x509

from pki_schema.errors import FieldError
from pki_schema.fields import Text
from pki_schema.kinds.parts import RelativeName
from pki_schema.load.characters import shown
from pki_schema.load.positions import Path
from pki_schema.load.tree import nearest
from pki_schema.x509 import oids

Fault = tuple[Path, str, str, str]
"""Where below ``spec``, code, message, hint."""

_VARIABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# In turn: an escaped opening, a variable, an opening that nothing closes.
_VARIABLE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_LITERAL = "write e.g. CN=${service_name},O=VCC,C=DE; or use subject, a list"
_BY_WORD = {word: x509.ObjectIdentifier(oid) for word, oid in oids.NAME_ATTRIBUTES.items()}
_BY_OID = {oid: word for word, oid in oids.NAME_ATTRIBUTES.items()}
_COUNTRY = re.compile(r"[A-Z]{2}")


def subject_faults(subject: Iterable[RelativeName]) -> Iterator[Fault]:
    """Whether each part of a subject is one attribute that we know, with a fitting value."""
    for index, attributes in enumerate(subject):
        if len(attributes) != 1:
            message = "each part of a subject is one attribute"
            hint = "write e.g. [{O: VCC}, {CN: VCC Root CA G1}]"
            yield ("subject", index), "PKI2030", message, hint
        for name, value in attributes.items():
            path: Path = ("subject", index, name)
            if name not in oids.NAME_ATTRIBUTES:
                hint = nearest(name[:64], oids.NAME_ATTRIBUTES)
                yield path, "PKI2031", f'"{shown(name)}" is not a name attribute', hint
            # X.520 section 6.3.1: an ISO 3166 code; which of them exist is not ours to say.
            elif name == "C" and "${" not in value and not _COUNTRY.fullmatch(value):
                message = f'"{shown(value)}" is not a country'
                yield path, "PKI2033", message, "use two capital letters, e.g. DE"
            yield from variable_faults(path, value)


def literal_subject(text: str) -> tuple[RelativeName, ...]:
    """A subject written in one line (RFC 4514, most specific attribute first), as it would be
    written as a list. ``FieldError`` (PKI2038) for what is no such line.

    Variables are replaced afterwards, so that none can add an attribute.
    """
    try:
        name = x509.Name.from_rfc4514_string(text, _BY_WORD)
    except ValueError as error:
        raise FieldError("PKI2038", f'"{shown(text)}" is no subject: {error}', _LITERAL) from None
    parts = tuple(
        {_BY_OID.get(a.oid.dotted_string, a.oid.dotted_string): Text(a.value) for a in rdn}
        for rdn in name.rdns
        if all(isinstance(a.value, str) and a.value.isprintable() for a in rdn)
    )
    if len(parts) != len(name.rdns) or not parts:
        raise FieldError("PKI2038", f'"{shown(text)}" is no subject', _LITERAL)
    return parts


def variable_faults(path: Path, text: str) -> Iterator[Fault]:
    """Whether every ``${`` of a text begins a variable; ``$${`` is a literal one."""
    for found in _VARIABLE.finditer(text):
        if found[0] == "${":
            message = f'a "${{" of "{shown(text)}" begins no variable'
            yield path, "PKI2230", message, "write ${name}, or $${ for a literal one"
        elif found[1] is not None:
            yield from variable_name_faults(path, found[1])


def variable_name_faults(path: Path, name: str) -> Iterator[Fault]:
    """Whether a variable could be called so; which there are depends on the template."""
    if not _VARIABLE_NAME.fullmatch(name):
        hint = "use lower-case letters, digits and _, e.g. service_name"
        yield path, "PKI2231", f'"{shown(name)}" is not the name of a variable', hint
