"""PKI5018: names lie within the name constraints of every CA above."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.certificates.name_grammar import grammar_fault
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, extension_of, on_certificate
from pki_reconciler.decide.lint.written_names import typed_names
from pki_schema.x509.constraints import Typed, shut_out
from pki_schema.x509.names import HOST_LIKE
from pki_schema.x509.oids import NAME_ATTRIBUTES

CODE = "PKI5018"

_EMAIL_ADDRESS = NameOID.EMAIL_ADDRESS.dotted_string


def subtrees(context: CertificateContext) -> Rule[CertificateFacts]:
    """RFC 5280 section 4.2.1.10, for each CA of the chain on its own."""
    limits = [
        (_trees(limit.permitted_subtrees or ()), _trees(limit.excluded_subtrees or ()))
        for certificate in context.chain
        if (limit := extension_of(certificate, x509.NameConstraints))
    ]
    # What is said of one directory name is said of every one; writing them out is slow.
    directory = any(shut_out(("directory", ""), permitted=p, excluded=e) for p, e in limits)

    def check(draft: CertificateDraft, _facts: CertificateFacts) -> Iterator[str]:
        for name in _names(draft, directory=directory) if limits else ():
            for permitted, excluded in limits:
                if fault := shut_out(name, permitted=permitted, excluded=excluded):
                    yield f"{name[0]} name {name[1][:80]} {fault}"

    return on_certificate(CODE, check)


def _trees(trees: Iterable[x509.GeneralName]) -> tuple[Typed, ...]:
    return tuple(
        ("directory", tree.value.rfc4514_string())
        if isinstance(tree, x509.DirectoryName)
        else typed_names([tree])[0]
        for tree in trees
    )


def _names(draft: CertificateDraft, *, directory: bool) -> Iterable[Typed]:
    """All that a relying party may read as a name: alternative names and what is in the subject.

    The clause itself counts the subject and its mail addresses; OpenSSL and Java also a common name
    that could be a host's, where there is no DNS name beside it. What is no name has its own rule.
    The subject as a whole is left out where no ``directory`` name is shut out.
    """
    typed = [name for name in draft.names if not grammar_fault(*name)]
    if directory and draft.attributes:
        typed.append(("directory", draft.certificate.subject.rfc4514_string()))
    hosts = () if any(kind == "dns" for kind, _ in typed) else (NAME_ATTRIBUTES["CN"],)
    for oid, _, value in draft.attributes:
        if oid == _EMAIL_ADDRESS:
            typed.append(("email", value))
        elif oid in hosts and HOST_LIKE.fullmatch(value):
            typed.append(("dns", value.lower()))
    return dict.fromkeys(typed)
