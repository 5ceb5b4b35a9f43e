"""``TrustBundle``: which CAs a consumer trusts, in the formats it reads."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pki_schema.fields import DnsName, Duration, Name, Text
from pki_schema.kinds.envelope import Strict, about

BundleFormat = Literal["pem", "pkcs12", "spiffe"]


class TrustBundleSpec(Strict, frozen=True, kw_only=True):
    """Every generation of these CAs that has not expired is in the bundle.

    So an old root and its successor are trusted together for as long as both are valid.
    """

    authorities: Annotated[tuple[Name, ...], about("The CAs that are trusted.", ["vcc-root"])]
    formats: Annotated[
        tuple[BundleFormat, ...],
        about("pem for most, pkcs12 for Java, spiffe for workloads.", ["pem", "pkcs12"]),
    ] = ("pem",)
    trust_domain: Annotated[
        DnsName | None, about("With spiffe: the trust domain it is for.", "vcc.local")
    ] = None
    refresh_hint: Annotated[
        Duration, about("With spiffe: how often readers should look again.", "1h")
    ] = msgspec.field(default_factory=lambda: Duration(3_600))
    description: Annotated[Text | None, about("For people.", "What VCC services trust")] = None
