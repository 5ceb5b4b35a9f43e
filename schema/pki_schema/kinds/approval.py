"""``Approval``: signed, expiring consent to exactly what a review hash stands for, used once."""

from __future__ import annotations

from typing import Annotated

from pki_schema.fields import Name, Sha256, SshSignature, Text, Timestamp
from pki_schema.kinds.envelope import Strict, about


class ApprovalSignature(Strict, frozen=True, kw_only=True):
    """One principal's detached signature over the review hash."""

    principal: Annotated[Name, about("Who signed, by the name in a RoleBinding.", "ada")]
    signature: Annotated[
        SshSignature,
        about("The base64 of an SSH signature, without its armour.", "U1NIU0lHAAAAAQ=="),
    ]


class ApprovalSpec(Strict, frozen=True, kw_only=True):
    """The review hash covers what would be done for one tenant, or globally without ``tenant``."""

    review_hash: Annotated[Sha256, about("What plan prints for what is held back.", "3f" * 32)]
    tenant: Annotated[Name | None, about("Whose actions; the global ones if left out.", "vcc")] = (
        None
    )
    expires: Annotated[
        Timestamp, about("When the consent ends, within 72 hours.", "2026-11-25T12:00:00Z")
    ]
    signatures: Annotated[
        tuple[ApprovalSignature, ...],
        about("Of distinct principals.", [{"principal": "ada", "signature": "U1NIU0lHAAAAAQ=="}]),
    ]
    reason: Annotated[Text | None, about("For people.", "Partner contract has ended")] = None
