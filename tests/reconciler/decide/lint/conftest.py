"""Drafts that are wrong in one place: taken apart, changed and put together by pyca alone."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pki_reconciler.chain import Unsigned
from pki_reconciler.decide.build import GOOD, Issuer, capture
from pki_reconciler.decide.lint import AnswerContext, CertificateContext, CrlContext
from pki_schema.x509 import der
from pki_schema.x509.algorithms import ALGORITHMS

DER = serialization.Encoding.DER


class Tampering:
    """Makes drafts that no builder of ours would make; everything around the draft stays."""

    def drafted(self, unsigned: Unsigned[Any], draft: bytes) -> Unsigned[Any]:
        tbs, algorithm = der.taken_apart(draft)
        return replace(unsigned, draft=draft, tbs=tbs, algorithm=algorithm)

    def certificate(
        self,
        unsigned: Unsigned[Any],
        signer: Any,
        *,
        drop: Any = (),
        add: Any = (),
        digest: Any = None,
        **fields: Any,
    ) -> Unsigned[Any]:
        """Without the extensions ``drop``, with the (value, critical) of ``add``, other fields."""
        found = x509.load_der_x509_certificate(unsigned.draft)
        values = {
            "issuer_name": found.issuer,
            "subject_name": found.subject,
            "public_key": found.public_key(),
            "serial_number": found.serial_number,
            "not_valid_before": found.not_valid_before_utc,
            "not_valid_after": found.not_valid_after_utc,
        }
        builder = x509.CertificateBuilder()
        for name, value in (values | fields).items():
            builder = getattr(builder, name)(value)
        draft = self._with_extensions(builder, found.extensions, drop, add).sign(
            capture(signer), digest or ALGORITHMS[unsigned.key_algorithm].digest
        )
        return self.drafted(unsigned, draft.public_bytes(DER))

    def crl(
        self,
        unsigned: Unsigned[Any],
        signer: Any,
        *,
        drop: Any = (),
        add: Any = (),
        entries: Any = None,
    ) -> Unsigned[Any]:
        found = x509.load_der_x509_crl(unsigned.draft)
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=found.issuer,
            revoked_certificates=list(found) if entries is None else entries,
        )
        assert found.next_update_utc is not None
        builder = builder.last_update(found.last_update_utc).next_update(found.next_update_utc)
        draft = self._with_extensions(builder, found.extensions, drop, add).sign(
            capture(signer), ALGORITHMS[unsigned.key_algorithm].digest
        )
        return self.drafted(unsigned, draft.public_bytes(DER))

    def answer(self, unsigned: Unsigned[Any], tbs: bytes) -> Unsigned[Any]:
        """The same answer around another ResponseData."""
        parts = (tbs, unsigned.algorithm, bytes(64), unsigned.certificates)
        return replace(unsigned, draft=der.ocsp_response(*parts), tbs=tbs)

    def _with_extensions(self, builder: Any, extensions: Any, drop: Any, add: Any) -> Any:
        for extension in extensions:
            if extension.oid not in {kind.oid for kind in drop}:
                builder = builder.add_extension(extension.value, extension.critical)
        for value, critical in add:
            builder = builder.add_extension(value, critical)
        return builder


@pytest.fixture(scope="session")
def tampering() -> Tampering:
    return Tampering()


@pytest.fixture(scope="session")
def below_root(world: Any, root: Issuer) -> CertificateContext:
    return CertificateContext(now=world.now, issuer=root)


@pytest.fixture(scope="session")
def below_services(world: Any, root: Issuer, services: Issuer) -> CertificateContext:
    ancestors = (root.certificate.public_bytes(DER),)
    return CertificateContext(now=world.now, issuer=services, ancestors=ancestors)


@pytest.fixture(scope="session")
def crl_context(world: Any, services: Issuer) -> CrlContext:
    return CrlContext(now=world.now, issuer=services)


@pytest.fixture(scope="session")
def answer_context(world: Any, services: Issuer, responder: bytes) -> AnswerContext:
    statuses = {77: GOOD}
    return AnswerContext(now=world.now, issuer=services, responder=responder, statuses=statuses)
