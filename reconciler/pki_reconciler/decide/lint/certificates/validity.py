"""PKI5003: the validity period is the declared one and begins now."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared
from pki_schema.instants import SECOND

CODE = "PKI5003"

MOST_BACKDATED = 300
"""Seconds before now that notBefore may lie: clocks are slow, but a certificate that claims more of
the past could make an old signature look good."""


def validity(context: CertificateContext) -> SharedRule:
    """RFC 5280 section 4.1.2.5: both ends belong to the period, hence the added second."""

    def check(shared: Shared) -> Iterator[str]:
        begin, end = shared.not_before, shared.not_after
        declared = shared.profile.duration
        if (lasts := (end - begin + SECOND).total_seconds()) != declared:
            yield f"lasts {lasts:.0f} s, declared are {declared} s"
        if not 0 <= (context.now - begin).total_seconds() <= MOST_BACKDATED:
            yield f"begins at {begin}, which is not within {MOST_BACKDATED} s before now"
        if (begin, end) != shared.recorded:
            yield "its dates are not the recorded ones"

    return on_shared(CODE, check)
