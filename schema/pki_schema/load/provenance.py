"""Where each value of an object comes from: what ``explain`` tells an author.

A service's certificate is made of what its service, template (and that one's parents), tenant and
CA say. For every field: the value that counts, and who set it where.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from pki_schema.desired import GLOBAL, Declared, DesiredState, Identity
from pki_schema.errors import Position
from pki_schema.kinds import CertificateTemplateSpec, ServiceSpec, TenantSpec
from pki_schema.kinds.service import ServiceCertificate
from pki_schema.load.entitlement import issuer_of
from pki_schema.load.inherit import Templates
from pki_schema.load.lineage import lineage
from pki_schema.load.links import Path, certificates_of, template, tenant
from pki_schema.load.tree import at

DEFAULT = "default"
"""Who set a value that nobody wrote."""


_SUBJECTS = ("subject", "literal_subject")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A field with its value as an author would write it, and who set it.

    ``source`` is an object, or ``default``; then ``position`` is ``None``.
    """

    field: str
    value: str
    source: str
    position: Position | None = None


def settings(state: DesiredState, identity: Identity) -> tuple[Setting, ...]:
    """All fields of an object that have a value, in the order of its kind.

    Nothing if there is no such object. Of a template also what it inherits; of a service also what
    its certificates get from template, tenant and CA, with the certificate's name before the field
    where there may be several.
    """
    declared = state.objects.get(identity)
    if declared is None:
        return ()
    if isinstance(declared.spec, CertificateTemplateSpec):
        return tuple(_of_line(state, declared))
    if isinstance(declared.spec, ServiceSpec):
        return (*_own(declared, ("spec",), declared.spec), *_of_certificates(state, declared))
    return tuple(_own(declared, ("spec",), declared.spec))


def _own(declared: Declared, path: Path, value: msgspec.Struct) -> Iterator[Setting]:
    """What stands in the object's own file, and the defaults of what does not."""
    for field in msgspec.structs.fields(value):
        place = (*path, field.encode_name)
        found = getattr(value, field.name)
        if isinstance(found, msgspec.Struct):
            yield from _own(declared, place, found)
        elif place in declared.positions or found not in (None, (), {}):
            yield _setting(declared, place, found, written=place in declared.positions)


def _of_line(state: DesiredState, start: Declared) -> Iterator[Setting]:
    """The fields of a template, each from the nearest in its line that gives it."""
    members = lineage(state, start).members
    for field in msgspec.structs.fields(CertificateTemplateSpec):
        for member in members:
            value = getattr(member.spec, field.name)
            if value is not None:
                yield _setting(member, ("spec", field.encode_name), value)
            if value is not None or _says_otherwise(member.spec, field.name):
                break


def _says_otherwise(spec: object, field: str) -> bool:
    """A subject has two ways to be written: the nearer one counts, whichever it is."""
    return field in _SUBJECTS and any(getattr(spec, name) is not None for name in _SUBJECTS)


def _of_certificates(state: DesiredState, service: Declared) -> Iterator[Setting]:
    for path, certificate in certificates_of(service):
        used = state.objects.get(template(certificate.template))
        owner = state.objects.get(tenant(service.identity.tenant))
        prefix = "" if path == ("spec",) else f"{certificate.name}: "
        own = {s.field for s in _own(service, path, certificate) if s.source != DEFAULT}
        if used is not None:
            for setting in _of_line(state, used):
                # Names add up; of everything else the service's own word counts.
                if _shown_path((*path, setting.field)) not in own and setting.field != "extends":
                    yield msgspec.structs.replace(setting, field=prefix + setting.field)
        if owner is not None and isinstance(owner.spec, TenantSpec):
            yield from _issuer(state, certificate, owner, prefix)
            for name in ("organization", "zone"):
                found = _setting(owner, ("spec", name), getattr(owner.spec, name))
                yield msgspec.structs.replace(found, field=f"{prefix}${{{name}}}")


def _issuer(
    state: DesiredState, certificate: ServiceCertificate, owner: Declared, prefix: str
) -> Iterator[Setting]:
    """The CA that the template and the tenant leave to choose."""
    complete = Templates(state).complete(certificate.template)
    if complete is None or not isinstance(owner.spec, TenantSpec):
        return
    name = issuer_of(certificate.issuer_ref, complete, owner.spec)
    issuer = state.objects.get(Identity("CertificateAuthority", GLOBAL, name)) if name else None
    if issuer is not None and certificate.issuer_ref is None:
        where = ("spec", "certificateAuthorities")
        yield msgspec.structs.replace(_setting(owner, where, name), field=f"{prefix}issuer")


def _setting(declared: Declared, path: Path, value: object, *, written: bool = True) -> Setting:
    return Setting(
        field=_shown_path(path),
        value=_shown(value),
        source=str(declared.identity) if written else DEFAULT,
        position=at(declared, *path) if written else None,
    )


def _shown_path(path: Path) -> str:
    """``spec.certificates[1].duration`` without its ``spec``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".").removeprefix("spec.")


def _shown(value: Any) -> str:
    """A value as YAML in one line."""
    match value:
        case msgspec.Struct():
            given = {
                field.encode_name: getattr(value, field.name)
                for field in msgspec.structs.fields(value)
                if getattr(value, field.name) not in (None, (), {})
            }
            return _shown(given)
        case dict():
            return "{" + ", ".join(f"{key}: {_shown(one)}" for key, one in value.items()) + "}"
        case tuple() | list():
            return "[" + ", ".join(map(_shown, value)) + "]"
        case bool():
            return str(value).lower()
        case _:
            return str(value)
