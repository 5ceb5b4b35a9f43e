"""PKI5021: the subject is the declared one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate
from pki_schema.x509.oids import NAME_ATTRIBUTES

CODE = "PKI5021"

_PRINTABLE, _IA5, _UTF8 = 0x13, 0x16, 0x0C
_TAGS = {
    NAME_ATTRIBUTES["C"]: _PRINTABLE,
    NAME_ATTRIBUTES["serialNumber"]: _PRINTABLE,
    NAME_ATTRIBUTES["DC"]: _IA5,
}
_ALPHABETS = {
    _PRINTABLE: re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*"),
    _IA5: re.compile(r"[\x00-\x7f]*"),
}
# RFC 5280 appendix A.1, upper bounds in characters.
_LONGEST = {
    NAME_ATTRIBUTES[short]: bound
    for short, bound in (
        ("CN", 64), ("serialNumber", 64), ("C", 2), ("L", 128), ("ST", 128), ("O", 64), ("OU", 64),
    )
}  # fmt: skip


def subject_name(_context: CertificateContext) -> Rule[CertificateFacts]:
    """Attributes, order and string types as declared; a CA has a name.

    RFC 5280 sections 4.1.2.4 and 4.1.2.6: PrintableString for country and serial number, IA5String
    for domain components, UTF8String for all else.
    """

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        profile = facts.meaning.profile
        found = [(oid, value) for oid, _, value in draft.attributes]
        if found != list(profile.subject):
            yield f"the subject is {found}, declared is {list(profile.subject)}"
        if profile.ca and not found:
            yield "a CA without a name"
        for oid, tag, value in draft.attributes:
            alphabet = _ALPHABETS.get(tag)
            if tag != _TAGS.get(oid, _UTF8) or (alphabet and not alphabet.fullmatch(value)):
                yield f'"{value[:80]}" has a string type that does not fit attribute {oid}'
            if not 0 < len(value) <= _LONGEST.get(oid, 255):
                yield f"attribute {oid} has {len(value)} characters"

    return on_certificate(CODE, check)
