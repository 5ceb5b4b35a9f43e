"""pyhanko-certvalidator, which demands a CRL for every certificate and fetches nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from asn1crypto import crl, pem, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InvalidCertificateError,
    PathBuildingError,
    RevokedError,
)

from tests.conformance.relying_parties.evidence import Presented
from tests.conformance.relying_parties.verdicts import Verdict, one_by_one


def ask(presented: Presented, _folder: Path) -> Verdict:
    chain = [x509.Certificate.load(der) for der in _all(presented.chain)]
    validator = CertificateValidator(
        x509.Certificate.load(next(_all(presented.cert))),
        intermediate_certs=chain,
        validation_context=ValidationContext(
            trust_roots=[x509.Certificate.load(next(_all(presented.anchor)))],
            crls=[crl.CertificateList.load(der) for der in _all(presented.crls)],
            moment=presented.at,
            revocation_mode="require",
            allow_fetching=False,
        ),
    )
    usage = validator.async_validate_usage({"digital_signature"}, {f"{presented.role}_auth"})
    try:
        asyncio.run(usage)
    except RevokedError:
        return Verdict.REVOKED
    except ExpiredError:
        return Verdict.EXPIRED
    except PathBuildingError:
        return Verdict.UNTRUSTED
    except InvalidCertificateError as error:
        assert "is not valid for the purpose of" in str(error)
        return Verdict.MISUSED
    return Verdict.ACCEPTED


def _all(file: Path) -> Iterator[bytes]:
    for _, _, der in pem.unarmor(file.read_bytes(), multiple=True):
        yield der


judge = one_by_one(ask)
