"""PKI5023: a CA's own name constraints."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared
from pki_reconciler.decide.lint.written_names import typed_names
from pki_schema.desired import Subtrees
from pki_schema.x509.constraints import subtree_fault

CODE = "PKI5023"


def name_constraints(_context: CertificateContext) -> SharedRule:
    """As declared, only in CAs, not empty (RFC 5280 section 4.2.1.10).

    Criticality is declared too: that section wants it critical, some old software cannot have it.
    """

    def check(shared: Shared) -> Iterator[str]:
        profile = shared.profile
        found = shared.extension(x509.NameConstraints)
        declared = profile.name_constraints
        if found is None or declared is None:
            if found or declared:
                yield "name constraints are not as declared"
            return
        permitted = typed_names(found.value.permitted_subtrees or ())
        excluded = typed_names(found.value.excluded_subtrees or ())
        if (sorted(permitted), sorted(excluded)) != (
            _pairs(declared.permitted),
            _pairs(declared.excluded),
        ):
            yield "the subtrees of the name constraints are not the declared ones"
        if found.critical != declared.critical:
            yield "the criticality of the name constraints is not as declared"
        if not profile.ca or not (permitted or excluded):
            yield "name constraints that are empty, or not a CA's"
        for kind, tree in (*permitted, *excluded):
            if fault := subtree_fault(kind, tree):
                yield f'the {kind} subtree "{tree[:80]}" {fault}'

    return on_shared(CODE, check)


def _pairs(subtrees: Subtrees) -> list[tuple[str, str]]:
    kinds = ("dns", "ip", "email", "uri")
    return sorted((kind, value) for kind in kinds for value in getattr(subtrees, kind))
