"""What a template says of all certificates made from it, as a profile; a CA says some likewise."""

from __future__ import annotations

from pki_schema.desired import Profile
from pki_schema.kinds.parts import PolicyInformation
from pki_schema.load.complete import CompleteTemplate
from pki_schema.x509 import oids


def plain(values: tuple[str, ...]) -> tuple[str, ...]:
    """Sorted, without repeats, and free of field classes: equal meanings are equal bytes."""
    return tuple(sorted({str.__str__(value) for value in values}))


def policies(written: tuple[PolicyInformation, ...]) -> tuple[tuple[str, str], ...]:
    """(OID, CPS URI or nothing), sorted."""
    return tuple(
        sorted({(str.__str__(p.oid), str.__str__(p.cps) if p.cps else "") for p in written})
    )


def profile_of(template: CompleteTemplate, algorithm: str) -> Profile:
    """The profile of all its certificates with one kind of key: issuer, subject and names are still
    to be put in.
    """
    return Profile(
        issuer="",
        subject=(),
        key_usages=_key_usages(template, algorithm),
        extended_key_usages=plain(tuple(template.extended_key_usages)),
        extended_key_usage_critical=template.extended_key_usage_critical,
        policies=policies(template.policies),
        extra_extensions=template.extra_extensions,
        ocsp_no_check=template.ocsp_no_check,
        status_pointers=template.status_pointers,
        duration=template.duration,
        key_algorithm=str.__str__(algorithm),
    )


def _key_usages(template: CompleteTemplate, algorithm: str) -> tuple[str, ...]:
    """A template's key usages for a kind of key: only RSA keys can encipher keys (RFC 8813)."""
    words = plain(tuple(usage for usage in template.usages if usage in oids.KEY_USAGES))
    rsa = algorithm.startswith("RSA-")
    return tuple(word for word in words if rsa or word != "key encipherment")
