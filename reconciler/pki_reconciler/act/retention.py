"""What becomes of published files when a certificate has expired: gone at once, or later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pki_publishers import layout, render
from pki_reconciler.act import units
from pki_reconciler.act.cycle import Cycle
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.write import Transaction
from pki_schema.instants import DAY
from pki_schema.issued import IssuedAuthority, IssuedCertificate, Subject

USUAL = 30 * DAY
"""Retention where a publication declares none."""


def forget(
    cycle: Cycle, transaction: Transaction, certificates: Sequence[IssuedCertificate]
) -> None:
    """Mark the files of certificates that expire by this transaction, as a part of it.

    Answers, staples and the CRL of a CA that has ended go now, because they would be expired
    themselves. Certificates stay for the publication's retention: somebody may still have to look.
    Pointers of a service that is still declared stay, and say ``expired``.
    """
    reader = transaction.reader
    authorities = reader.authorities()
    now: list[str] = []
    later: list[str] = []
    for certificate in reader.with_der(certificates):
        authority = authorities.get(certificate.issuer)
        if authority:
            now += _answers(authority, certificate)
        subject = reader.subject(certificate.subject)
        if certificate.subject.kind == "Certificate" and certificate.der:
            later += render.set_paths(certificate)
            if subject and _is_current(subject, certificate):
                pointer, staple = render.pointer_paths(certificate)
                now.append(staple)
                later += [pointer] if subject.declared is None else []
        elif (
            certificate.subject.kind == "AuthorityCertificate"
            and certificate.spki in authorities
            and subject
            and _is_current(subject, certificate)
        ):
            gone, kept = _authority(authorities[certificate.spki])
            now += gone
            later += kept
    retentions = _retentions(reader)
    for target in cycle.targets:
        transaction.mark_superseded(target, now, cycle.now)
        transaction.mark_superseded(target, later, cycle.now + retentions.get(target, USUAL))
    _say_expired(cycle, transaction, certificates)


def _answers(authority: IssuedAuthority, certificate: IssuedCertificate) -> list[str]:
    stem = render.stem_of(authority)
    return [
        layout.answer_path(stem, f"{certificate.serial:x}", algorithm)
        for algorithm in layout.ANSWER_ALGORITHMS
    ]


def _authority(authority: IssuedAuthority) -> tuple[list[str], list[str]]:
    stem = render.stem_of(authority)
    status = [layout.crl_path(stem), layout.crl_chain_path(stem)]
    return status, [layout.aia_path(stem), layout.aia_p7c_path(stem)]


def _is_current(subject: Subject, certificate: IssuedCertificate) -> bool:
    return subject.current is not None and subject.current.key == certificate.key


def _say_expired(
    cycle: Cycle, transaction: Transaction, certificates: Sequence[IssuedCertificate]
) -> None:
    """Services still declared: their pointer says what has happened, without a staple."""
    reader = transaction.reader
    found = [
        subject.current
        for c in certificates
        if (subject := reader.subject(c.subject))
        and subject.current
        and subject.declared is not None
        and _is_current(subject, c)
    ]
    objects = units.current(reader, reader.authorities(), reader.with_der(found))
    units.keep(cycle, transaction, objects)


def _retentions(reader: Reader) -> dict[str, timedelta]:
    return {
        row.identity.name: timedelta(seconds=row.facts.publication.retention)
        for row in reader.of_kinds(("Publication",))
        if row.facts.publication
    }
