"""The entries of the ledger: everything that was ever decided or done, one type per fact.

An entry's body is the record's canonical JSON. Every other table is a fold over the entries
(``ledger.fold``): live writing and replay run the same function. DER lives here and nowhere else,
except the *current* CRLs and OCSP answers, whose entries hold digests only.
"""

from __future__ import annotations

from pki_schema.desired import Canonical, Identity, Meaning, RevocationRequest
from pki_schema.errors import Position
from pki_schema.kinds.publication import PublicationSpec
from pki_schema.kinds.trust import TrustBundleSpec


class ObjectFacts(Canonical, frozen=True, kw_only=True):
    """An object of an accepted tree. ``refs`` are the objects it refers to.

    ``revocations_limit`` for tenants; ``revocation``, ``publication`` and ``trust`` for these
    kinds; ``acted_on`` false for kinds that are only recognised.
    """

    identity: Identity
    path: str
    blob: str
    origin: Position
    refs: tuple[Identity, ...] = ()
    acted_on: bool = True
    revocations_limit: int | None = None
    revocation: RevocationRequest | None = None
    publication: PublicationSpec | None = None
    trust: TrustBundleSpec | None = None


class SliceFault(Canonical, frozen=True, kw_only=True):
    """A slice that stands at what was accepted of it last. ``slice`` is a tenant's name, empty for
    the global slice; ``since`` the last commit whose slice was accepted, empty if none was.

    ``problems`` are its first errors as their author would be told, at most ten, ``count`` is how
    many there are.
    """

    slice: str
    since: str
    problems: tuple[str, ...]
    count: int


class Accepted(Canonical, frozen=True, kw_only=True, tag="accepted"):
    """A commit was accepted: how its tree differs from the tree accepted before it.

    ``meanings`` are new or changed subjects, ``pending`` subjects that wait for a CSR,
    ``withdrawn`` subjects that are no longer declared. ``slice`` is ``*``: one entry for all slices
    of a commit that were accepted, ``faulty`` are the others, of which nothing is in this record.
    """

    slice: str = "*"
    commit: str
    parent: str
    objects: tuple[ObjectFacts, ...] = ()
    removed: tuple[Identity, ...] = ()
    meanings: tuple[Meaning, ...] = ()
    pending: tuple[Identity, ...] = ()
    withdrawn: tuple[Identity, ...] = ()
    faulty: tuple[SliceFault, ...] = ()


class Refused(Canonical, frozen=True, kw_only=True, tag="refused"):
    """A commit whose global slice is faulty: nothing of it counts. Written once for each commit."""

    commit: str
    parent: str
    fault: SliceFault


class KeyRecorded(Canonical, frozen=True, kw_only=True, tag="key"):
    """A key exists in the key store, or was first certified. ``spki`` is the DER.

    ``purpose``: authority, responder or service. ``locator``: ``online``, ``offline``, or empty
    for keys that are not ours.
    """

    spki: bytes
    algorithm: str
    purpose: str
    owner: Identity
    locator: str = ""


class KeyBlocked(Canonical, frozen=True, kw_only=True, tag="key-blocked"):
    """A key that must never be certified again. ``spki`` is its SHA-256 (hex)."""

    spki: str
    revocation: str


class CertificateIntended(Canonical, frozen=True, kw_only=True, tag="certificate-intended"):
    """These exact bytes may be signed by this issuer. Instants in epoch seconds."""

    issuer: str
    serial: str
    meaning: Meaning
    spki: str
    not_before: int
    not_after: int
    tbs: bytes
    algorithm: bytes
    key_algorithm: str
    plan: str
    commit: str
    cause: str
    reason: str


class CertificateIssued(Canonical, frozen=True, kw_only=True, tag="certificate-issued"):
    """The certificate in DER; from now on it exists."""

    issuer: str
    serial: str
    der: bytes


class SerialBurnt(Canonical, frozen=True, kw_only=True, tag="serial-burnt"):
    """An intent without a known signature that may not be signed again: its serial goes on the CRL.

    ``reason`` is one of ``kinds.revocation.Reason``, or words that the CRL leaves out.
    """

    issuer: str
    serial: str
    reason: str


class MeaningAdopted(Canonical, frozen=True, kw_only=True, tag="meaning-adopted"):
    """What changed needed no signature: from now on the subject is looked after by this meaning."""

    meaning: Meaning
    commit: str


class SubjectRetired(Canonical, frozen=True, kw_only=True, tag="subject-retired"):
    """No longer declared: no more renewals; its status is served until it expires."""

    subject: Identity
    commit: str


class Revoked(Canonical, frozen=True, kw_only=True, tag="revoked"):
    """A certificate is revoked; ``revoked_at``, ``invalidity_date`` in epoch seconds.

    With ``certificateHold`` until every revocation that holds it has ``Released`` it, else for
    ever. A hold that becomes final keeps its date on lists and in answers.
    """

    issuer: str
    serial: str
    revoked_at: int
    reason: str
    invalidity_date: int | None = None
    revocation: str = ""
    cause: str


class Released(Canonical, frozen=True, kw_only=True, tag="released"):
    """A certificate on hold (``Revoked`` with reason ``certificateHold``) is valid again, by the
    same ``Revocation`` with ``state: released``; unless another one holds it, too, or it expired.
    """

    issuer: str
    serial: str
    revocation: str


class RevocationResolved(Canonical, frozen=True, kw_only=True, tag="revocation-resolved"):
    """A declared revocation has been carried out; ``suspended`` identities are not certified again
    until their service's ``resumeAfter`` names it. ``state`` is what it said: a hold (``held``)
    suspends them until the same name is ``released``, which frees all it suspends, or ``revoked``.
    """

    name: str
    commit: str
    serials: tuple[tuple[str, str], ...]
    suspended: tuple[Identity, ...] = ()
    state: str = "revoked"


class CertificateExpired(Canonical, frozen=True, kw_only=True, tag="certificate-expired"):
    """Its notAfter has passed and its status is no longer served by OCSP."""

    issuer: str
    serial: str


class CrlIntended(Canonical, frozen=True, kw_only=True, tag="crl-intended"):
    """This CRL number may be signed with these bytes only. Instants in epoch seconds."""

    issuer: str
    scope: str
    number: int
    tbs_digest: str
    this_update: int
    next_update: int
    regular: bool
    plan: str
    commit: str


class CrlIssued(Canonical, frozen=True, kw_only=True, tag="crl-issued"):
    """The CRL with this number was signed; ``content_digest`` is the SHA-256 of its DER."""

    issuer: str
    scope: str
    number: int
    content_digest: str


class AnswersIntended(Canonical, frozen=True, kw_only=True, tag="answers-intended"):
    """A batch of OCSP answers may be signed: one intent over their ordered TBS digests."""

    issuer: str
    signer: str
    content_digest: str
    count: int
    plan: str
    commit: str


class AnswersIssued(Canonical, frozen=True, kw_only=True, tag="answers-issued"):
    """The batch of answers intended at entry ``intent`` was signed; digest over the DER digests."""

    issuer: str
    intent: int
    content_digest: str
    count: int


class BatchAbandoned(Canonical, frozen=True, kw_only=True, tag="batch-abandoned"):
    """A CRL or a batch of answers was intended at ``intent`` and never recorded: superseded by a
    later number or a later batch, because bytes that never left cannot be relied on.
    """

    intent: int


class Recovered(Canonical, frozen=True, kw_only=True):
    """What a certificate (DER) says that was found published; instants in epoch seconds. ``issuer``
    and ``spki`` are digests (hex) of keys.
    """

    issuer: str
    serial: str
    spki: str
    not_before: int
    not_after: int
    tbs_digest: str
    der: bytes


class AuthorityRecovered(Recovered, frozen=True, kw_only=True, tag="authority-recovered"):
    """A CA or responder certificate found published, whose key the key store has, and which this
    ledger did not know. ``meaning`` is what Git declares for it.
    """

    meaning: Meaning


class CertificateRecovered(Recovered, frozen=True, kw_only=True, tag="certificate-recovered"):
    """A service certificate found published that this ledger did not know, by an issuer that it
    knows and whose signature fits. ``subject`` by the path where it was found.

    ``meaning`` is what Git declares for it, where that makes exactly these bytes; else it is looked
    after by none, and ``template`` is its subject's, as far as that is known. ``commit`` is the one
    under which it was certified, by the pointer that named it.
    """

    subject: Identity
    commit: str = ""
    meaning: Meaning | None = None
    template: str = ""


class RevocationRecovered(Canonical, frozen=True, kw_only=True, tag="revocation-recovered"):
    """A revocation found on a published CRL that this ledger did not know; epoch seconds."""

    issuer: str
    serial: str
    revoked_at: int
    reason: str
    invalidity_date: int | None = None


class CrlRecovered(Canonical, frozen=True, kw_only=True, tag="crl-recovered"):
    """A CRL found published whose number is above every one that this ledger knew; it is the
    predecessor of the next one. Instants in epoch seconds.
    """

    issuer: str
    scope: str
    number: int
    content_digest: str
    this_update: int
    next_update: int


class Doubted(Canonical, frozen=True, kw_only=True, tag="doubted"):
    """From here on nothing is issued until ``Confirmed``. ``what`` is ``ledger``: it knows less
    than keys or publications bear witness to. ``evidence`` is told to people.

    ``entries`` and ``fence`` are the highest that marks told (``targets.marks``): what they say up
    to these is accounted for.
    """

    what: str
    evidence: str
    entries: int = 0
    fence: int = 0


class Orphaned(Canonical, frozen=True, kw_only=True, tag="orphaned"):
    """A writer, by its fencing number, left ``count`` certificates of this issuer intended and not
    recorded. Written once for each by the writer who finds them.
    """

    issuer: str
    fence: int
    count: int


class Confirmed(Canonical, frozen=True, kw_only=True, tag="confirmed"):
    """A person has looked and said that it is right: ``what`` is ``ledger``, ``clock``, or
    ``crashes`` (what made writers end in the middle of their work).
    """

    what: str


Record = (
    Accepted
    | Refused
    | KeyRecorded
    | KeyBlocked
    | CertificateIntended
    | CertificateIssued
    | SerialBurnt
    | MeaningAdopted
    | SubjectRetired
    | Revoked
    | RevocationResolved
    | CertificateExpired
    | CrlIntended
    | CrlIssued
    | AnswersIntended
    | AnswersIssued
    | BatchAbandoned
    | Released
    | AuthorityRecovered
    | CertificateRecovered
    | RevocationRecovered
    | CrlRecovered
    | Doubted
    | Orphaned
    | Confirmed
)
