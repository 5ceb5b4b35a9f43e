"""PKI5012: a CA fits below the CAs above it."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import extension_of
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared

CODE = "PKI5012"


def path_length(context: CertificateContext) -> SharedRule:
    """Every path length above leaves room for this CA and what it allows below itself.

    RFC 5280 section 4.2.1.9: the number of intermediate certificates that may follow.
    """
    limits = [extension_of(c, x509.BasicConstraints) for c in context.chain]
    room = min(
        (
            limit.path_length - depth
            for depth, limit in enumerate(limits)
            if limit and limit.path_length is not None
        ),
        default=None,
    )

    def check(shared: Shared) -> Iterator[str]:
        own = shared.extension(x509.BasicConstraints)
        if room is None or own is None or not own.value.ca:
            return
        if room < 1:
            yield "the path lengths above allow no further CA"
        elif own.value.path_length is not None and own.value.path_length > room - 1:
            yield f"path length {own.value.path_length}, the CAs above allow {room - 1}"

    return on_shared(CODE, check)
