"""What CAs mean: their own certificates, and the certificates of their OCSP responders."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pki_schema.desired import (
    AuthoritySettings,
    Constraints,
    Declared,
    DesiredState,
    Meaning,
    Profile,
    Subtrees,
    authority_identity,
    responder_identity,
)
from pki_schema.errors import FieldError, Problem
from pki_schema.kinds import CertificateAuthoritySpec
from pki_schema.kinds.parts import NameConstraints, NameSubtrees, OcspSettings
from pki_schema.load.complete import CompleteTemplate
from pki_schema.load.inherit import Templates
from pki_schema.load.lineage import lineage
from pki_schema.load.profiles import plain, policies
from pki_schema.load.substitute import distinguished_name
from pki_schema.load.tree import at
from pki_schema.x509 import oids


def resolve_authority(
    state: DesiredState, templates: Templates, declared: Declared, spec: CertificateAuthoritySpec
) -> Iterator[Meaning | Problem]:
    """The meaning of a CA's certificate and, where answers are pre-signed, of its responder's.

    Nothing for a CA whose parents are in disorder: ``references`` says so.
    """
    line = lineage(state, declared)
    if not line.whole:
        return
    name = str.__str__(declared.identity.name)
    values = {"ca_name": name, "generation": str(int(spec.generation))}
    try:
        subject = distinguished_name(spec.subject, values)
    except FieldError as error:
        yield Problem(at(declared, "spec", "subject"), error.code, error.message, error.hint)
        return
    if not subject:
        # RFC 5280 section 4.1.2.6: a CA has a non-empty subject.
        yield Problem(at(declared, "spec", "subject"), "PKI2034", "a CA needs a subject")
        return
    yield Meaning(
        subject=authority_identity(name, int(spec.generation)),
        profile=_profile(spec, subject),
        # A CA is followed by its next generation, by a commit, and never renewed by the clock.
        renew_before=0,
        authority=_settings(name, spec, depth=len(line.members) - 1),
        origin=at(declared, "metadata", "name"),
    )
    if spec.ocsp.mode != "none" and spec.ocsp.template is not None:
        complete = templates.complete(spec.ocsp.template)
        if complete is not None:
            # A responder belongs to no tenant: its organisation is that of the CA it speaks for.
            organization = dict(subject).get(oids.NAME_ATTRIBUTES["O"])
            known = {"organization": organization} if organization else {}
            yield _responder(templates, declared, spec, complete, {**values, **known})


def _profile(spec: CertificateAuthoritySpec, subject: tuple[tuple[str, str], ...]) -> Profile:
    return Profile(
        issuer=str.__str__(spec.parent) if spec.parent else "",
        subject=subject,
        ca=True,
        path_length=None if spec.path_length is None else int(spec.path_length),
        key_usages=("cert sign", "crl sign"),
        extended_key_usages=plain(spec.usages),
        name_constraints=_constraints(spec.name_constraints),
        policies=policies(spec.policies),
        # Nobody publishes the status of a root: its relying parties remove it.
        status_pointers=spec.parent is not None,
        duration=int(spec.duration),
        key_algorithm=str.__str__(spec.private_key.algorithm),
    )


def _settings(name: str, spec: CertificateAuthoritySpec, *, depth: int) -> AuthoritySettings:
    return AuthoritySettings(
        name=name,
        generation=int(spec.generation),
        parent=str.__str__(spec.parent) if spec.parent else "",
        depth=depth,
        issues_for=int(spec.issues_for),
        base_urls=tuple(str.__str__(url) for url in spec.base_urls),
        crl=msgspec.structs.replace(spec.crl, refresh=spec.crl.made_anew_after, overlap=None),
        ocsp=_acted_on(spec.ocsp),
        offline=spec.offline,
        lifecycle=spec.lifecycle,
    )


def _acted_on(ocsp: OcspSettings) -> OcspSettings:
    """Until a server signs when it is asked, what is to be signed live is signed in advance."""
    return msgspec.structs.replace(ocsp, mode="presigned") if ocsp.mode == "live" else ocsp


def _responder(
    templates: Templates,
    declared: Declared,
    spec: CertificateAuthoritySpec,
    template: CompleteTemplate,
    values: dict[str, str],
) -> Meaning | Problem:
    try:
        subject = distinguished_name(template.subject, values)
    except FieldError as error:
        position = at(declared, "spec", "ocsp", "template")
        return Problem(
            position, error.code, f'template "{template.name}": {error.message}', error.hint
        )
    return Meaning(
        subject=responder_identity(values["ca_name"], int(spec.generation)),
        profile=msgspec.structs.replace(
            templates.profile(template, template.algorithms[0]),
            issuer=values["ca_name"],
            subject=subject,
            # A stolen responder key cannot be revoked, so none is used twice.
            key_reuse=False,
        ),
        renew_before=template.renew_before,
        template=template.name,
        origin=at(declared, "spec", "ocsp", "template"),
    )


def _constraints(written: NameConstraints | None) -> Constraints | None:
    if written is None:
        return None
    return Constraints(
        critical=written.critical,
        permitted=_subtrees(written.permitted),
        excluded=_subtrees(written.excluded),
    )


def _subtrees(written: NameSubtrees) -> Subtrees:
    return Subtrees(
        dns=plain(written.dns_domains),
        ip=plain(written.ip_ranges),
        email=plain(written.email_domains),
        uri=plain(written.uri_domains),
    )
