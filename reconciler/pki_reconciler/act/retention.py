"""What becomes of published files when something else takes their place, or when they have expired:
gone at once, or later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from pki_publishers import layout, render
from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_reconciler.act import units
from pki_reconciler.act.cycle import Cycle
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.write import Transaction
from pki_schema.instants import DAY, Instant
from pki_schema.issued import IssuedAuthority, IssuedCertificate, Subject

USUAL = 30 * DAY
"""Retention where a publication declares none."""

NO_SET = ""
"""In place of the set that stays, where none does."""


def supersede(cycle: Cycle, transaction: Transaction, objects: Iterable[PublicObject]) -> None:
    """Mark the sets whose place those among these objects take, as a part of this transaction.

    They stay for the publication's retention: a reader may have read the pointer just before.
    """
    sets = {
        of_certificate: of_set
        for item in objects
        if item.kind is Class.SET
        for of_set in [item.path.rpartition("/")[0]]
        for of_certificate in [of_set.rpartition("/")[0]]
    }
    if sets:
        for target, end in ends(cycle, transaction.reader).items():
            transaction.mark_others_superseded(target, sets, Class.SET.name, end)


def forget(
    cycle: Cycle, transaction: Transaction, certificates: Sequence[IssuedCertificate]
) -> None:
    """Mark the files of certificates that expire by this transaction, as a part of it.

    Answers, staples, the CRL of a CA that has ended and renewal information go now, because they
    would be expired themselves. So does the pointer of a service that is declared no longer: it
    would go on calling its certificate valid. Certificates stay for the publication's retention:
    somebody may still have to look. The pointer of a service that is still declared stays with the
    set it names, and says ``expired``.
    """
    reader = transaction.reader
    authorities = reader.authorities()
    now: list[str] = []
    later: list[str] = []
    sets: dict[str, str] = {}
    for certificate in reader.with_der(certificates):
        authority = authorities.get(certificate.issuer)
        if authority:
            now += _answers(authority, certificate)
            now.append(layout.renewal_path(authority.ski, certificate.serial))
        subject = reader.subject(certificate.subject)
        if subject is None or not _is_current(subject, certificate):
            continue
        if certificate.subject.kind == "Certificate" and certificate.der:
            now += render.staple_paths(certificate)
            if subject.declared is None:
                now += render.pointer_paths(certificate)
                sets[render.folder(certificate)] = NO_SET
        elif certificate.subject.kind == "AuthorityCertificate" and certificate.spki in authorities:
            gone, kept = _authority(authorities[certificate.spki])
            now += gone
            later += kept
    for target, end in ends(cycle, reader).items():
        transaction.mark_superseded(target, now, cycle.now)
        transaction.mark_superseded(target, later, end)
        transaction.mark_others_superseded(target, sets, Class.SET.name, end)
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


def ends(cycle: Cycle, reader: Reader) -> dict[str, Instant]:
    """When what is superseded now may go, by target: after its publication's retention."""
    retentions = {
        row.identity.name: timedelta(seconds=row.facts.publication.retention)
        for row in reader.of_kinds(("Publication",))
        if row.facts.publication
    }
    return {target: cycle.now + retentions.get(target, USUAL) for target in cycle.targets}
