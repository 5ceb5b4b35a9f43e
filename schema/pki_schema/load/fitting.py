"""Whether CAs and templates fit what certifies them: life, path length, usages, status service."""

from __future__ import annotations

from collections.abc import Iterator

from pki_schema.desired import GLOBAL, Declared, DesiredState, Identity
from pki_schema.errors import Problem
from pki_schema.fields import Duration
from pki_schema.kinds import CertificateAuthoritySpec
from pki_schema.load.complete import CompleteTemplate
from pki_schema.load.inherit import Templates
from pki_schema.load.lineage import parent_of
from pki_schema.load.tree import at
from pki_schema.x509 import oids


def authority_problems(
    state: DesiredState, templates: Templates, declared: Declared, spec: CertificateAuthoritySpec
) -> Iterator[Problem]:
    """What is wrong with a CA, by itself and below its parent (PKI4011 to PKI4015, PKI4017)."""
    for i, usage in enumerate(spec.usages):
        if usage in oids.KEY_USAGES:
            message = f'"{usage}" is a key usage: those of a CA are fixed'
            yield Problem(at(declared, "spec", "usages", i), "PKI4014", message, "leave it out")
        elif usage == "ocsp signing":
            # RFC 6960 section 4.2.2.2: it would let the CA answer for its own issuer.
            message = '"ocsp signing" is for responders, never for a CA'
            yield Problem(at(declared, "spec", "usages", i), "PKI4014", message, "leave it out")
    above = parent_of(declared)
    parent = state.objects.get(above) if above else None
    if parent is not None and isinstance(parent.spec, CertificateAuthoritySpec):
        yield from _below(declared, spec, parent.spec)
    yield from _responder_problems(templates, declared, spec)


def template_problems(
    state: DesiredState, declared: Declared, complete: CompleteTemplate
) -> Iterator[Problem]:
    """What is wrong between a template and the CAs that issue from it (PKI4016 to PKI4018)."""
    for name in complete.issuers:
        issuer = state.objects.get(Identity("CertificateAuthority", GLOBAL, name))
        if issuer is None or not isinstance(issuer.spec, CertificateAuthoritySpec):
            continue
        beyond = sorted(complete.extended_key_usages - set(issuer.spec.usages))
        # A CA's EKUs bind what it certifies, except its own responder (CA/B Forum BR 7.1.2.8).
        if issuer.spec.usages and beyond and not complete.for_responders:
            message = f'CA "{name}" is not for {", ".join(beyond)}'
            yield Problem(at(declared, "spec", "usages"), "PKI4016", message)
        if complete.demands_staple and issuer.spec.ocsp.mode == "none":
            # RFC 7633 section 4.2.3.1: clients break off a handshake without a staple.
            message = f'the template demands a staple, and CA "{name}" has no OCSP answers'
            hint = "give the CA ocsp: {mode: presigned, template: …}"
            yield Problem(at(declared, "spec", "extraExtensions"), "PKI4018", message, hint)
        if complete.duration > issuer.spec.longest_child:
            longest = issuer.spec.longest_child
            message = f'{Duration(complete.duration)} is longer than CA "{name}" gives: {longest}'
            yield Problem(at(declared, "spec", "duration"), "PKI4017", message)


def _below(
    declared: Declared, spec: CertificateAuthoritySpec, parent: CertificateAuthoritySpec
) -> Iterator[Problem]:
    if spec.duration > parent.longest_child:
        message = f'{spec.duration} is longer than CA "{spec.parent}" gives: {parent.longest_child}'
        yield Problem(at(declared, "spec", "duration"), "PKI4011", message)
    # RFC 5280 section 4.2.1.9: pathLenConstraint counts the CAs that may follow.
    if parent.path_length == 0:
        message = f'below CA "{spec.parent}" there can be no other CA: its pathLength is 0'
        yield Problem(at(declared, "spec", "parent"), "PKI4012", message)
    elif parent.path_length is not None and (
        spec.path_length is None or spec.path_length >= parent.path_length
    ):
        message = f'the pathLength must be below {parent.path_length}, that of CA "{spec.parent}"'
        yield Problem(at(declared, "spec", "pathLength"), "PKI4012", message)
    if parent.usages:
        beyond = [usage for usage in spec.usages if usage not in parent.usages]
        if beyond or not spec.usages:
            asked = ", ".join(beyond) or "every purpose"
            message = f'CA "{spec.parent}" is not for {asked}'
            hint = f"use some of: {', '.join(parent.usages)}"
            yield Problem(at(declared, "spec", "usages"), "PKI4013", message, hint)


def _responder_problems(
    templates: Templates, declared: Declared, spec: CertificateAuthoritySpec
) -> Iterator[Problem]:
    if spec.ocsp.mode == "none" or spec.ocsp.template is None:
        return
    complete = templates.complete(spec.ocsp.template)
    if complete is None:
        return
    where = at(declared, "spec", "ocsp", "template")
    if not complete.for_responders or not complete.ocsp_no_check:
        message = f'template "{complete.name}" does not make responders'
        hint = "a responder's template has the usage ocsp signing and ocspNoCheck: true"
        yield Problem(where, "PKI4015", message, hint)
    if complete.duration > spec.longest_child:
        message = f"{Duration(complete.duration)} is longer than the CA gives: {spec.longest_child}"
        yield Problem(where, "PKI4017", message)
