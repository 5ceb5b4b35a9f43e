"""Certificates: build and lint, intend, sign, record — a batch of one wave at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from cryptography import x509

from pki_publishers.release import PublicObject
from pki_reconciler.act import units
from pki_reconciler.act.cycle import BATCH, Cycle, line_of, newest
from pki_reconciler.act.retention import supersede
from pki_reconciler.chain import (
    CertificateFacts,
    Intended,
    Linted,
    Rejected,
    Rule,
    Signed,
    Signer,
    lint,
)
from pki_reconciler.decide.build import Issuer, build_certificate
from pki_reconciler.decide.lint import CertificateContext, Sample, certificate_rules
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import CertificateIssued, KeyRecorded
from pki_schema.desired import Identity, Meaning
from pki_schema.instants import Instant
from pki_schema.issued import CertificateState, IssuedAuthority, IssuedCertificate
from pki_schema.planned import Action, Held

_PURPOSES = {"AuthorityCertificate": "authority", "ResponderCertificate": "responder"}

SERIAL_OCTETS = 20
"""RFC 5280 section 4.1.2.2: at most 20 octets, positive: 159 random bits."""


@dataclass(frozen=True, kw_only=True)
class _Order:
    """An action with everything that building it needs; ``spki`` is the DER of the key."""

    action: Action
    meaning: Meaning
    issuer: Issuer | None
    ancestors: tuple[IssuedAuthority, ...]
    spki: bytes


def certify(cycle: Cycle, actions: Sequence[Action], sample: Sample) -> None:
    """Issue, renew or re-issue; what a rule refuses is held, the rest goes on.

    ``sample`` is that of the whole plan.
    """
    remaining = iter(actions)
    while batch := list(islice(remaining, BATCH)):
        linted = list(_linted(cycle, _orders(cycle, batch), sample))
        keys = {item.unsigned.signer: False for item in linted}
        for signer in keys:
            with cycle.going_on():  # nothing is intended that no key is there to sign
                keys[signer] = bool(cycle.keys.open(signer))
        linted = [item for item in linted if keys[item.unsigned.signer]]
        if linted:
            with cycle.signing():
                intended = cycle.ledger.intend(
                    linted, at=cycle.now, commit=cycle.commit, plan=cycle.plan
                )
                signed = sign_all(cycle, intended)
            conclude(cycle, signed)


def sign_all(
    cycle: Cycle, intended: Sequence[Intended[CertificateFacts]]
) -> list[Signed[CertificateFacts]]:
    """Sign in order. CA and responder signatures are all verified, leaves by sample: one a batch
    (a file key that signs wrongly once signs wrongly always).
    """
    names = dict.fromkeys(item.linted.unsigned.signer for item in intended)
    signers = {name: Signer(cycle.keys.open(name)) for name in names}
    signed = []
    for index, item in enumerate(intended):
        unsigned = item.linted.unsigned
        leaf = unsigned.facts.subject.kind == "Certificate"
        signed.append(signers[unsigned.signer].sign(item, verify=not leaf or index == 0))
    return signed


def conclude(cycle: Cycle, signed: Sequence[Signed[CertificateFacts]]) -> None:
    """Record what was signed and what is to be published because of it, in one transaction."""
    records = [
        CertificateIssued(issuer=s.facts.issuer, serial=f"{s.facts.serial:x}", der=s.der)
        for s in signed
    ]
    with cycle.ledger.transaction(cycle.now) as transaction:
        reader = transaction.reader
        made = [issued(item) for item in signed]
        before = reader.in_use([c.subject for c in made])
        transaction.append(records, commit=cycle.commit, plan=cycle.plan)
        authorities = reader.authorities()
        objects = [
            *_authority_objects(cycle, reader, made, authorities),
            *units.current(reader, authorities, made, fresh=()),
            *units.replaced(reader, authorities, before),
        ]
        supersede(cycle, transaction, objects)
        units.keep(cycle, transaction, objects)
    cycle.done.signed += len(signed)


def _authority_objects(
    cycle: Cycle,
    reader: Reader,
    made: Sequence[IssuedCertificate],
    authorities: Mapping[str, IssuedAuthority],
) -> Iterator[PublicObject]:
    """What is published because CAs were certified: they, and the chains they have a part in."""
    certified = [authorities[c.spki] for c in made if c.subject.kind == "AuthorityCertificate"]
    for one in certified:
        yield from units.authority(one)
    yield from units.chains_through(reader, authorities, certified, now=cycle.now)


def issued(signed: Signed[CertificateFacts]) -> IssuedCertificate:
    """What the ledger will say about a certificate just signed."""
    facts = signed.facts
    return IssuedCertificate(
        issuer=facts.issuer,
        serial=facts.serial,
        subject=facts.subject,
        spec=facts.meaning.profile.digest(),
        spki=facts.spki,
        not_before=facts.not_before,
        not_after=facts.not_after,
        state=CertificateState.VALID,
        der=signed.der,
    )


def _orders(cycle: Cycle, actions: Sequence[Action]) -> list[_Order]:
    """Find issuers and keys; keys made here are recorded before anything is built with them."""
    authorities = cycle.authorities()
    issuers: dict[str, Issuer] = {}
    made: list[KeyRecorded] = []
    orders: list[_Order] = []
    for action in actions:
        meaning = action.meaning
        if meaning is None:
            continue
        issuer = _issuer(meaning, authorities)
        if issuer is None and meaning.profile.issuer:
            cycle.done.rejected.append(_no_issuer(action, meaning))
            continue
        if issuer is not None and issuer.spki not in issuers:
            issuers[issuer.spki] = Issuer.of(issuer)
        keys = [meaning.profile.spki] if meaning.profile.spki else []
        if not keys:
            with cycle.going_on():
                keys.append(_own_key(cycle, action.subject, meaning, made))
        orders.extend(
            _Order(
                action=action,
                meaning=meaning,
                issuer=issuers[issuer.spki] if issuer else None,
                ancestors=line_of(authorities, issuer.spki)[1:] if issuer else (),
                spki=spki,
            )
            for spki in keys
        )
    if made:
        with cycle.ledger.transaction(cycle.now) as transaction:
            transaction.append(made, commit=cycle.commit, plan=cycle.plan)
    return orders


def _issuer(meaning: Meaning, authorities: Mapping[str, IssuedAuthority]) -> IssuedAuthority | None:
    """The newest generation of the issuing CA; a responder belongs to one generation for ever."""
    if meaning.subject.kind == "ResponderCertificate":
        name, _, generation = meaning.subject.name.partition("/")
        return next(
            (a for a in authorities.values() if (a.name, str(a.generation)) == (name, generation)),
            None,
        )
    return newest(authorities, meaning.profile.issuer) if meaning.profile.issuer else None


def _own_key(cycle: Cycle, owner: Identity, meaning: Meaning, made: list[KeyRecorded]) -> bytes:
    """The key of a CA or responder, as DER SPKI: the one it has, or a new one, durable by now.

    A CA keeps its key for a generation; a responder gets a new one each time.
    """
    if meaning.profile.key_reuse:
        for recorded in cycle.ledger.reader.keys_of(owner):
            if cycle.keys.has(hashlib.sha256(recorded).hexdigest()):
                return recorded
    offline = meaning.authority is not None and meaning.authority.offline
    with cycle.signing():
        spki = cycle.keys.create(meaning.profile.key_algorithm, offline=offline)
    made.append(
        KeyRecorded(
            spki=spki,
            algorithm=meaning.profile.key_algorithm,
            purpose=_PURPOSES[owner.kind],
            owner=owner,
            locator="offline" if offline else "online",
        )
    )
    return spki


def _linted(
    cycle: Cycle, orders: Sequence[_Order], sample: Sample
) -> Iterator[Linted[CertificateFacts]]:
    names = authority_names(cycle.authorities())
    rules: dict[str, tuple[Rule[CertificateFacts], ...]] = {}
    for order in orders:
        action = order.action
        try:
            unsigned = build_certificate(
                order.meaning,
                issuer=order.issuer,
                spki=order.spki,
                serial=_serial(cycle),
                now=cycle.now,
                cause=str(action.cause),
                reason=action.reason,
            )
        except ValueError as error:
            cycle.done.rejected.append(_unbuildable(action, error))
            continue
        issuer = order.issuer.spki if order.issuer else ""
        if issuer not in rules:
            rules[issuer] = rules_for(
                order.issuer,
                order.ancestors,
                sample,
                now=cycle.now,
                names=names,
                weak_keys=cycle.weak_keys,
            )
        verdict = lint(unsigned, rules[issuer])
        if isinstance(verdict, Rejected):
            cycle.done.rejected.append(refusal(action, verdict))
        else:
            yield verdict


def rules_for(
    issuer: Issuer | None,
    ancestors: Sequence[IssuedAuthority],
    sample: Sample,
    *,
    now: Instant,
    names: Mapping[bytes, str],
    weak_keys: frozenset[bytes],
) -> tuple[Rule[CertificateFacts], ...]:
    """The rule book for what one issuer certifies in this cycle; ``ancestors`` nearest first."""
    context = CertificateContext(
        issuer=issuer,
        ancestors=tuple(a.certificate.der for a in ancestors),
        now=now,
        authority_names=names,
        weak_keys=weak_keys,
    )
    return certificate_rules(context, sample)


def authority_names(authorities: Mapping[str, IssuedAuthority]) -> dict[bytes, str]:
    """Which CA key bears which subject (DER): two keys never share a name."""
    return {
        x509.load_der_x509_certificate(a.certificate.der).subject.public_bytes(): issuer
        for issuer, a in authorities.items()
    }


def _serial(cycle: Cycle) -> int:
    serial = int.from_bytes(cycle.entropy.token(SERIAL_OCTETS), "big") >> 1
    return serial or 1


def refusal(action: Action, rejected: Rejected) -> Held:
    """What the linter found, as a refusal of the action; nothing was signed."""
    origin = action.meaning.origin if action.meaning else None
    return Held(
        code=rejected.findings[0].code,
        message=f"{action.subject}: {'; '.join(f.message for f in rejected.findings)}",
        remedy="correct what it is declared from",
        origin=origin,
        actions=(action,),
    )


def _unbuildable(action: Action, error: ValueError) -> Held:
    """X.509 cannot say what is declared, e.g. a common name above 64 characters."""
    return Held(
        code="PKI6008",
        message=f"{action.subject}: {error}",
        remedy="correct what it is declared from",
        origin=action.meaning.origin if action.meaning else None,
        actions=(action,),
    )


def _no_issuer(action: Action, meaning: Meaning) -> Held:
    return Held(
        code="PKI6006",
        message=f"{action.subject}: its issuer {meaning.profile.issuer} does not exist yet",
        remedy="see why the issuer's own certificate was not issued",
        origin=meaning.origin,
        actions=(action,),
    )
