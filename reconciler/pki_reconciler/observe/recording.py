"""What the ledger keeps of an object, and when a meaning need not be kept again."""

from __future__ import annotations

from pki_reconciler.ledger.records import ObjectFacts
from pki_schema.desired import Declared, Meaning, RevocationRequest
from pki_schema.errors import Position
from pki_schema.kinds import (
    DECLARED_ONLY,
    PublicationSpec,
    RevocationSpec,
    TenantSpec,
    TrustBundleSpec,
)
from pki_schema.load import references_of, tree


def same(meaning: Meaning, stored: Meaning | None) -> bool:
    """Whether recording it again would say nothing new (where it is written does not count)."""
    return (
        stored is not None
        and stored.profile == meaning.profile
        and stored.care() == meaning.care()
        and stored.suspended == meaning.suspended
        and stored.template == meaning.template
    )


def facts(declared: Declared) -> ObjectFacts:
    """An object as it stands in its file."""
    spec = declared.spec
    return ObjectFacts(
        identity=declared.identity,
        path=declared.position.path,
        blob=declared.blob,
        origin=_origin(declared),
        refs=references_of(declared),
        acted_on=declared.identity.kind not in DECLARED_ONLY,
        revocations_limit=spec.limits.revocations if isinstance(spec, TenantSpec) else None,
        revocation=(
            RevocationRequest(
                name=declared.identity.name, spec=spec, origin=tree.at(declared, "spec")
            )
            if isinstance(spec, RevocationSpec)
            else None
        ),
        publication=spec if isinstance(spec, PublicationSpec) else None,
        trust=spec if isinstance(spec, TrustBundleSpec) else None,
    )


def _origin(declared: Declared) -> Position:
    """Where an author would change what this object limits, or where it begins."""
    if isinstance(declared.spec, TenantSpec):
        return tree.at(declared, "spec", "limits", "revocations")
    return declared.position
