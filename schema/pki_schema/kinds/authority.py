"""``CertificateAuthority``: a root or a subordinate CA, its key, its scope and its status."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pki_schema.fields import Duration, HttpUrl, Name, Usage
from pki_schema.kinds.envelope import Strict, about
from pki_schema.kinds.parts import (
    AuthorityKey,
    CrlSettings,
    DistinguishedName,
    NameConstraints,
    OcspSettings,
    PolicyInformation,
)

SignatureAlgorithm = Literal[
    "ECDSA-SHA256",
    "ECDSA-SHA384",
    "ECDSA-SHA512",
    "RSA-SHA256",
    "RSA-SHA384",
    "RSA-SHA512",
    "Ed25519",
    "ML-DSA-44",
    "ML-DSA-65",
    "ML-DSA-87",
]


class CertificateAuthoritySpec(Strict, frozen=True, kw_only=True):
    """Without ``parent`` a self-signed root.

    ``issues_for`` is how long this CA issues, from its own beginning. What is left of its
    ``duration`` then is the longest life that it can give, because validity is never clamped.
    ``generation`` counts keys: raising it makes a new key, and needs a new subject.
    ``base_urls`` go into every certificate issued and are frozen with them.
    """

    subject: DistinguishedName
    private_key: Annotated[AuthorityKey, about("The CA's own key.", {"algorithm": "P-384"})]
    signature_algorithm: Annotated[
        SignatureAlgorithm | None,
        about("How the CA signs; as its key is used to if left out.", "ECDSA-SHA384"),
    ] = None
    duration: Annotated[Duration, about("How long the CA's certificate is valid.", "1826d")]
    issues_for: Annotated[
        Duration,
        about("How long the CA issues; what is left then is the longest life it gives.", "1461d"),
    ]
    base_urls: Annotated[
        tuple[HttpUrl, ...],
        about(
            "Where CRLs, OCSP answers and CA certificates are found; goes into certificates.",
            ["http://pki.vcc.internal"],
        ),
    ] = msgspec.field(name="baseURLs")
    parent: Annotated[
        Name | None, about("The CA that certifies this one; a root has none.", "vcc-root")
    ] = None
    cross_signs: Annotated[
        tuple[Name, ...],
        about("CAs that certify this one too, for those who trust them.", ["partner-root"]),
    ] = ()
    generation: Annotated[
        int, about("Counts keys: a higher one makes a new key and needs a new subject.", 2)
    ] = 1
    path_length: Annotated[int | None, about("How many CAs may follow below.", 0)] = None
    usages: Annotated[
        tuple[Usage, ...],
        about("Extended key usages of all that is issued below.", ["server auth", "client auth"]),
    ] = ()
    name_constraints: Annotated[
        NameConstraints | None,
        about("What may be named below.", {"permitted": {"dnsDomains": ["vcc.local"]}}),
    ] = None
    policies: Annotated[
        tuple[PolicyInformation, ...],
        about("Certificate policies; 2.5.29.32.0 stands for any.", [{"oid": "2.5.29.32.0"}]),
    ] = ()
    crl: Annotated[
        CrlSettings, about("How CRLs are made.", {"validity": "7d", "refresh": "1d"})
    ] = msgspec.field(default_factory=CrlSettings)
    ocsp: Annotated[
        OcspSettings,
        about("How OCSP answers are made.", {"mode": "presigned", "template": "vcc-ocsp"}),
    ] = msgspec.field(default_factory=OcspSettings)
    offline: Annotated[
        bool, about("The key lies in a store of its own, not with the daemon.", True)
    ] = False
    lifecycle: Annotated[
        Literal["active", "retired", "revoked"],
        about("A retired CA issues nothing more, and keeps its status until it ends.", "active"),
    ] = "active"

    @property
    def longest_child(self) -> Duration:
        """The longest life of what this CA certifies, in seconds."""
        return Duration(self.duration - self.issues_for)
