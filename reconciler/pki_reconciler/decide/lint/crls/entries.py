"""PKI5107: each entry."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.x509.oid import CRLEntryExtensionOID

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl

CODE = "PKI5107"

_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0x17, 0x18
_JUDGED = {CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE}


def entries(_context: CrlContext) -> Rule[CrlFacts]:
    """No serial twice, none revoked in the future, no empty list, no unknown entry extension.

    RFC 5280 sections 5.1.2.6 and 5.3; certificateIssuer (5.3.3) belongs to indirect CRLs.
    """

    def check(draft: CrlDraft, _facts: CrlFacts) -> Iterator[str]:
        if len(draft.serials) != len(draft.entries):
            yield "a serial stands there twice"
        this_update = draft.crl.last_update_utc
        for entry in draft.entries:
            if entry.revocation_date_utc > this_update:
                yield f"serial {entry.serial_number:x} is revoked in the future"
            if entry.serial_number <= 0:
                yield f"serial {entry.serial_number:x} is not positive"
            for extension in entry.extensions:
                if extension.critical or extension.oid not in _JUDGED:
                    yield f"serial {entry.serial_number:x} has {extension.oid.dotted_string}"
        if not draft.entries and _has_list(draft):
            yield "an empty list of revoked certificates"

    return on_crl(CODE, check)


def _has_list(draft: CrlDraft) -> bool:
    """Whether a SEQUENCE follows the two times: ``revokedCertificates``."""
    tags = [element[0] for element in draft.elements[3:]]
    after_times = [tag for tag in tags if tag not in {_UTC_TIME, _GENERALIZED_TIME}]
    return after_times[:1] == [_SEQUENCE]
