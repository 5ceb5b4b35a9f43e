"""Rules for CRLs, one per file. Most compare with the predecessor: no foreign linter does that."""

from pki_reconciler.decide.lint.crls.complete import complete
from pki_reconciler.decide.lint.crls.entries import entries
from pki_reconciler.decide.lint.crls.issuer import issuer
from pki_reconciler.decide.lint.crls.kept_expired import kept_expired
from pki_reconciler.decide.lint.crls.next_update import next_update
from pki_reconciler.decide.lint.crls.number import number
from pki_reconciler.decide.lint.crls.readable import readable
from pki_reconciler.decide.lint.crls.reasons import reasons
from pki_reconciler.decide.lint.crls.scope import scope
from pki_reconciler.decide.lint.crls.this_update import this_update

__all__ = [
    "complete",
    "entries",
    "issuer",
    "kept_expired",
    "next_update",
    "number",
    "readable",
    "reasons",
    "scope",
    "this_update",
]
