"""Whether an object that governs may say what it says of others: tenants, time, signers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pki_schema.desired import GLOBAL, Declared, DesiredState
from pki_schema.errors import Problem, Severity
from pki_schema.fields import Duration, ServiceReference
from pki_schema.kinds import (
    ApprovalSpec,
    CertificateAuthoritySpec,
    CommunicationPolicySpec,
    PolicySpec,
    RoleBindingSpec,
    TenantSpec,
    TimestampAuthoritySpec,
    TrustBundleSpec,
)
from pki_schema.load.inherit import Templates
from pki_schema.load.links import Path, authority, tenant
from pki_schema.load.tree import at, nearest
from pki_schema.x509.algorithms import ALGORITHMS

DOCUMENTATION_ARC = "1.3.6.1.4.1.32473"
"""RFC 5612: for examples. Nobody's policy stands there."""


def policy_problems(declared: Declared, spec: PolicySpec) -> Iterator[Problem]:
    """A tenant's policy is about that tenant (PKI4082)."""
    own = declared.identity.tenant
    for i, name in enumerate(spec.selector.tenants):
        if own and name != own:
            message = f'a policy of tenant "{own}" says nothing about tenant "{name}"'
            yield Problem(at(declared, "spec", "selector", "tenants", i), "PKI4082", message)


def trust_problems(
    state: DesiredState, declared: Declared, spec: TrustBundleSpec
) -> Iterator[Problem]:
    """Whether the keys of these CAs can be written as a SPIFFE bundle has them (PKI4089)."""
    if "spiffe" not in spec.formats:
        return
    for i, name in enumerate(spec.authorities):
        found = state.objects.get(authority(name))
        if found is None or not isinstance(found.spec, CertificateAuthoritySpec):
            continue
        algorithm = found.spec.private_key.algorithm
        if not ALGORITHMS[algorithm].jwk:
            message = f'the key of CA "{name}" ({algorithm}) has no form in a SPIFFE bundle'
            hint = "leave spiffe out of formats, or give this CA a bundle of its own"
            yield Problem(at(declared, "spec", "authorities", i), "PKI4089", message, hint)


def communication_problems(
    state: DesiredState, declared: Declared, spec: CommunicationPolicySpec
) -> Iterator[Problem]:
    """Who is opened to whom: by whose owner (PKI4080), and whether its isolation lets it (PKI4081).

    The side that is called grants; a strict tenant lets nobody in.
    """
    own = declared.identity.tenant
    for i, rule in enumerate(spec.rules):
        path: Path = ("spec", "rules", i)
        for j, called in enumerate(rule.services):
            whose = called.within(own)[0]
            if own and whose != own:
                message = f'"{called}" is not a service of tenant "{own}", which cannot open it'
                yield Problem(at(declared, *path, "to", j), "PKI4080", message)
            elif _is_strict(state, whose):
                yield from _let_in(declared, path, rule.callers, whose)


def timestamp_problems(
    templates: Templates, declared: Declared, spec: TimestampAuthoritySpec
) -> Iterator[Problem]:
    """Whether CA, template and key make a time-stamp unit (PKI3004, PKI4085, PKI4086)."""
    if spec.policy == DOCUMENTATION_ARC or spec.policy.startswith(f"{DOCUMENTATION_ARC}."):
        message = f"{spec.policy} is an arc for documentation (RFC 5612)"
        hint = "write a policy of the operator's own arc before anything depends on it"
        where = at(declared, "spec", "policy")
        yield Problem(where, "PKI4087", message, hint, Severity.WARNING)
    complete = templates.complete(spec.template)
    if complete is None:
        return
    where = at(declared, "spec", "template")
    if spec.issuer_ref not in complete.issuers:
        message = f'template "{complete.name}" is not issued by "{spec.issuer_ref}"'
        hint = f"it is issued by: {', '.join(complete.issuers) or 'no CA'}"
        yield Problem(at(declared, "spec", "issuerRef"), "PKI3004", message, hint)
    # RFC 3161 section 2.3: the one extended key usage of a time-stamp unit.
    if complete.extended_key_usages != {"timestamping"}:
        message = f'template "{complete.name}" is not for time-stamp units'
        yield Problem(where, "PKI4085", message, "its only extended usage is timestamping")
    if spec.private_key.usage_period >= complete.duration:
        life = Duration(complete.duration)
        message = f"the key would sign for {spec.private_key.usage_period} of a life of {life}"
        hint = "what is stamped last has to be verified for a while, too"
        yield Problem(at(declared, "spec", "privateKey", "usagePeriod"), "PKI4086", message, hint)
    if spec.private_key.algorithm not in complete.algorithms:
        message = f'template "{complete.name}" does not certify {spec.private_key.algorithm} keys'
        hint = f"use one of: {', '.join(complete.algorithms)}"
        yield Problem(at(declared, "spec", "privateKey", "algorithm"), "PKI4086", message, hint)


def approval_problems(
    state: DesiredState, declared: Declared, spec: ApprovalSpec
) -> Iterator[Problem]:
    """Who signed should be known (PKI3011); the signature of a stranger counts for nothing."""
    known = {p.name for binding in _bindings(state) for p in binding[1].principals}
    for i, signature in enumerate(spec.signatures):
        if signature.principal not in known:
            message = f'no RoleBinding knows "{signature.principal}"'
            where = at(declared, "spec", "signatures", i, "principal")
            hint = nearest(signature.principal, known)
            yield Problem(where, "PKI3011", message, hint, Severity.WARNING)


def principal_problems(state: DesiredState, judged: Declared) -> Iterator[Problem]:
    """One name has one key and one key one name, in all bindings together (PKI4088)."""
    keys: defaultdict[str, set[str]] = defaultdict(set)
    names: defaultdict[str, set[str]] = defaultdict(set)
    for _, spec in _bindings(state):
        for principal in spec.principals:
            keys[principal.name].add(principal.ssh_key)
            names[principal.ssh_key].add(principal.name)
    if not isinstance(judged.spec, RoleBindingSpec):
        return
    for i, principal in enumerate(judged.spec.principals):
        where = at(judged, "spec", "principals", i, "sshKey")
        if len(keys[principal.name]) > 1:
            yield Problem(where, "PKI4088", f'"{principal.name}" has another key elsewhere')
        others = sorted(names[principal.ssh_key] - {principal.name})
        if others:
            message = f'the key of "{principal.name}" is that of "{others[0]}", too'
            yield Problem(where, "PKI4088", message)


def _bindings(state: DesiredState) -> Iterator[tuple[Declared, RoleBindingSpec]]:
    for declared in state.objects.values():
        if isinstance(declared.spec, RoleBindingSpec):
            yield declared, declared.spec


def _is_strict(state: DesiredState, name: str) -> bool:
    """Also of a tenant that does not exist: what is not known is closed."""
    found = state.objects.get(tenant(name))
    spec = found.spec if found else None
    return not isinstance(spec, TenantSpec) or spec.isolation == "strict"


def _let_in(
    declared: Declared, path: Path, callers: tuple[ServiceReference, ...], whose: str
) -> Iterator[Problem]:
    for j, caller in enumerate(callers):
        if caller.within(declared.identity.tenant or GLOBAL)[0] not in ("", whose):
            message = f'tenant "{whose}" is strict and lets nobody in, not "{caller}" either'
            where = at(declared, *path, "from", j)
            yield Problem(where, "PKI4081", message, "see its isolation")
