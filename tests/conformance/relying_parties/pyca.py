"""The verifier of pyca, with its own profile of the public web."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from tests.conformance.relying_parties.evidence import Presented, Role
from tests.conformance.relying_parties.verdicts import Verdict, one_by_one, told

WORDS = {
    "cert is not valid at validation time": Verdict.EXPIRED,
    "candidates exhausted: signature does not match": Verdict.UNTRUSTED,
    "candidates exhausted: unsupported name constraint": Verdict.UNREADABLE,
    "required EKU not found": Verdict.MISUSED,
    "leaf certificate has no matching subjectAltName": Verdict.MISUSED,
}


def ask(presented: Presented, _folder: Path) -> Verdict:
    anchor = x509.load_pem_x509_certificate(presented.anchor.read_bytes())
    builder = PolicyBuilder().store(Store([anchor])).time(presented.at)
    try:
        if presented.role is Role.SERVER:
            server = builder.build_server_verifier(x509.DNSName(presented.host))
            server.verify(presented.certificate, presented.line)
        else:
            builder.build_client_verifier().verify(presented.certificate, presented.line)
    except VerificationError as error:
        return told(str(error), WORDS)
    return Verdict.ACCEPTED


judge = one_by_one(ask)
