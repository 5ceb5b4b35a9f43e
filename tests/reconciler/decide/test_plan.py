"""The planner on values alone: what Git and the clock ask for, and what is held back."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import msgspec
import pytest

from pki_reconciler.decide import report
from pki_reconciler.decide.plan import plan
from pki_schema.desired import (
    AuthoritySettings,
    Identity,
    Meaning,
    Profile,
    RevocationRequest,
    authority_identity,
    certificate_identity,
)
from pki_schema.errors import Position
from pki_schema.fields import Name
from pki_schema.instants import DAY
from pki_schema.issued import (
    Allowance,
    CertificateState,
    Due,
    DueWork,
    IssuedAuthority,
    IssuedCertificate,
    OpenRevocation,
    Subject,
    Touched,
)
from pki_schema.kinds.parts import CrlSettings, OcspSettings
from pki_schema.kinds.revocation import RevocationSpec, RevocationTarget
from pki_schema.planned import Cause, Verb
from tests.fakes import EPOCH

ORIGIN = Position("tenants/vcc/services/api.yaml", 4, 12)
ISSUER = "1" * 64
API = certificate_identity("vcc", "api", "default")


def profile(**changes: object) -> Profile:
    base = Profile(
        issuer="issuing",
        subject=(("2.5.4.3", "api.vcc.local"),),
        names=(("dns", "api.vcc.local"),),
        duration=90 * 86_400,
        key_algorithm="P-256",
        spki=b"a key",
    )
    return msgspec.structs.replace(base, **changes)


def meaning(**changes: object) -> Meaning:
    base = Meaning(subject=API, profile=profile(), renew_before=30 * 86_400, origin=ORIGIN)
    return msgspec.structs.replace(base, **changes)


def certificate(**changes: object) -> IssuedCertificate:
    base = IssuedCertificate(
        issuer=ISSUER,
        serial=0xABC,
        subject=API,
        spec=profile().digest(),
        spki="2" * 64,
        not_before=EPOCH,
        not_after=EPOCH + 90 * DAY,
        state=CertificateState.VALID,
    )
    return msgspec.structs.replace(base, **changes)


def issued(**changes: object) -> Subject:
    """A service certificate that is as declared."""
    base = Subject(
        identity=API, declared=meaning(), applied=meaning(), current=certificate(), commit="c1"
    )
    return msgspec.structs.replace(base, **changes)


def authority(*, lifecycle: str = "active") -> IssuedAuthority:
    settings = AuthoritySettings(
        name="issuing",
        generation=1,
        parent="",
        depth=0,
        issues_for=1461 * 86_400,
        base_urls=("http://pki.vcc.internal",),
        crl=CrlSettings(),
        ocsp=OcspSettings(),
        offline=False,
        lifecycle=lifecycle,
    )
    subject = authority_identity("issuing", 1)
    return IssuedAuthority(
        name="issuing",
        generation=1,
        spki=ISSUER,
        ski="ab" * 20,
        certificate=certificate(subject=subject, spki=ISSUER, not_after=EPOCH + 1826 * DAY),
        meaning=Meaning(
            subject=subject,
            profile=profile(issuer="", ca=True),
            renew_before=0,
            authority=settings,
            origin=Position("cas/issuing.yaml"),
        ),
        parent=ISSUER,
    )


def touched(*subjects: Subject, **more: object) -> Touched:
    base = Touched(
        commit="c1", subjects=subjects, authorities={ISSUER: authority()}, declared_objects=9
    )
    return msgspec.structs.replace(base, **more)


def revocation(
    name: str, count: int, *, commit: str = "c1", reason: str = "superseded"
) -> OpenRevocation:
    spec = RevocationSpec(
        target=RevocationTarget(tenant=Name("vcc"), service=Name("api")),
        reason=reason,  # type: ignore[arg-type]
    )
    return OpenRevocation(
        request=RevocationRequest(
            name=name, spec=spec, origin=Position(f"revocations/{name}.yaml")
        ),
        commit=commit,
        certificates=tuple(certificate(serial=n + 1) for n in range(count)),
    )


def allowance(limit: int, **changes: object) -> Allowance:
    base = Allowance(
        scope="vcc",
        revocations=limit,
        spent=0,
        before=limit,
        origin=Position("tenants/vcc/tenant.yaml", 20, 25),
    )
    return msgspec.structs.replace(base, **changes)


DUE = Due(at=EPOCH + 60 * DAY, ref="Certificate/vcc/api/default", work=DueWork.RENEW)


def verbs(found: Touched, *, later: timedelta = timedelta()) -> list[tuple[str, str]]:
    return [(str(a.verb), str(a.cause)) for a in plan(found, EPOCH + later).actions]


def test_nothing_touched_is_an_empty_plan() -> None:
    assert plan(touched(), EPOCH).actions == ()
    assert report.summary(plan(touched(), EPOCH)) == "Plan: nothing to do."


def test_a_new_subject_is_issued_because_of_git() -> None:
    assert verbs(touched(issued(applied=None, current=None))) == [("issue", "git")]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"duration": 47 * 86_400}, "duration"),
        ({"names": (("dns", "other.vcc.local"),)}, "names"),
        ({"spki": b"another key"}, "key"),
    ],
)
def test_a_changed_profile_is_issued_again_and_says_what_changed(
    change: dict[str, object], word: str
) -> None:
    found = plan(touched(issued(declared=meaning(profile=profile(**change)))), EPOCH)
    assert [(a.verb, a.reason) for a in found.actions] == [(Verb.REISSUE, f"changed: {word}")]


def test_what_is_only_looked_after_differently_is_adopted() -> None:
    assert verbs(touched(issued(declared=meaning(renew_before=86_400)))) == [("adopt", "git")]


def test_a_due_renewal_is_of_the_applied_meaning() -> None:
    """Even while Git declares something that a guard holds back."""
    subject = issued(declared=meaning(profile=profile(duration=86_400)), due=(DUE,))
    held = touched(subject, revocations=(revocation("r", 6),), allowances={"vcc": allowance(5)})
    [renewal] = plan(held, EPOCH + 61 * DAY).actions
    assert (renewal.verb, renewal.cause) == (Verb.RENEW, Cause.CLOCK)
    assert renewal.meaning == meaning()


@pytest.mark.parametrize(
    "subject",
    [
        issued(declared=meaning(suspended=True), due=(DUE,)),
        issued(declared=None, retired=True, due=(DUE,)),
        issued(held_by=("r",), due=(DUE,)),
        issued(current=certificate(state=CertificateState.REVOKED), held_by=("r",), due=(DUE,)),
    ],
    ids=["suspended", "retired", "held by a revocation", "revoked"],
)
def test_what_is_not_renewed(subject: Subject) -> None:
    assert verbs(touched(subject), later=61 * DAY) == []


def test_a_removed_service_retires_and_is_never_revoked() -> None:
    assert verbs(touched(issued(declared=None))) == [("retire", "git")]


def test_a_removed_ca_is_held() -> None:
    ca = authority()
    subject = Subject(
        identity=ca.certificate.subject, applied=ca.meaning, current=ca.certificate, commit="c1"
    )
    found = plan(touched(subject), EPOCH)
    assert [held.code for held in found.held] == ["PKI6003"]
    assert "lifecycle: retired" in found.held[0].remedy


def test_a_blocked_key_waits_for_another() -> None:
    blocked = frozenset({"0" * 64, hashlib.sha256(b"a key").hexdigest()})
    found = plan(touched(issued(applied=None, current=None), blocked=blocked), EPOCH)
    assert found.actions == ()
    assert "commit a CSR with a new key" in found.waiting[0].reason


@pytest.mark.parametrize(
    ("blocked", "held_by"), [(frozenset({ISSUER}), ()), (frozenset(), ("r",))], ids=["key", "held"]
)
def test_a_revoked_ca_waits_for_its_next_generation(
    blocked: frozenset[str], held_by: tuple[str, ...]
) -> None:
    """No new certificate for the key of this one, whether it is lost or only withdrawn."""
    ca = authority()
    own_key = msgspec.structs.replace(ca.meaning, profile=profile(issuer="", ca=True, spki=None))
    subject = Subject(
        identity=ca.certificate.subject,
        declared=own_key,
        applied=own_key,
        current=msgspec.structs.replace(ca.certificate, state=CertificateState.REVOKED),
        commit="c1",
        held_by=held_by,
    )
    found = plan(touched(subject, blocked=blocked), EPOCH)
    assert found.actions == ()
    assert "raise spec.generation" in found.waiting[0].reason


def test_a_change_that_has_to_wait_does_not_keep_the_renewal_waiting() -> None:
    """The new key is another service's: the certificate in use is renewed as it was."""
    stolen = profile(spki=b"somebody else's key")
    owners = {
        hashlib.sha256(b"somebody else's key").hexdigest(): certificate_identity("vcc", "web", "x")
    }
    subject = issued(declared=meaning(profile=stolen), due=(DUE,))
    found = plan(touched(subject, owners=owners), EPOCH + 61 * DAY)
    assert [(a.verb, a.meaning) for a in found.actions] == [(Verb.RENEW, meaning())]
    assert "belongs to Certificate/vcc/web/x" in found.waiting[0].reason


def test_a_removed_csr_waits_while_the_applied_meaning_is_renewed() -> None:
    """Nothing was retired: what was last accepted with a key goes on until somebody says so."""
    found = plan(touched(issued(declared=None, pending=True, due=(DUE,))), EPOCH + 61 * DAY)
    assert [a.verb for a in found.actions] == [Verb.RENEW]
    assert found.waiting[0].reason == "waits for its CSR"


def test_one_key_is_for_one_subject_within_a_plan() -> None:
    """However the two commits that declared them were polled."""
    web = certificate_identity("vcc", "web", "default")
    found = plan(
        touched(
            issued(applied=None, current=None), issued(identity=web, applied=None, current=None)
        ),
        EPOCH,
    )
    assert [a.subject for a in found.actions if a.verb is Verb.ISSUE] == [API]
    assert found.waiting[0].subject == web


def test_a_revocation_that_means_nothing_waits_where_it_is_seen() -> None:
    found = plan(touched(revocations=(revocation("typo", 0),)), EPOCH)
    assert (found.actions, found.waiting[0].reason) == (
        (),
        "matches no certificate; see its target",
    )


def test_the_key_of_a_certificate_revoked_before_is_blocked_when_it_turns_out_to_be_lost() -> None:
    once = certificate(state=CertificateState.REVOKED)
    late = msgspec.structs.replace(revocation("lost", 0, reason="keyCompromise"), former=(once,))
    [action] = plan(touched(revocations=(late,)), EPOCH).actions
    assert (action.certificates, action.blocks) == ((), (once.spki,))


def test_what_outlives_its_issuer_does_not_keep_the_renewal_waiting() -> None:
    long = meaning(profile=profile(duration=1800 * 86_400))
    found = plan(touched(issued(declared=long, due=(DUE,))), EPOCH + 61 * DAY)
    assert [h.code for h in found.held] == ["PKI6005"]
    assert [(a.verb, a.meaning) for a in found.actions if a.meaning] == [(Verb.RENEW, meaning())]


def test_a_due_renewal_that_meets_an_obstacle_is_told() -> None:
    retired = {ISSUER: authority(lifecycle="retired")}
    found = plan(touched(issued(due=(DUE,)), authorities=retired), EPOCH + 61 * DAY)
    assert found.waiting[0].reason == "due for renewal, but its issuer issuing is retired"


def test_nothing_is_issued_from_a_retired_ca() -> None:
    found = plan(
        touched(
            issued(applied=None, current=None), authorities={ISSUER: authority(lifecycle="retired")}
        ),
        EPOCH,
    )
    assert (found.actions, found.waiting[0].reason) == ((), "its issuer issuing is retired")


def test_validity_is_never_clamped() -> None:
    """What would outlive its issuer is held and says so; nothing shorter is issued instead."""
    found = plan(touched(issued(applied=None, current=None)), EPOCH + 1800 * DAY)
    assert (found.actions, found.held[0].code) == ((), "PKI6005")


@pytest.mark.parametrize(("count", "spent", "held"), [(5, 0, False), (6, 0, True), (3, 3, True)])
def test_the_guard_counts_what_is_planned_and_what_was_done(
    count: int, spent: int, held: bool
) -> None:
    found = plan(
        touched(
            revocations=(revocation("r", count),), allowances={"vcc": allowance(5, spent=spent)}
        ),
        EPOCH,
    )
    assert bool(found.held) is held
    assert any(a.verb is Verb.REVOKE for a in found.actions) is not held


def test_a_held_plan_says_the_numbers_and_what_to_commit() -> None:
    found = plan(
        touched(
            issued(applied=None, current=None),
            revocations=(revocation("r", 6),),
            allowances={"vcc": allowance(5)},
        ),
        EPOCH,
    )
    assert found.actions == ()
    [held] = found.held
    assert held.message == "6 revocations in tenant vcc (0 more in the last 24 h), limit 5"
    assert held.remedy == (
        "set spec.limits.revocations: 6 at tenants/vcc/tenant.yaml:20:25, in a commit of its own"
    )
    assert len(held.actions) == 2


@pytest.mark.parametrize(("raised_by", "held"), [("c1", True), ("c0", False)])
def test_a_limit_raised_in_the_same_commit_does_not_count(raised_by: str, held: bool) -> None:
    allowances = {"vcc": allowance(9, before=5, raised_by=raised_by)}
    found = plan(touched(revocations=(revocation("r", 6),), allowances=allowances), EPOCH)
    assert bool(found.held) is held


def test_an_empty_tree_never_acts() -> None:
    found = plan(touched(issued(declared=None), declared_objects=0), EPOCH)
    assert (found.actions, [h.code for h in found.held]) == ((), ["PKI6002"])


def test_equal_input_is_equal_bytes_in_any_order() -> None:
    other = certificate_identity("vcc", "web", "default")
    one, two = (
        issued(applied=None, current=None),
        issued(identity=other, applied=None, current=None),
    )
    assert plan(touched(one, two), EPOCH).actions == plan(touched(two, one), EPOCH).actions
    assert plan(touched(one), EPOCH).canonical() == plan(touched(one), EPOCH).canonical()


def test_revocations_are_told_first() -> None:
    found = plan(
        touched(
            issued(
                identity=certificate_identity("vcc", "web", "default"), applied=None, current=None
            ),
            revocations=(revocation("lost-laptop", 1, reason="keyCompromise"),),
        ),
        EPOCH,
    )
    first, *_ = report.lines(found)
    assert first.startswith("  ! revoke       Revocation/lost-laptop  [git c1] keyCompromise")


def test_long_plans_are_counted_not_dropped() -> None:
    many = [
        issued(
            identity=certificate_identity("vcc", f"s{n}", "default"),
            declared=meaning(profile=profile(spki=f"key {n}".encode())),
            applied=None,
            current=None,
        )
        for n in range(60)
    ]
    told = list(report.lines(plan(touched(*many), EPOCH), limit=50))
    assert "  + … 10 more to issue" in told
    assert told[-1].startswith("Plan: 60 to issue")


def test_identities_read_like_paths() -> None:
    assert str(API) == "Certificate/vcc/api/default"
    assert str(Identity("CertificateAuthority", "", "vcc-root")) == "CertificateAuthority/vcc-root"
