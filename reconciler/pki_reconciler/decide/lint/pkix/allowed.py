"""What pkilint says that does not count here, each with the reason why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pki_reconciler.decide.lint.pkix.judges import Remark

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"(?:{_LABEL}\.)*{_LABEL}"
"""RFC 1123 section 2.1: letters, digits and hyphens in labels, as many labels as one likes."""


@dataclass(frozen=True)
class Allowed:
    """Remarks with this code, at a node whose path ends so, with a message that is so (regexes).

    ``roots``: only about self-signed certificates.
    """

    code: str
    path: str
    message: str
    reason: str
    roots: bool = False

    def covers(self, remark: Remark, *, root: bool) -> bool:
        return (
            remark.code == self.code
            and re.search(rf"(?:{self.path})\Z", remark.path) is not None
            and re.fullmatch(self.message, remark.message) is not None
            and (root or not self.roots)
        )


ALLOWED = (
    Allowed(
        "pkix.invalid_uri_syntax",
        r"\.subjectAltName\.\d+\.uniformResourceIdentifier",
        r'Invalid URI syntax: "(?!https?:)[a-z][a-z0-9+.-]*:[!-~]+"',
        "pkilint knows a closed list of schemes, spiffe not among them; ours (PKI5017) judges all",
    ),
    Allowed(
        "pkix.invalid_uri_syntax",
        r"\.(?:accessLocation|fullName\.\d+|subjectAltName\.\d+)\.uniformResourceIdentifier",
        rf'Invalid URI syntax: "https?://{_HOST}(?::\d+)?(?:/[A-Za-z0-9._~/-]*)?"',
        "pkilint wants a public suffix; http://pki/ is a URI in a network without one",
    ),
    Allowed(
        "pkix.invalid_uri_syntax",
        r"Subtrees\.\d+\.base\.uniformResourceIdentifier",
        rf'Invalid URI syntax: "\.?{_HOST}"',
        "pkilint wants a public suffix of a constraint's host",
    ),
    Allowed(
        "pkix.invalid_domain_name_syntax",
        r"\.dNSName",
        rf'Invalid domain name syntax: "(?:\*\.)?{_HOST}"',
        "pkilint wants a public suffix; a host of one label is a name in a network without one",
    ),
    Allowed(
        "pkix.invalid_email_address_syntax",
        r"\.rfc822Name",
        rf'Invalid e-mail address syntax: "(?:[!#-~]+@|\.)?{_HOST}"',
        "pkilint wants a public suffix of a mail domain",
    ),
    Allowed(
        "pkix.authority_key_identifier_extension_absent",
        r"certificate",
        r"",
        "optional in a self-signed certificate; a draft has no signature yet to be told by",
        roots=True,
    ),
)


def counting(remarks: tuple[Remark, ...], *, root: bool = False) -> tuple[Remark, ...]:
    """The remarks that no line above covers; ``root``: about a self-signed certificate."""
    return tuple(r for r in remarks if not any(a.covers(r, root=root) for a in ALLOWED))
