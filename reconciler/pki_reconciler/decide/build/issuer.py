"""The CA generation in whose name something is built."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from cryptography import x509

from pki_reconciler.decide.build.capture import capture
from pki_schema.desired import AuthoritySettings
from pki_schema.instants import Instant
from pki_schema.issued import IssuedAuthority
from pki_schema.x509.algorithms import PrivateKey, PublicKey, algorithm_of, spki_der


@dataclass(frozen=True, kw_only=True, eq=False)
class Issuer:
    """One generation of a CA, with all that its signatures and pointers need.

    ``spki`` is the SHA-256 (hex) of its SubjectPublicKeyInfo, ``ski`` the key identifier that its
    own certificate carries, ``key_algorithm`` the key's name in the closed list. An issuer equals
    itself alone: what was laid out for it is not used for what is read from the ledger later.
    """

    name: str
    generation: int
    spki: str
    ski: bytes
    certificate: x509.Certificate
    public_key: PublicKey
    key_algorithm: str
    settings: AuthoritySettings

    @classmethod
    def of(cls, issued: IssuedAuthority) -> Self:
        """The issuer that the ledger knows.

        Raises ``ValueError`` when its certificate does not parse, is not the recorded key's, or
        carries no settings: then the ledger is damaged, and nothing may be built on it.
        """
        certificate = x509.load_der_x509_certificate(issued.certificate.der)
        settings = issued.meaning.authority
        if settings is None:
            raise ValueError(f"{issued.meaning.subject} is not a CA")
        issuer = cls.with_certificate(certificate, settings)
        if (issuer.spki, issuer.ski.hex()) != (issued.spki, issued.ski):
            raise ValueError(f"{issued.meaning.subject} is recorded under another key")
        return issuer

    @classmethod
    def with_certificate(cls, certificate: x509.Certificate, settings: AuthoritySettings) -> Self:
        """The issuer with this certificate; ``ValueError`` when its key is not on the list."""
        public_key = certificate.public_key()
        algorithm = algorithm_of(public_key)
        if algorithm is None:
            raise ValueError(f"the key of {settings.name} is not on the list of algorithms")
        return cls(
            name=settings.name,
            generation=settings.generation,
            spki=hashlib.sha256(spki_der(public_key)).hexdigest(),
            ski=certificate.extensions.get_extension_for_class(
                x509.SubjectKeyIdentifier
            ).value.digest,
            certificate=certificate,
            public_key=public_key,
            key_algorithm=algorithm.name,
            settings=settings,
        )

    @property
    def stem(self) -> str:
        """``<ca>-<first 8 hex digits of the SKI>``: the name of its files, one per key."""
        return f"{self.name}-{self.ski.hex()[:8]}"

    @cached_property
    def subject(self) -> x509.Name:
        """Its name, as its certificate spells it; parsed once."""
        return self.certificate.subject

    @cached_property
    def stand_in(self) -> PrivateKey:
        """The capture key for what it is to sign."""
        return capture(self.public_key)

    @cached_property
    def not_before(self) -> Instant:
        return self.certificate.not_valid_before_utc

    @cached_property
    def not_after(self) -> Instant:
        return self.certificate.not_valid_after_utc
