"""What a declared revocation is aimed at, as a condition on certificates."""

from __future__ import annotations

import sqlalchemy as sa

from pki_reconciler.ledger import refs, tables
from pki_schema.desired import GLOBAL, Identity
from pki_schema.kinds.revocation import RevocationTarget

CERTIFICATE = tables.certificate
OBJECT = tables.object_

Condition = sa.ColumnElement[bool]


def matching(target: RevocationTarget) -> Condition:
    """The certificates meant, of any state. A target that says nothing matches nothing."""
    if target.ca is not None and target.serial is not None:
        return CERTIFICATE.c.issuer.in_(_keys_of(target.ca)) & (
            CERTIFICATE.c.serial == str(target.serial)
        )
    if target.service is not None:
        return _of_service(target.tenant or GLOBAL, target.service, target.certificate)
    if target.authority is not None:
        return below("AuthorityCertificate", GLOBAL, target.authority)
    if target.template is not None:
        return CERTIFICATE.c.template == str(target.template)
    if target.key is not None:
        return CERTIFICATE.c.spki == str(target.key)
    return sa.false()


def _of_service(tenant: str, service: str, certificate: str | None) -> Condition:
    if certificate is None:
        return below("Certificate", tenant, service)
    identity = Identity("Certificate", tenant, f"{service}/{certificate}")
    return CERTIFICATE.c.subject == refs.of(identity)


def _keys_of(authority: str) -> sa.ScalarSelect[str | None]:
    """All generations: a serial says which one of them is meant."""
    return (
        sa.select(OBJECT.c.spki)
        .where(under(OBJECT.c.ref, "AuthorityCertificate", GLOBAL, authority))
        .scalar_subquery()
    )


def below(kind: str, tenant: str, name: str) -> Condition:
    """The certificates of all subjects called ``name/…``."""
    return under(CERTIFICATE.c.subject, kind, tenant, name)


def under(column: sa.Column[str], kind: str, tenant: str, name: str) -> Condition:
    """A range of an index in byte order: "0" is the character after "/"."""
    prefix = refs.of(Identity(kind, tenant, name))
    return (column > prefix + "/") & (column < prefix + "0")
