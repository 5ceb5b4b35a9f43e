"""Whose name is it: names against what is delegated to a tenant and what a CA may name."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from pki_schema.kinds import TenantSpec
from pki_schema.kinds.parts import NameConstraints, NameSubtrees
from pki_schema.x509 import names
from pki_schema.x509.constraints import Typed, shut_out, subtree_fault


def spiffe_domain(tenant: TenantSpec) -> str:
    """The tenant's SPIFFE trust domain."""
    return str.__str__(tenant.spiffe_domain or tenant.zone)


def foreign(kind: str, value: str, tenant: TenantSpec) -> str | None:
    """Why a name is not the tenant's to use, or ``None``."""
    suffixes = (tenant.zone, *tenant.dns_suffixes)
    match kind:
        case "dns":
            return _not_under(value, suffixes)
        case "email" | "upn":
            return _not_under(value.rpartition("@")[2], tenant.email_domains or suffixes)
        case "ip":
            if any(_within(value, network) for network in tenant.ip_ranges):
                return None
            return f"is in none of its ranges: {', '.join(tenant.ip_ranges) or 'it has none'}"
        case "uri":
            return _foreign_uri(value, tenant, suffixes)
        case _:
            return "is of a type that nobody owns"


def beyond(kind: str, value: str, constraints: NameConstraints) -> bool:
    """Whether a CA's name constraints shut a name out (RFC 5280 section 4.2.1.10).

    Subtrees that are none let nothing pass: nobody knows what the CA was to be kept from.
    """
    trees = _judged(constraints)
    if trees is None:
        return True
    permitted, excluded = trees
    return shut_out((kind, value), permitted=permitted, excluded=excluded) is not None


def _foreign_uri(value: str, tenant: TenantSpec, suffixes: Sequence[str]) -> str | None:
    parts, host = names.split_uri(value), names.uri_host(value)
    if parts is None or host is None:
        return "has no host, so it belongs to nobody"
    if parts.scheme.lower() != "spiffe":
        return _not_under(host, suffixes)
    # SPIFFE ID, section 2: a trust domain and a path; no user, port, query or fragment.
    if parts.authority != spiffe_domain(tenant):
        return f'is not of its trust domain "{spiffe_domain(tenant)}"'
    extra = parts.query is not None or parts.fragment is not None
    if parts.path in {"", "/"} or extra or parts.path.endswith("/"):
        return "is not a SPIFFE ID of a workload"
    return None


def _not_under(name: str, suffixes: Sequence[str]) -> str | None:
    if any(names.under(name, suffix) for suffix in suffixes):
        return None
    return f"is not below {' or '.join(suffixes)}"


def _within(address: str, network: str) -> bool:
    return not names.ip_fault(address) and (
        ipaddress.ip_address(address) in ipaddress.ip_network(network)
    )


@lru_cache(maxsize=256)
def _judged(constraints: NameConstraints) -> tuple[tuple[Typed, ...], tuple[Typed, ...]] | None:
    """Permitted and excluded subtrees, or ``None`` if one of them is none."""
    permitted, excluded = _typed(constraints.permitted), _typed(constraints.excluded)
    if any(subtree_fault(*tree) for tree in (*permitted, *excluded)):
        return None
    return permitted, excluded


def _typed(subtrees: NameSubtrees) -> tuple[Typed, ...]:
    trees = {
        "dns": subtrees.dns_domains,
        "ip": subtrees.ip_ranges,
        "email": subtrees.email_domains,
        "uri": subtrees.uri_domains,
    }
    return tuple((kind, str.__str__(tree)) for kind, of in trees.items() for tree in of)
