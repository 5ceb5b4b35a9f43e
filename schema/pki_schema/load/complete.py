"""A template with nothing left open, and what such a template may not say against itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pki_schema.desired import Declared
from pki_schema.errors import Position, Problem
from pki_schema.kinds import CertificateTemplateSpec
from pki_schema.kinds.parts import PolicyInformation, RelativeName
from pki_schema.kinds.template import OtherName, TemplateNames
from pki_schema.load.extensions import Extensions
from pki_schema.load.substitute import VARIABLES, variables_in
from pki_schema.load.tree import at, nearest
from pki_schema.x509 import oids

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, kw_only=True)
class CompleteTemplate:
    """A template with nothing left open. Durations in seconds; ``algorithms`` is never empty."""

    name: str
    origin: Position
    issuers: tuple[str, ...]
    subject: tuple[RelativeName, ...]
    names: TemplateNames
    name_types: tuple[str, ...]
    required_names: tuple[str, ...]
    usages: tuple[str, ...]
    extended_key_usage_critical: bool
    policies: tuple[PolicyInformation, ...]
    extra_extensions: Extensions
    algorithms: tuple[str, ...]
    max_age: int | None
    duration: int
    max_duration: int
    renew_before: int
    ocsp_no_check: bool
    status_pointers: bool
    parameters: tuple[str, ...]

    @property
    def extended_key_usages(self) -> frozenset[str]:
        return frozenset(usage for usage in self.usages if usage not in oids.KEY_USAGES)

    @property
    def demands_staple(self) -> bool:
        """Whether servers must staple an OCSP answer (RFC 7633)."""
        return any(oid == oids.TLS_FEATURE for oid, _, _ in self.extra_extensions)

    @property
    def for_responders(self) -> bool:
        return "ocsp signing" in self.usages


def contradictions(declared: Declared, template: CompleteTemplate) -> Iterator[Problem]:
    """What a template says against itself."""
    for usage in ("cert sign", "crl sign"):
        if usage in template.usages:
            message = f'"{usage}" is for CAs; a template makes leaves'
            yield Problem(at(declared, "spec", "usages"), "PKI3021", message)
    own = declared.spec
    if not isinstance(own, CertificateTemplateSpec) or own.duration is None:
        own = CertificateTemplateSpec()
    # Where both are the template's own, ``specs`` has compared them.
    if own.max_duration is None and template.duration > template.max_duration:
        message = "the duration is longer than maxDuration"
        yield Problem(at(declared, "spec", "duration"), "PKI3024", message)
    if own.renew_before is None and template.renew_before >= template.duration:
        message = "renewBefore is not shorter than the duration"
        yield Problem(at(declared, "spec", "renewBefore"), "PKI3025", message)
    for kind in template.required_names:
        if kind not in template.name_types:
            message = f'"{kind}" is required and not among the nameTypes'
            yield Problem(at(declared, "spec", "requiredNames"), "PKI3026", message)
    yield from _parameter_faults(declared, template)
    if template.for_responders and template.issuers:
        # RFC 6960 section 4.2.2.2: whoever held its key could answer for all that the CA issued.
        message = "a responder's template has no issuers: each CA certifies its own responder"
        yield Problem(at(declared, "spec", "issuers"), "PKI3028", message, "leave issuers out")
    if template.ocsp_no_check and not template.for_responders:
        message = "only an OCSP responder may go without revocation"  # RFC 6960 section 4.2.2.2.1
        yield Problem(at(declared, "spec", "ocspNoCheck"), "PKI3027", message)


def _parameter_faults(declared: Declared, template: CompleteTemplate) -> Iterator[Problem]:
    """Variables that nobody gives, and parameters that would hide one (PKI3022)."""
    for i, name in enumerate(template.parameters):
        if name in VARIABLES:
            message = f'the parameter "{name}" would hide the variable of that name'
            yield Problem(at(declared, "spec", "parameters", i), "PKI3022", message)
    known = VARIABLES.union(template.parameters)
    in_one_line = ("spec", "literalSubject") in declared.positions
    for place, text in _texts(template):
        path = ("literalSubject",) if in_one_line and place[0] == "subject" else place
        for name in sorted(variables_in(text) - known):
            if _NAME.fullmatch(name):  # else ``specs`` has refused the text
                message, hint = f'there is no variable "{name}"', nearest(name, sorted(known))
                yield Problem(at(declared, "spec", *path), "PKI3022", message, hint)


def _texts(template: CompleteTemplate) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for i, rdn in enumerate(template.subject):
        yield from ((("subject", i), value) for value in rdn.values())
    for path, value in name_texts(template.names):
        yield ("names", *path), value


def name_texts(names: TemplateNames) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text of a template's names with its place below ``names``."""
    fields = zip(
        TemplateNames.__struct_fields__, TemplateNames.__struct_encode_fields__, strict=True
    )
    for name, written in fields:
        for i, value in enumerate(getattr(names, name)):
            if isinstance(value, OtherName):
                yield (written, i, "utf8Value"), value.utf8_value
            else:
                yield (written, i), value
