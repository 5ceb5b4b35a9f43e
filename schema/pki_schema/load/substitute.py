"""``${variables}`` of templates: a closed set, replaced once, and judged after replacement.

A value is never looked at for variables again, so that a parameter cannot smuggle one in.
``$${`` stands for a literal ``${``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from pki_schema.errors import FieldError
from pki_schema.fields import Text
from pki_schema.kinds.parts import RelativeName
from pki_schema.load.tree import nearest
from pki_schema.x509 import oids

VARIABLES = frozenset(
    {
        "service_name",
        "certificate_name",
        "tenant",
        "organization",
        "zone",
        "spiffe_domain",
        "ca_name",
        "generation",
    }
)
"""What a template may name besides its own parameters."""

Attribute = tuple[str, str]
"""OID and value."""
PartlyNamed = tuple[RelativeName | Attribute, ...]
"""A subject with attributes as they will stand in a name among those as they are written."""

_VARIABLE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
# RFC 5280 appendix A.1: the upper bounds of the attributes.
_BOUNDS = {"2.5.4.3": 64, "2.5.4.5": 64, "2.5.4.10": 64, "2.5.4.11": 64, "2.5.4.6": 2}
_COUNTRY = re.compile(r"[A-Z]{2}")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def variables_in(text: str) -> frozenset[str]:
    """The names of all variables of a text; an unclosed one counts as the empty name."""
    return frozenset(m[1] or "" for m in _VARIABLE.finditer(text) if m[0] != "$${")


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Replace every variable; raises ``FieldError`` (PKI3022) for one that has no value."""
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name = match[1]
        if name is None:
            raise FieldError(
                "PKI3022", f'"{text}" has an unclosed "${{"', "write $${ for a literal"
            )
        if name not in values:
            raise FieldError(
                "PKI3022", f'there is no variable "{name}" here', nearest(name, values)
            )
        return values[name]

    return _VARIABLE.sub(value, text)


def distinguished_name(subject: PartlyNamed, values: Mapping[str, str]) -> tuple[Attribute, ...]:
    """A subject as (OID, value) in the order written; ``FieldError`` for what no name can hold."""
    return tuple(part if isinstance(part, tuple) else _attribute(part, values) for part in subject)


def partly_named(subject: tuple[RelativeName, ...], values: Mapping[str, str]) -> PartlyNamed:
    """The same as far as these values say it, for many subjects that share them: what wants others,
    or is faulty, stays as it is written.
    """
    return tuple(_attribute_or_not(rdn, values) for rdn in subject)


def _attribute_or_not(rdn: RelativeName, values: Mapping[str, str]) -> RelativeName | Attribute:
    try:
        return _attribute(rdn, values)
    except FieldError:
        return rdn


def _attribute(rdn: RelativeName, values: Mapping[str, str]) -> Attribute:
    if len(rdn) != 1:
        raise FieldError("PKI2030", "each part of a subject is one attribute, e.g. {CN: name}")
    ((key, written),) = rdn.items()
    oid = oids.NAME_ATTRIBUTES.get(key)
    if oid is None:
        raise FieldError(
            "PKI2031", f'"{key}" is not a name attribute', nearest(key, oids.NAME_ATTRIBUTES)
        )
    return oid, _fitting(key, oid, str.__str__(substitute(written, values)))


@lru_cache(maxsize=1024)
def _fitting(key: str, oid: str, text: str) -> str:
    """An attribute's value, if it can be one; most of a template's are the same for all."""
    value = str.__str__(Text.parse(text))
    if len(value) > _BOUNDS.get(oid, 128):
        raise FieldError("PKI2032", f'{key} "{value[:80]}" is longer than {_BOUNDS.get(oid, 128)}')
    if key == "C" and not _COUNTRY.fullmatch(value):
        raise FieldError(
            "PKI2033", f'"{value}" is not a country', "use two capital letters, e.g. DE"
        )
    if key == "DC" and not _LABEL.fullmatch(value):
        raise FieldError("PKI2033", f'"{value}" is not a domain component', "one DNS label each")
    return value
