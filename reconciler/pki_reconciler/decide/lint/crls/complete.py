"""PKI5106: revoked stays revoked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography import x509

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl, read_published_crl

CODE = "PKI5106"

_SHOWN = 5


def complete(context: CrlContext) -> Rule[CrlFacts]:
    """Every entry of the predecessor, except certificates that have been expired on a regular CRL,
    and those that were on hold there and have been released.

    RFC 5280 section 3.3: an entry must appear on one regularly scheduled CRL issued beyond the
    certificate's validity period. Where expired certificates are kept, none of them may leave.
    Section 5.3.1: only what was certificateHold may be released, and nothing becomes that later.
    """
    if context.predecessor is None:
        return on_crl(CODE, lambda _draft, _facts: ())
    predecessor = read_published_crl(context.predecessor)
    kept = context.issuer.settings.crl.keep_expired
    leaving = frozenset() if kept else context.may_leave

    def check(draft: CrlDraft, _facts: CrlFacts) -> Iterator[str]:
        if predecessor is None:
            yield "the CRL published before cannot be read, so nobody knows what was on it"
            return
        lost = predecessor.serials - draft.serials - leaving
        lost -= _on_hold(predecessor, lost & context.released)
        if lost:
            yield f"{len(lost)} entries of the predecessor are missing: {_shown(lost)}"
        held = {entry.serial_number for entry in draft.entries if _is_hold(entry)}
        final = held & predecessor.serials
        final -= _on_hold(predecessor, final)
        if final:
            yield f"{len(final)} entries were final and would be on hold: {_shown(final)}"

    return on_crl(CODE, check)


def _on_hold(crl: CrlDraft, serials: Iterable[int]) -> set[int]:
    """Which of these are there with the one reason that may end."""
    found = ((s, crl.crl.get_revoked_certificate_by_serial_number(s)) for s in serials)
    return {serial for serial, entry in found if entry is not None and _is_hold(entry)}


def _is_hold(entry: x509.RevokedCertificate) -> bool:
    return any(
        isinstance(extension.value, x509.CRLReason)
        and extension.value.reason is x509.ReasonFlags.certificate_hold
        for extension in entry.extensions
    )


def _shown(serials: Iterable[int]) -> str:
    return ", ".join(f"{serial:x}" for serial in sorted(serials)[:_SHOWN])
