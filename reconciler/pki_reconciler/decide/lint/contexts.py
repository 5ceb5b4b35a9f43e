"""What rules know besides the draft: the issuer, the time, and what was signed before.

None of it comes from the builder: a rule compares the draft's bytes with these values. A context
and its rules serve a whole batch; making them anew for each item costs more than the rules do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from cryptography import x509

from pki_reconciler.decide.build.answer import CertificateStatus
from pki_reconciler.decide.build.issuer import Issuer
from pki_schema.instants import Instant


@dataclass(frozen=True, kw_only=True)
class CertificateContext:
    """For certificates of one issuer (``None``: self-signed roots) at one instant.

    ``ancestors`` are the certificates (DER) above the issuer, nearest first. ``authority_names``
    says which CA key (SHA-256 of its SPKI, hex) bears which subject (DER). ``weak_keys`` are the
    digests (``keygate.digest``) of keys that are on a list.
    """

    now: Instant
    issuer: Issuer | None
    ancestors: tuple[bytes, ...] = ()
    authority_names: Mapping[bytes, str] = field(default_factory=dict)
    weak_keys: frozenset[bytes] = frozenset()

    @cached_property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificates above the draft, nearest first."""
        if self.issuer is None:
            return ()
        return (self.issuer.certificate, *(_parsed(der) for der in self.ancestors))


@dataclass(frozen=True, kw_only=True)
class CrlContext:
    """For a CRL of one issuer.

    ``predecessor`` is the CRL (DER) published before, ``last_number`` the highest number ever
    intended or published. ``may_leave`` are the serials that need not be listed any longer: the
    certificate had ended before the last *regular* CRL was issued. ``released`` were on hold and
    are valid again.
    """

    now: Instant
    issuer: Issuer
    predecessor: bytes | None = None
    last_number: int = 0
    may_leave: frozenset[int] = frozenset()
    released: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class AnswerContext:
    """For answers of one responder; ``statuses`` is what the ledger says, by serial.

    ``responder`` is its certificate (DER).
    """

    now: Instant
    issuer: Issuer
    responder: bytes
    statuses: Mapping[int, CertificateStatus]


@lru_cache(maxsize=64)
def _parsed(certificate: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate)
