"""What specs of the kinds that govern issuance say against themselves, one function per kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pki_schema import instants
from pki_schema.fields import Duration
from pki_schema.kinds import (
    ApprovalSpec,
    ChangeWindowSpec,
    CommunicationPolicySpec,
    PolicySpec,
    RoleBindingSpec,
    TimestampAuthoritySpec,
    TrustBundleSpec,
)
from pki_schema.kinds.policy import PolicyAllowed, PolicyConstraints
from pki_schema.kinds.window import Weekly
from pki_schema.load.subjects import Fault

WEEK = Duration(7 * 86_400)
HIGHEST_ACCURACY = 60
"""Seconds: a time-stamp that may be off by more than a minute stamps nothing."""


def policy(spec: PolicySpec) -> Iterator[Fault]:
    """A policy that refuses something, with tests that can come out as they say."""
    nothing = (PolicyAllowed(), PolicyConstraints(), ())
    if (spec.allowed, spec.constraints, spec.validations) == nothing:
        yield (), "PKI2260", "the policy has no rule", "give allowed, constraints or validations"
    bounds = spec.constraints
    if bounds.min_duration and bounds.max_duration and bounds.min_duration > bounds.max_duration:
        message = f"minDuration {bounds.min_duration} is longer than maxDuration"
        yield ("constraints", "minDuration"), "PKI2261", message, ""
    if bounds.max_names is not None and bounds.max_names < 1:
        yield ("constraints", "maxNames"), "PKI2261", "every certificate has a name", ""
    actions = spec.validation_actions
    # As Kubernetes: a refusal need not be repeated as a warning.
    if not actions or {"Deny", "Warn"} <= set(actions):
        message = "validationActions are Deny or Warn, and Audit"
        yield ("validationActions",), "PKI2262", message, "write e.g. [Deny, Audit]"
    for index, test in enumerate(spec.tests):
        if test.expect not in ("Allow", *actions):
            message = f"the policy never says {test.expect}"
            yield ("tests", index, "expect"), "PKI2263", message, "see validationActions"


def communication(spec: CommunicationPolicySpec, *, tenant: str) -> Iterator[Fault]:
    """Rules that let somebody call somebody, of a tenant that can be told."""
    for index, rule in enumerate(spec.rules):
        for side, references in (("from", rule.callers), ("to", rule.services)):
            if not references:
                yield ("rules", index, side), "PKI2265", f"{side} names nobody", ""
            for place, reference in enumerate(references):
                if not reference.within(tenant)[0]:
                    message = f'"{reference}" names no tenant'
                    path = ("rules", index, side, place)
                    yield path, "PKI2266", message, f"write tenant/{reference}"


def timestamping(spec: TimestampAuthoritySpec) -> Iterator[Fault]:
    """RFC 3161 section 2.4.2: accuracy in parts of 1 to 999; and every document type once."""
    accuracy = spec.accuracy
    parts = (accuracy.seconds, accuracy.millis, accuracy.micros)
    if not any(parts) or any(part < 0 for part in parts) or max(parts[1:]) > 999:
        message = "an accuracy has seconds from 0, and millis and micros from 0 to 999, not all 0"
        yield ("accuracy",), "PKI2270", message, "write e.g. {seconds: 1}"
    elif accuracy.seconds > HIGHEST_ACCURACY:
        message = f"a time that may be off by {accuracy.seconds} seconds says nothing"
        yield ("accuracy", "seconds"), "PKI2270", message, f"the most is {HIGHEST_ACCURACY}"
    if not spec.digests:
        yield ("digests",), "PKI2271", "without a digest nothing can be stamped", ""
    names = [document.name for document in spec.document_types]
    for index in _repeated(names):
        path = ("documentTypes", index, "name")
        yield path, "PKI2272", f'document type "{names[index]}" is there twice', ""


def trust(spec: TrustBundleSpec) -> Iterator[Fault]:
    """CAs and formats; a trust domain where a format has one."""
    for field, given in (("authorities", spec.authorities), ("formats", spec.formats)):
        if not given:
            yield (field,), "PKI2275", f"a bundle without {field} is empty", ""
        for index in _repeated(given):
            yield (field, index), "PKI2275", f'"{given[index]}" is there twice', ""
    if "spiffe" in spec.formats and spec.trust_domain is None:
        message = "a SPIFFE bundle is for one trust domain"
        yield ("formats",), "PKI2276", message, "give trustDomain, e.g. vcc.local"
    if "spiffe" not in spec.formats and spec.trust_domain is not None:
        message = "only a SPIFFE bundle has a trust domain"
        yield ("trustDomain",), "PKI2276", message, "add spiffe to formats, or leave it out"


def roles(spec: RoleBindingSpec) -> Iterator[Fault]:
    """A role with a scope, and holders that can be told apart."""
    everywhere = spec.role == "pki_super_admin"
    if everywhere and spec.tenants:
        message = "pki_super_admin is held everywhere"
        yield ("tenants",), "PKI2281", message, "leave tenants out"
    if not everywhere and not spec.tenants:
        yield ("role",), "PKI2281", f"{spec.role} is held in tenants", "give tenants"
    account = spec.role == "service_account"
    if bool(spec.services) != account:
        message = "services are for a service_account, which has at least one"
        yield ("services" if spec.services else "role",), "PKI2282", message, ""
    for index, reference in enumerate(spec.services):
        if reference.within("")[0] not in spec.tenants:
            message = f'"{reference}" is no service of these tenants'
            yield ("services", index), "PKI2283", message, "write tenant/service"
    if not spec.principals:
        yield ("principals",), "PKI2280", "nobody holds the role", ""
    for field, given in (
        ("name", [p.name for p in spec.principals]),
        ("sshKey", [p.ssh_key for p in spec.principals]),
    ):
        for index in _repeated(given):
            yield ("principals", index, field), "PKI2284", f"the {field} is there twice", ""


def approval(spec: ApprovalSpec) -> Iterator[Fault]:
    """Signatures of distinct principals."""
    if not spec.signatures:
        yield ("signatures",), "PKI2285", "nobody has signed", ""
    names = [signature.principal for signature in spec.signatures]
    for index in _repeated(names):
        path = ("signatures", index, "principal")
        yield path, "PKI2285", f'"{names[index]}" has signed twice and counts once', ""


def window(spec: ChangeWindowSpec) -> Iterator[Fault]:
    """From one instant to a later one, or every week for less than a week."""
    once = (spec.starts, spec.ends)
    if (spec.weekly is None and None in once) or (spec.weekly is not None and once != (None, None)):
        message = "a window is from starts to ends, or weekly"
        yield (), "PKI2290", message, "give starts and ends, or weekly"
    elif spec.starts is not None and spec.ends is not None:
        if instants.parse(spec.ends) <= instants.parse(spec.starts):
            yield ("ends",), "PKI2291", "it ends before it starts", ""
    elif spec.weekly is not None:
        yield from _weekly(spec.weekly)


def _weekly(weekly: Weekly) -> Iterator[Fault]:
    if not weekly.days:
        yield ("weekly", "days"), "PKI2292", "it begins on no day", ""
    for index in _repeated(weekly.days):
        yield ("weekly", "days", index), "PKI2292", f"{weekly.days[index]} is there twice", ""
    if weekly.duration >= WEEK:
        yield ("weekly", "duration"), "PKI2292", "it would never end", "less than a week"


def _repeated(given: Iterable[str]) -> Iterator[int]:
    """The indices of what stood there before."""
    seen: set[str] = set()
    for index, one in enumerate(given):
        if one in seen:
            yield index
        seen.add(one)
