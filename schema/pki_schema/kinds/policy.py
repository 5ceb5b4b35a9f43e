"""``Policy``: what may be issued, beyond what templates and tenants allow."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pki_schema.fields import DnsName, Duration, Expression, Name, Text, Usage
from pki_schema.kinds.envelope import Strict, about
from pki_schema.kinds.parts import KeyRule
from pki_schema.kinds.template import NameType

Action = Literal["Deny", "Warn", "Audit"]
"""Kubernetes' ``validationActions``: refuse, tell the author, tell the auditor."""


class PolicySelector(Strict, frozen=True, kw_only=True):
    """Which certificates a policy is about; a list left out means all."""

    tenants: Annotated[tuple[Name, ...], about("Of these tenants.", ["partner"])] = ()
    templates: Annotated[
        tuple[Name, ...], about("Made from these templates.", ["vcc-service"])
    ] = ()
    authorities: Annotated[tuple[Name, ...], about("Issued by these CAs.", ["vcc-people"])] = ()


class PolicyAllowed(Strict, frozen=True, kw_only=True):
    """What may stand in a certificate; a list left out closes nothing."""

    dns_suffixes: Annotated[
        tuple[DnsName, ...], about("DNS names lie below one of these.", ["vcc.local"])
    ] = ()
    name_types: Annotated[
        tuple[NameType, ...], about("No other types of names.", ["dns", "uri"])
    ] = ()
    usages: Annotated[tuple[Usage, ...], about("No other usages.", ["client auth"])] = ()


class PolicyConstraints(Strict, frozen=True, kw_only=True):
    """Bounds of a certificate's life, names and key."""

    min_duration: Annotated[Duration | None, about("No certificate is shorter.", "7d")] = None
    max_duration: Annotated[Duration | None, about("No certificate is longer.", "90d")] = None
    max_names: Annotated[int | None, about("At most so many names.", 10)] = None
    private_key: Annotated[
        KeyRule | None, about("Which keys are certified.", {"algorithms": ["P-256", "P-384"]})
    ] = None


class Validation(Strict, frozen=True, kw_only=True):
    """A rule in CEL that has to be true of every certificate."""

    expression: Annotated[
        Expression, about("True for what is in order.", "size(certificate.dnsNames) <= 3")
    ]
    message: Annotated[Text, about("What the author of a certificate is told.", "Too many names")]


class PolicyCase(Strict, frozen=True, kw_only=True):
    """A certificate to try the policy on."""

    tenant: Annotated[Name | None, about("Its tenant.", "vcc")] = None
    service: Annotated[Name | None, about("Its service.", "argus-backend")] = None
    template: Annotated[Name | None, about("Its template.", "vcc-service")] = None
    issuer: Annotated[Name | None, about("Its issuing CA.", "vcc-services")] = None
    dns_names: Annotated[tuple[DnsName, ...], about("Its names.", ["a.vcc.local"])] = ()
    usages: Annotated[tuple[Usage, ...], about("Its usages.", ["server auth"])] = ()
    key_algorithm: Annotated[str | None, about("Its key.", "P-256")] = None
    duration: Annotated[Duration | None, about("Its life.", "90d")] = None


class PolicyTest(Strict, frozen=True, kw_only=True):
    """An example that keeps the policy honest: checked whenever the repository is."""

    name: Annotated[Text, about("What it shows.", "a year is too long")]
    given: Annotated[PolicyCase, about("The certificate.", {"duration": "365d"})]
    expect: Annotated[
        Literal["Allow", "Deny", "Warn", "Audit"], about("What the policy says.", "Deny")
    ]


class PolicySpec(Strict, frozen=True, kw_only=True):
    """``allowed`` and ``constraints`` first, ``validations`` in CEL for the rest.

    Below ``tenants/<t>/`` a policy is about that tenant alone and can only tighten.
    """

    description: Annotated[Text | None, about("For people.", "Short lives for partners")] = None
    selector: Annotated[
        PolicySelector,
        about("Which certificates it is about; all if left out.", {"tenants": ["partner"]}),
    ] = msgspec.field(default_factory=PolicySelector)
    allowed: Annotated[
        PolicyAllowed, about("What may stand in them.", {"nameTypes": ["dns", "uri"]})
    ] = msgspec.field(default_factory=PolicyAllowed)
    constraints: Annotated[PolicyConstraints, about("Bounds.", {"maxDuration": "90d"})] = (
        msgspec.field(default_factory=PolicyConstraints)
    )
    validations: Annotated[
        tuple[Validation, ...],
        about(
            "Rules in CEL.",
            [{"expression": "certificate.duration <= duration('90d')", "message": "Too long"}],
        ),
    ] = ()
    validation_actions: Annotated[
        tuple[Action, ...], about("What happens to what is not in order.", ["Deny"])
    ] = ("Deny",)
    tests: Annotated[
        tuple[PolicyTest, ...],
        about(
            "Examples, checked with the repository.",
            [{"name": "a year", "given": {"duration": "365d"}, "expect": "Deny"}],
        ),
    ] = ()
