"""PKI5018: names lie within the name constraints of every CA above."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from cryptography import x509

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, extension_of, on_certificate
from pki_reconciler.decide.lint.written_names import typed_names
from pki_schema.x509 import names

CODE = "PKI5018"


def subtrees(context: CertificateContext) -> Rule[CertificateFacts]:
    """RFC 5280 section 4.2.1.10, for each CA of the chain on its own.

    A type without permitted subtrees is open; excluded subtrees win.
    """
    limits = [
        (typed_names(limit.permitted_subtrees or ()), typed_names(limit.excluded_subtrees or ()))
        for certificate in context.chain
        if (limit := extension_of(certificate, x509.NameConstraints))
    ]

    def check(draft: CertificateDraft, _facts: CertificateFacts) -> Iterator[str]:
        found = draft.extension(x509.SubjectAlternativeName)
        if found is None or not limits:
            return
        for kind, value in typed_names(found.value):
            for permitted, excluded in limits:
                inside = [tree for tree_kind, tree in permitted if tree_kind == kind]
                if inside and not any(_within(kind, value, tree) for tree in inside):
                    yield f"{kind} name {value} is outside of {', '.join(inside)}"
                if any(_within(kind, value, t) for tree_kind, t in excluded if tree_kind == kind):
                    yield f"{kind} name {value} is excluded by its issuer"

    return on_certificate(CODE, check)


def _within(kind: str, value: str, tree: str) -> bool:
    return kind in _WITHIN and _WITHIN[kind](value, tree)


def _email_within(address: str, tree: str) -> bool:
    """A tree is one mailbox, all of one host, or (``.domain``) of all hosts below."""
    return address == tree if "@" in tree else _host_within(address.rpartition("@")[2], tree)


def _uri_within(uri: str, tree: str) -> bool:
    host = names.uri_host(uri)
    return host is not None and _host_within(host, tree)


def _host_within(host: str, tree: str) -> bool:
    return host.endswith(tree) if tree.startswith(".") else host == tree


def _ip_within(address: str, tree: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(tree)


_WITHIN: dict[str, Callable[[str, str], bool]] = {
    "dns": names.under,
    "email": _email_within,
    "uri": _uri_within,
    "ip": _ip_within,
}
