"""Whose name is it: names against what is delegated to a tenant and what a CA may name."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from pki_schema.kinds import TenantSpec
from pki_schema.kinds.parts import NameConstraints, NameSubtrees
from pki_schema.x509 import names


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
        case _:
            return _foreign_uri(value, tenant, suffixes)


def beyond(kind: str, value: str, constraints: NameConstraints) -> bool:
    """Whether a CA's name constraints shut a name out (RFC 5280 section 4.2.1.10)."""
    allowed, excluded = (
        _subtrees(kind, constraints.permitted),
        _subtrees(kind, constraints.excluded),
    )
    return bool(allowed and not any(_matches(kind, value, subtree) for subtree in allowed)) or any(
        _matches(kind, value, subtree) for subtree in excluded
    )


def _foreign_uri(value: str, tenant: TenantSpec, suffixes: Sequence[str]) -> str | None:
    parts = urlsplit(value)
    if parts.scheme != "spiffe":
        host = parts.hostname
        return _not_under(host, suffixes) if host else "has no host, so it belongs to nobody"
    # SPIFFE ID, section 2: a trust domain and a path; no user, port, query or fragment.
    if parts.netloc != spiffe_domain(tenant):
        return f'is not of its trust domain "{spiffe_domain(tenant)}"'
    if parts.path in {"", "/"} or parts.query or parts.fragment or parts.path.endswith("/"):
        return "is not a SPIFFE ID of a workload"
    return None


def _not_under(name: str, suffixes: Sequence[str]) -> str | None:
    if any(names.under(name, suffix) for suffix in suffixes):
        return None
    return f"is not below {' or '.join(suffixes)}"


def _within(address: str, network: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


def _subtrees(kind: str, subtrees: NameSubtrees) -> Sequence[str]:
    match kind:
        case "dns":
            return subtrees.dns_domains
        case "ip":
            return subtrees.ip_ranges
        case "email":
            return subtrees.email_domains
        case "uri":
            return subtrees.uri_domains
        case _:
            return ()


def _matches(kind: str, value: str, subtree: str) -> bool:
    match kind:
        case "dns":
            return names.under(value, subtree)
        case "ip":
            return _within(value, subtree)
        case "email":
            return _in_domain(value.rpartition("@")[2], subtree)
        case _:
            return _in_domain(names.uri_host(value) or "", subtree)


def _in_domain(host: str, subtree: str) -> bool:
    """Mail and URI subtrees mean one host; only with a leading dot what lies below it."""
    return host.endswith(subtree) if subtree.startswith(".") else host == subtree
