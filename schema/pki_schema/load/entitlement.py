"""Whether a tenant may use what its services ask for, and which CA that makes the issuer."""

from __future__ import annotations

from collections.abc import Iterator

from pki_schema.desired import Declared, DesiredState
from pki_schema.errors import Problem
from pki_schema.kinds import TenantSpec
from pki_schema.load.complete import CompleteTemplate
from pki_schema.load.inherit import Templates
from pki_schema.load.links import Path, certificates_ask, template, tenant
from pki_schema.load.tree import at, nearest


def issuer_of(asked: str | None, complete: CompleteTemplate, owner: TenantSpec) -> str | None:
    """The one CA that issues a certificate, which may have ``asked`` for one; ``None`` when none or
    several may.
    """
    candidates = _candidates(complete, owner)
    if asked is not None:
        return str.__str__(asked) if asked in candidates else None
    return candidates[0] if len(candidates) == 1 else None


def entitlement_problems(
    state: DesiredState, templates: Templates, declared: Declared
) -> Iterator[Problem]:
    owner = state.objects.get(tenant(declared.identity.tenant))
    if owner is None or not isinstance(owner.spec, TenantSpec):
        return
    where = f"{owner.position.path}:{owner.position.line}"
    for path, used, asked in certificates_ask(declared):
        if template(used) in state.objects:
            if used not in owner.spec.templates:
                message = f'tenant "{owner.identity.name}" may not use template "{used}"'
                other = nearest(used, owner.spec.templates)
                hint = f"allow it in {where}{', or ' if other else ''}{other}"
                yield Problem(at(declared, *path, "template"), "PKI4002", message, hint)
                continue
            complete = templates.complete(used)
            if complete is not None:
                yield from _issuer_problem(declared, path, asked, complete, owner)


def _issuer_problem(
    declared: Declared, path: Path, asked: str | None, complete: CompleteTemplate, owner: Declared
) -> Iterator[Problem]:
    spec = owner.spec
    if not isinstance(spec, TenantSpec):
        return
    candidates = _candidates(complete, spec)
    known = ", ".join(candidates)
    if asked is not None and asked not in spec.certificate_authorities:
        message = f'tenant "{owner.identity.name}" may not use CA "{asked}"'
        hint = f"use one of: {known}" if known else ""
        yield Problem(at(declared, *path, "issuerRef"), "PKI4001", message, hint)
    elif asked is not None and asked not in candidates:
        message = f'template "{complete.name}" is not issued by "{asked}"'
        hint = f"use one of: {known}" if known else ""
        yield Problem(at(declared, *path, "issuerRef"), "PKI3004", message, hint)
    elif not candidates:
        allowed = ", ".join(spec.certificate_authorities) or "none"
        message = (
            f'template "{complete.name}" is issued by {", ".join(complete.issuers) or "no CA"}; '
            f'tenant "{owner.identity.name}" may use {allowed}'
        )
        yield Problem(at(declared, *path, "template"), "PKI3004", message)
    elif asked is None and len(candidates) > 1:
        message = f"several CAs may issue this certificate: {known}"
        yield Problem(
            at(declared, *path, "template"), "PKI3005", message, "name one with issuerRef"
        )


def _candidates(complete: CompleteTemplate, owner: TenantSpec) -> list[str]:
    return [str.__str__(ca) for ca in complete.issuers if ca in owner.certificate_authorities]
