"""What an object descends from: parents of CAs, and templates that templates extend."""

from __future__ import annotations

from dataclasses import dataclass

from pki_schema.desired import GLOBAL, Declared, DesiredState, Identity
from pki_schema.errors import Problem
from pki_schema.kinds import CertificateAuthoritySpec, CertificateTemplateSpec
from pki_schema.load.tree import at

LONGEST_LINE = 4
"""Levels of CAs or templates, the object itself included."""


@dataclass(frozen=True)
class Lineage:
    """An object and what it descends from, nearest first.

    ``whole`` is false where the line breaks off: at a dangling reference, a cycle or too many
    levels; the last two are ``problem``.
    """

    members: tuple[Declared, ...]
    whole: bool = True
    problem: Problem | None = None


def lineage(state: DesiredState, start: Declared) -> Lineage:
    """Follow ``parent`` of CAs and ``extends`` of templates upwards."""
    members = [start]
    while (parent := parent_of(members[-1])) is not None:
        line = [member.identity for member in members]
        if parent in line:
            path = " -> ".join(identity.name for identity in (*line, parent))
            return Lineage(tuple(members), False, _upward(start, "PKI3002", f"a cycle: {path}"))
        if len(members) == LONGEST_LINE:
            message = f'"{start.identity.name}" has more than {LONGEST_LINE - 1} levels above it'
            return Lineage(tuple(members), False, _upward(start, "PKI3003", message))
        above = state.objects.get(parent)
        if above is None:
            return Lineage(tuple(members), False)
        members.append(above)
    return Lineage(tuple(members))


def parent_of(declared: Declared) -> Identity | None:
    """What a CA or a template descends from."""
    match declared.spec:
        case CertificateAuthoritySpec(parent=str(name)):
            return Identity("CertificateAuthority", GLOBAL, name)
        case CertificateTemplateSpec(extends=str(name)):
            return Identity("CertificateTemplate", GLOBAL, name)
    return None


def _upward(start: Declared, code: str, message: str) -> Problem:
    name = "parent" if start.identity.kind == "CertificateAuthority" else "extends"
    return Problem(at(start, "spec", name), code, message)
