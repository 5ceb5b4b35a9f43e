"""What pkilint says about one DER object, against RFC 5280 and RFC 6960.

pkilint is imported on first use: it costs 0.3 s, and a cycle that signs nothing does not pay it.
Its severities count downwards (FATAL is 0, DEBUG is 5): what is at least a WARNING has a number of
at most that of WARNING. Whatever it throws, decoding included, is a finding.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pkilint.document import Document, PDUNode
    from pkilint.validation import ValidationResult, ValidatorContainer


@dataclass(frozen=True)
class Remark:
    """One thing pkilint finds: its code, the path of the node inside the object, the rest."""

    code: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"pkilint {self.code} at {self.path}" + (f": {self.message}" if self.message else "")


def certificate(der: bytes) -> tuple[Remark, ...]:
    """A certificate (DER; its signature is not looked at) against the PKIX profile."""
    return tuple(_read(_certificate_judge, "RFC5280CertificateDocumentLoader", der))


def below(issuer: bytes, der: bytes) -> tuple[tuple[Remark, ...], tuple[Remark, ...]]:
    """The same of a certificate that has an issuer, and what is said of it beside the issuer's
    (DER): names, key identifiers, policies.
    """
    try:
        above = _above(issuer)
        subject = _loaded(der, "subject")
    except Exception as error:  # noqa: BLE001 - a judge that stumbles has not acquitted
        return (_unreadable(error),), (_unreadable(error),)
    alone = _remarks(_verdict(_certificate_judge(), subject.root), "WARNING")
    return tuple(alone), tuple(_beside(above, subject))


def crl(der: bytes) -> tuple[Remark, ...]:
    """A CRL (DER; its signature is not looked at) against the PKIX profile."""
    return tuple(_read(_crl_judge, "RFC5280CertificateListDocumentLoader", der))


def answer(der: bytes) -> tuple[Remark, ...]:
    """An OCSPResponse (DER; its signature is not looked at) against RFC 6960."""
    return tuple(_read(_answer_judge, "RFC6960OCSPResponseDocumentLoader", der))


def _read(judge: Any, loader_name: str, der: bytes) -> Iterator[Remark]:
    from pkilint import loader  # noqa: PLC0415

    try:
        document = getattr(loader, loader_name)().load_der_document(der, "object", "object")
    except Exception as error:  # noqa: BLE001 - a judge that stumbles has not acquitted
        yield _unreadable(error)
        return
    yield from _remarks(_verdict(judge(), document.root), "WARNING")


@dataclass(frozen=True)
class _Above:
    """An issuer's certificate as pkilint reads it, and what it says of it where it decodes it."""

    document: Document
    remarks: tuple[Remark, ...]


@lru_cache(maxsize=8)
def _above(issuer: bytes) -> _Above:
    document = _loaded(issuer, "issuer")
    decoding, _ = _pair_judges()
    return _Above(document, tuple(_remarks(_verdict(decoding, document.root), "WARNING")))


def _beside(above: _Above, subject: Document) -> Iterator[Remark]:
    decoding, comparing = _pair_judges()
    yield from above.remarks
    yield from _remarks(_verdict(decoding, subject.root), "WARNING")
    above.document.parent = {"issuer": above.document, "subject": subject}
    # That two names are not the same bytes is a NOTICE there; here it is a fault.
    yield from _remarks(_verdict(comparing, above.document.root), "NOTICE")


def _loaded(der: bytes, name: str) -> Document:
    from pkilint import loader  # noqa: PLC0415

    load = loader.RFC5280CertificateDocumentLoader().load_der_document
    document: Document = load(der, name, name)
    return document


def _verdict(judge: ValidatorContainer, root: PDUNode) -> Iterable[ValidationResult]:
    # pkilint logs a trace for each validator that stumbles; it reaches us as a FATAL finding.
    logging.getLogger("pkilint").setLevel(logging.CRITICAL)
    results: Iterable[ValidationResult] = judge.validate(root)
    return results


def _remarks(results: Iterable[ValidationResult], least: str) -> Iterator[Remark]:
    from pkilint.validation import ValidationFindingSeverity as Severity  # noqa: PLC0415

    for result in results:
        for description in result.finding_descriptions:
            if description.finding.severity <= Severity[least]:
                path = str(result.node.path)
                yield Remark(description.finding.code, path, str(description.message or "")[:200])


def _unreadable(error: Exception) -> Remark:
    return Remark("unreadable", "the whole object", f"{type(error).__name__}: {str(error)[:160]}")


@lru_cache(maxsize=1)
def _certificate_judge() -> ValidatorContainer:
    from pkilint.pkix import certificate as profile  # noqa: PLC0415
    from pkilint.pkix import extension, name  # noqa: PLC0415

    # Each list is its own: pkilint appends to what it is given.
    return profile.create_pkix_certificate_validator_container(
        profile.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            profile.create_issuer_validator_container([]),
            profile.create_validity_validator_container(),
            profile.create_subject_validator_container([]),
            profile.create_extensions_validator_container([]),
            profile.create_spki_validator_container([]),
        ],
    )


@lru_cache(maxsize=1)
def _pair_judges() -> tuple[ValidatorContainer, ValidatorContainer]:
    """What reads both certificates, and what compares them.

    Without the comparison of signature and key: there is no signature yet. The one that is made
    is verified by whoever makes it.
    """
    from pkilint import document, pkix, validation  # noqa: PLC0415
    from pkilint.pkix import algorithm, extension, key, name  # noqa: PLC0415
    from pkilint.pkix import certificate as profile  # noqa: PLC0415
    from pkilint.pkix.certificate import certificate_extension  # noqa: PLC0415
    from pyasn1_alt_modules import rfc5280  # noqa: PLC0415

    def identifier_of_subject(node: PDUNode) -> Any:
        subject = document.get_document_by_name(node, "subject")
        return subject.get_extension_by_oid(rfc5280.id_ce_authorityKeyIdentifier)

    decoding = validation.ValidatorContainer(
        path="certificate",
        validators=[
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
            pkix.create_signature_algorithm_identifier_decoder(
                algorithm.SIGNATURE_ALGORITHM_IDENTIFIER_MAPPINGS,
                path="certificate.tbsCertificate.signature",
            ),
            profile.create_spki_decoder(
                key.SUBJECT_PUBLIC_KEY_ALGORITHM_IDENTIFIER_MAPPINGS,
                key.SUBJECT_KEY_PARAMETER_ALGORITHM_IDENTIFIER_MAPPINGS,
            ),
        ],
    )
    comparing = validation.ValidatorContainer(
        validators=[
            name.IssuerSubjectNameBinaryEqualValidator(
                path="certificate.tbsCertificate.subject",
                subject_document_issuer_dn_path="subject:certificate.tbsCertificate.issuer",
            ),
            extension.IssuerSubjectKeyIdentifierBinaryEqualValidator(
                subject_auth_key_id_retriever=identifier_of_subject
            ),
            certificate_extension.IssuerSubjectPolicyChainValidator(),
        ]
    )
    return decoding, comparing


@lru_cache(maxsize=1)
def _crl_judge() -> ValidatorContainer:
    from pkilint import pkix  # noqa: PLC0415
    from pkilint.pkix import crl as profile  # noqa: PLC0415
    from pkilint.pkix import extension, name  # noqa: PLC0415

    return profile.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            profile.create_issuer_validator_container([]),
            profile.create_validity_validator_container([]),
            profile.create_extensions_validator_container([]),
        ],
    )


@lru_cache(maxsize=1)
def _answer_judge() -> ValidatorContainer:
    from pkilint import pkix  # noqa: PLC0415
    from pkilint.pkix import extension, name, ocsp  # noqa: PLC0415

    return ocsp.create_pkix_ocsp_response_validator_container(
        [
            ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )
