"""Certificates: from a meaning, an issuer, a key, a serial and an instant to bytes to be signed.

Nothing is judged here, and nothing is bent to fit: a certificate that would outlive its issuer is
built as declared, and refused by the linter.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from pki_reconciler.chain import CertificateFacts, Unsigned
from pki_reconciler.decide.build.extensions import own_values, subject_der
from pki_reconciler.decide.build.form import form_of, laid_out, listed
from pki_reconciler.decide.build.issuer import Issuer
from pki_schema.desired import Meaning
from pki_schema.instants import SECOND, Instant
from pki_schema.x509 import der
from pki_schema.x509.algorithms import load_spki

BACKDATE = timedelta(minutes=5)
"""How far notBefore lies before the signature, for relying parties whose clocks are slow."""


def build_certificate(
    meaning: Meaning,
    *,
    issuer: Issuer | None,
    spki: bytes,
    serial: int,
    now: Instant,
    cause: str,
    reason: str,
) -> Unsigned[CertificateFacts]:
    """Lay out a certificate for the key of a DER SubjectPublicKeyInfo, which stands there as it is.

    Without ``issuer`` it is self-signed. ``cause`` and ``reason`` are kept for the ledger. Raises
    ``ValueError`` for what X.509 cannot express: a serial that is not positive or above 159 bits, a
    common name above 64 characters, a country that is not two letters, a self-signed key off the
    closed list.
    """
    if not 0 < serial < 1 << 159:
        raise ValueError("a serial is positive and has no more than 159 bits")
    profile = meaning.profile
    not_before = now - BACKDATE
    # RFC 5280 section 4.1.2.5: the last second counts, so a day is 86,400 seconds and not one more.
    not_after = not_before + timedelta(seconds=profile.duration) - SECOND
    digest = hashlib.sha256(spki).hexdigest()
    if issuer is None:
        public_key = load_spki(spki)
        key_algorithm = listed(public_key)
        draft = laid_out(
            profile,
            issuer=None,
            public_key=public_key,
            serial=serial,
            not_before=not_before,
            not_after=not_after,
        )
    else:
        key_algorithm = issuer.key_algorithm
        form = form_of(profile, issuer, not_before=not_before, not_after=not_after)
        draft = form.filled(
            serial=serial,
            subject=subject_der(profile.subject),
            spki=spki,
            values=own_values(profile.names, spki),
        )
    tbs, algorithm = der.taken_apart(draft)
    return Unsigned(
        facts=CertificateFacts(
            issuer=issuer.spki if issuer else digest,
            serial=serial,
            subject=meaning.subject,
            meaning=meaning,
            spki=digest,
            not_before=not_before,
            not_after=not_after,
            cause=cause,
            reason=reason,
        ),
        draft=draft,
        tbs=tbs,
        algorithm=algorithm,
        signer=issuer.spki if issuer else digest,
        key_algorithm=key_algorithm,
    )
