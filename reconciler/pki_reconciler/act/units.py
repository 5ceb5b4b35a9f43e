"""What is rendered together, and when: from the ledger's values to public objects and the outbox.

A unit's name says what to read to render it again: ``authority/<issuer>``, ``crl/<issuer>``,
``answer/<issuer>/<serial>``, ``certificate/<tenant>/<service>/<name>``,
``renewal/<issuer>/<serial>``. What depends on all there is, ``status``, ``bundle/<name>`` and
``cacerts/<name>``, is compared in every cycle that changes anything, and needs no other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pki_publishers import render
from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_reconciler.act.cycle import Cycle, line_of
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.rows import OutboxRow, Use
from pki_reconciler.ledger.write import Transaction
from pki_schema.desired import Identity
from pki_schema.instants import Instant
from pki_schema.issued import CertificateState, IssuedAnswer, IssuedAuthority, IssuedCertificate

Objects = tuple[PublicObject, ...]
Authorities = Mapping[str, IssuedAuthority]

_CATEGORIES = {kind: kind.name for kind in Class}

STAPLED = "sha1"
"""OpenSSL's clients look a staple up by the SHA-1 CertID."""


def keep(
    cycle: Cycle,
    transaction: Transaction,
    objects: Iterable[PublicObject],
    *,
    targets: Sequence[str] | None = None,
) -> None:
    """Put objects into the outbox of every target, or of these, in the transaction that makes them
    due.
    """
    found = tuple(objects)
    targets = cycle.targets if targets is None else targets
    transaction.enqueue(
        OutboxRow(
            target=target,
            path=item.path,
            category=_CATEGORIES[item.kind],
            digest=item.digest,
            unit=item.unit,
        )
        for target in targets
        for item in found
    )
    cycle.keep(found, targets)


def authority(one: IssuedAuthority) -> Objects:
    """The certificate of a CA generation, alone and as a bundle."""
    return render.render_authority(one, issuers=[one.certificate.der])


def living(authorities: Authorities) -> list[IssuedAuthority]:
    """The CA generations whose certificate has not expired; the others' files are leaving."""
    return [a for a in authorities.values() if a.certificate.state is not CertificateState.EXPIRED]


def crls_below(issuer: str, authorities: Authorities) -> Objects:
    """The CRL of a CA, and the CRL chains of everything below it, which contain it."""
    return tuple(
        item
        for one in living(authorities)
        if issuer in {a.spki for a in line_of(authorities, one.spki)}
        for item in crl(one, authorities)
    )


def crl(one: IssuedAuthority, authorities: Authorities) -> Objects:
    return render.render_crl(one, chain=line_of(authorities, one.spki)[1:])


def answers(one: IssuedAuthority, signed: Sequence[IssuedAnswer]) -> Objects:
    return render.render_answers(render.stem_of(one), signed)


def current(
    reader: Reader,
    authorities: Authorities,
    certificates: Sequence[IssuedCertificate],
    fresh: Sequence[IssuedAnswer] | None = None,
) -> Iterator[PublicObject]:
    """The units of those of these certificates that their services use now, and when each is to be
    renewed.

    ``fresh`` are all the answers there are for them, where the caller knows; else they are read.
    """
    staples = _staples(fresh or ())
    lines = {spki: line_of(authorities, spki) for spki in authorities}
    for certificate, use in _in_use(reader, certificates):
        yield from render.render_certificate(
            certificate,
            chain=lines.get(certificate.issuer, ()),
            staple=(
                _staple(reader, certificate) if fresh is None else staples.get(certificate.key)
            ),
            commit=use.commit,
            renew_at=_renewal_of(certificate, use),
        )
        yield from renewal(certificate, authorities, use)


def stapled(
    reader: Reader,
    authorities: Authorities,
    certificates: Sequence[IssuedCertificate],
    fresh: Sequence[IssuedAnswer],
) -> Iterator[PublicObject]:
    """What changes with the answers ``fresh`` of these certificates: staples, and the pointers that
    name them. The rest of their units was wished for with the certificates themselves.
    """
    staples = _staples(fresh)
    lines = {spki: line_of(authorities, spki) for spki in authorities}
    for certificate, use in _in_use(reader, certificates):
        yield from render.render_stapled(
            certificate,
            chain=lines.get(certificate.issuer, ()),
            staple=staples.get(certificate.key),
            commit=use.commit,
            renew_at=_renewal_of(certificate, use),
        )


def _renewal_of(certificate: IssuedCertificate, use: Use) -> Instant | None:
    """When it is due; what is revoked, or on hold for now, is not renewed."""
    return use.renew_at if certificate.state is CertificateState.VALID else None


def _staples(fresh: Sequence[IssuedAnswer]) -> Mapping[tuple[str, int], IssuedAnswer]:
    """Those answers that are stapled, by issuer and serial."""
    return {(a.issuer, a.serial): a for a in fresh if a.algorithm == STAPLED}


def _in_use(
    reader: Reader, certificates: Sequence[IssuedCertificate]
) -> Iterator[tuple[IssuedCertificate, Use]]:
    """Those of these certificates that their services use now."""
    of_services = [c for c in certificates if c.subject.kind == "Certificate" and c.der]
    in_use = reader.in_use([c.subject for c in of_services])
    for certificate in of_services:
        use = in_use.get(certificate.subject)
        if use is not None and (use.issuer, use.serial) == certificate.key:
            yield certificate, use


def renewal(certificate: IssuedCertificate, authorities: Authorities, use: Use | None) -> Objects:
    """When a service certificate is to be renewed; ``use`` is what its service uses now."""
    in_use = use is not None and (use.issuer, use.serial) == certificate.key
    return render.render_renewal(
        certificate,
        issuer=authorities[certificate.issuer],
        renew_at=use.renew_at if use and in_use else None,
        in_use=in_use,
    )


def replaced(
    reader: Reader, authorities: Authorities, before: Mapping[Identity, Use]
) -> Iterator[PublicObject]:
    """What the holders of certificates are told that their services used ``before`` and do not use
    any more.
    """
    after = reader.in_use(before)
    for subject, use in before.items():
        now = after.get(subject)
        changed = now is None or (now.issuer, now.serial) != (use.issuer, use.serial)
        certificate = reader.certificate(use.issuer, use.serial) if changed else None
        if certificate is not None and certificate.subject.kind == "Certificate":
            yield from renewal(certificate, authorities, now)


def _staple(reader: Reader, certificate: IssuedCertificate) -> IssuedAnswer | None:
    found = reader.answers(certificate.issuer, certificate.serial)
    return next((a for a in found if a.algorithm == STAPLED), None)


def chains_through(
    reader: Reader,
    authorities: Authorities,
    certified: Sequence[IssuedAuthority],
    *,
    now: Instant,
) -> Iterator[PublicObject]:
    """The units of the service certificates that have one of these CAs in their published chain.

    Not those below a root alone, which no chain contains.
    """
    contained = {one.spki for one in certified if one.certificate.issuer != one.spki}
    below = [
        issuer
        for issuer in authorities
        if not contained.isdisjoint(a.spki for a in line_of(authorities, issuer))
    ]
    found = reader.certificates_in_use(now, issuers=below)
    return current(reader, authorities, reader.with_der(found))


def everything(reader: Reader, *, now: Instant) -> Iterator[PublicObject]:
    """A full render: every unit of what the ledger knows, by the same functions.

    Without what is only waiting to be deleted.
    """
    authorities = reader.authorities()
    for one in living(authorities):
        yield from authority(one)
        yield from crl(one, authorities)
        yield from answers(one, reader.answers(one.spki))
    found = reader.certificates_in_use(now, issuers=authorities)
    yield from current(reader, authorities, reader.with_der(found))
    for certificate in reader.certificates_replaced(now, issuers=authorities):
        yield from renewal(certificate, authorities, None)


def by_name(reader: Reader, unit: str) -> Objects:
    """Render a unit again from the ledger; nothing if what it stood for is gone."""
    authorities = reader.authorities()
    match unit.split("/"):
        case ["authority", issuer] if issuer in authorities:
            return authority(authorities[issuer])
        case ["crl", issuer] if issuer in authorities:
            return crl(authorities[issuer], authorities)
        case ["answer", issuer, serial] if issuer in authorities:
            return answers(authorities[issuer], reader.answers(issuer, int(serial, 16)))
        case ["certificate", tenant, service, name]:
            subject = Identity("Certificate", tenant, f"{service}/{name}")
            found = reader.subject(subject)
            if found is None or found.current is None:
                return ()
            in_use = current(reader, authorities, reader.with_der([found.current]))
            return tuple(item for item in in_use if item.unit == unit)
        case ["renewal", issuer, serial] if issuer in authorities:
            certificate = reader.certificate(issuer, int(serial, 16))
            if certificate is None:
                return ()
            use = reader.in_use([certificate.subject]).get(certificate.subject)
            return renewal(certificate, authorities, use)
        case _:
            return ()
