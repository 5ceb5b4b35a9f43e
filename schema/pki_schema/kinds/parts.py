"""Parts that several kinds share."""

from __future__ import annotations

from typing import Annotated

import msgspec

from pki_schema.fields import (
    DnsName,
    Duration,
    EmailAddress,
    IpRange,
    KeyAlgorithm,
    MailSubtree,
    Oid,
    Text,
    Uri,
    UriSubtree,
)
from pki_schema.kinds.envelope import Strict, about

RelativeName = dict[str, Text]
"""One relative distinguished name with one attribute, e.g. ``{CN: VCC Root CA G1}``."""

DistinguishedName = Annotated[
    tuple[RelativeName, ...],
    about(
        "The subject in order, one attribute each: C, ST, L, O, OU, CN, … or an OID.",
        [{"C": "DE"}, {"O": "VCC - Veritas Control Center"}, {"CN": "VCC Services CA G1"}],
    ),
]


class PolicyInformation(Strict, frozen=True, kw_only=True):
    """A certificate policy (RFC 5280 section 4.2.1.4)."""

    oid: Annotated[Oid, about("The policy's object identifier.", "2.5.29.32.0")]
    cps: Annotated[
        Uri | None,
        about("Where the practice statement can be read.", "http://pki.vcc.internal/cps"),
    ] = None


class NameSubtrees(Strict, frozen=True, kw_only=True):
    """Subtrees per name type (RFC 5280 section 4.2.1.10).

    For DNS names a domain is itself and all below it. For mail and URIs it is that host alone, and
    with a leading dot only what lies below it; ``email_domains`` may also be single mailboxes.
    """

    dns_domains: Annotated[
        tuple[DnsName, ...], about("DNS names: each with all that lies below.", ["vcc.local"])
    ] = ()
    ip_ranges: Annotated[
        tuple[IpRange, ...], about("IPv4 and IPv6 networks.", ["172.21.0.0/16"])
    ] = ()
    email_domains: Annotated[
        tuple[MailSubtree, ...],
        about("Mail hosts; with a leading dot all below.", ["vcc.internal", ".vcc.internal"]),
    ] = ()
    uri_domains: Annotated[
        tuple[UriSubtree, ...],
        about("Hosts of URIs; with a leading dot all below.", ["api.vcc.local", ".vcc.local"]),
    ] = ()


class NameConstraints(Strict, frozen=True, kw_only=True):
    """What a CA may name. ``critical`` stays true unless old software forces otherwise."""

    critical: Annotated[
        bool, about("False only where software refuses what it does not know.", True)
    ] = True
    permitted: Annotated[
        NameSubtrees,
        about("Names of these types lie in one of these subtrees.", {"dnsDomains": ["vcc.local"]}),
    ] = msgspec.field(default_factory=NameSubtrees)
    excluded: Annotated[
        NameSubtrees, about("No name lies in one of these.", {"ipRanges": ["0.0.0.0/0", "::/0"]})
    ] = msgspec.field(default_factory=NameSubtrees)


class CrlSettings(Strict, frozen=True, kw_only=True):
    """How the CA's CRLs are made. Times count from a CRL's thisUpdate."""

    validity: Annotated[Duration, about("From thisUpdate to nextUpdate.", "7d")] = msgspec.field(
        default_factory=lambda: Duration(7 * 86_400)
    )
    refresh: Annotated[Duration, about("How old a CRL gets before the next one is made.", "1d")] = (
        msgspec.field(default_factory=lambda: Duration(86_400))
    )
    overlap: Annotated[
        Duration | None,
        about("How long a CRL is still valid when the next is made; instead of refresh.", "6d"),
    ] = None
    keep_expired: Annotated[
        bool, about("Revoked certificates stay listed after they have expired.", True)
    ] = False
    number_floor: Annotated[
        int, about("CRL numbers are never below this: for a CA that comes from elsewhere.", 1000)
    ] = 0
    delta: Annotated[bool, about("Delta CRLs beside the full ones.", True)] = False
    shards: Annotated[int, about("Over how many CRLs the entries are spread.", 16)] = 1

    @property
    def made_anew_after(self) -> Duration:
        """How old a CRL gets, whichever way it is written."""
        return self.refresh if self.overlap is None else Duration(self.validity - self.overlap)


class OcspSettings(Strict, frozen=True, kw_only=True):
    """Whether OCSP answers are signed in advance, by a responder of which template."""

    mode: Annotated[
        str, about("none, presigned, or live: signed when somebody asks.", "presigned")
    ] = "none"
    template: Annotated[
        str | None, about("The template of the CA's responder certificates.", "vcc-ocsp")
    ] = None
    validity: Annotated[Duration, about("From thisUpdate to nextUpdate.", "4d")] = msgspec.field(
        default_factory=lambda: Duration(4 * 86_400)
    )
    refresh_at: Annotated[
        Duration, about("How old an answer gets before the next one is made.", "2d")
    ] = msgspec.field(default_factory=lambda: Duration(2 * 86_400))


class KeyRule(Strict, frozen=True, kw_only=True):
    """Which keys are accepted; ``algorithms`` empty means the whole list."""

    algorithms: Annotated[
        tuple[KeyAlgorithm, ...], about("Any of these; all there are if empty.", ["P-256"])
    ] = ()
    max_age: Annotated[
        Duration | None, about("How long one key may go on being certified.", "730d")
    ] = None


class AuthorityKey(Strict, frozen=True, kw_only=True):
    """The CA's own key."""

    algorithm: Annotated[KeyAlgorithm, about("What the key is made as.", "P-384")]


class Contact(Strict, frozen=True, kw_only=True):
    """Whom to ask."""

    name: Annotated[Text, about("A person or a team.", "VCC platform team")]
    email: Annotated[
        EmailAddress | None, about("Where they read mail.", "platform@vcc.internal")
    ] = None


class Limits(Strict, frozen=True, kw_only=True):
    """How much may happen to a tenant within 24 hours before somebody is asked."""

    revocations: Annotated[int, about("Certificates revoked within 24 hours.", 5)] = 5


class Quotas(Strict, frozen=True, kw_only=True):
    """How much a tenant may declare."""

    certificates: Annotated[int, about("Certificates declared at a time.", 200)] = 10_000
