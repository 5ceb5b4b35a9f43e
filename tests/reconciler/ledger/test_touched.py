"""What one cycle has to look at: exactly what is dirty or due, found through indexes."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from pki_reconciler.ledger import allowances, records, retries, touching
from pki_reconciler.ledger import subjects as subjects_of
from pki_schema.desired import Identity, authority_identity
from pki_schema.instants import to_epoch
from pki_schema.issued import Allowance, DueWork

DAY = 86_400


@pytest.fixture
def ca(world: Any) -> str:
    """An issuing CA under a root, with pre-signed OCSP answers; its CRL and its root's are out."""
    root = world.authority("root")
    issuing = world.authority("issuing", issuer=root, parent="root", ocsp="presigned")
    world.crl(root, 1)
    world.crl(issuing, 1)
    return str(issuing)


def subjects(touched: Any) -> list[Identity]:
    return [subject.identity for subject in touched.subjects]


def quiet(world: Any) -> bool:
    touched = world.touched()
    return not (
        touched.subjects
        or touched.revocations
        or touched.crls_due
        or touched.answers_due
        or touched.expiring
    )


def answer(world: Any, *certificates: Any) -> None:
    """Sign what is due, as far as the ledger can tell."""
    from pki_schema.issued import IssuedAnswer

    with world.ledger.transaction(world.now) as transaction:
        transaction.put_statuses(
            IssuedAnswer(
                issuer=c.issuer,
                serial=c.serial,
                algorithm=algorithm,
                this_update=world.now,
                next_update=world.now + timedelta(days=4),
                der=b"answer",
            )
            for c in certificates
            for algorithm in ("sha1", "sha256")
        )


# Git


def test_an_empty_ledger_touches_nothing(world: Any) -> None:
    touched = world.touched()
    assert (touched.commit, touched.declared_objects) == ("", 0)
    assert quiet(world)


def test_the_life_of_a_certificate(world: Any, make: SimpleNamespace, ca: str) -> None:
    """Declared: dirty. Issued: an answer is due. Answered: quiet until the answer ages."""
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    touched = world.touched()
    assert touched.commit == "c1"
    [subject] = touched.subjects
    assert (subject.identity, subject.declared, subject.applied) == (
        meaning.subject,
        meaning,
        None,
    )
    assert subject.commit == "c1"

    [serial] = world.issue(meaning, issuer=ca)
    touched = world.touched()
    assert subjects(touched) == []
    assert [c.serial for c in touched.answers_due] == [serial]
    answer(world, *touched.answers_due)
    assert quiet(world)

    world.later(days=2)
    world.crl(ca, 2)
    world.crl(world.key_of("root/1"), 2)
    assert [c.serial for c in world.touched().answers_due] == [serial]


def test_a_changed_profile_is_dirty_until_issued(
    world: Any, make: SimpleNamespace, ca: str
) -> None:
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    world.issue(meaning, issuer=ca)
    changed = make.service("a", profile={"names": (("dns", "b.vcc.local"),)})
    world.accept("c2", meanings=(changed,))
    [subject] = world.touched().subjects
    assert (subject.applied, subject.declared, subject.commit) == (meaning, changed, "c2")
    world.issue(changed, issuer=ca)
    assert subjects(world.touched()) == []


def test_changed_care_is_dirty_until_adopted(world: Any, make: SimpleNamespace, ca: str) -> None:
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    world.issue(meaning, issuer=ca)
    changed = make.service("a", renew_before=10 * DAY)
    world.accept("c2", meanings=(changed,))
    assert subjects(world.touched()) == [meaning.subject]
    world.append(records.MeaningAdopted(meaning=changed, commit="c2"))
    assert subjects(world.touched()) == []


def test_a_moved_declaration_is_not_dirty(world: Any, make: SimpleNamespace, ca: str) -> None:
    """Where an author wrote it is no part of what it means."""
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    world.issue(meaning, issuer=ca)
    moved = make.replace(meaning, origin=make.service("elsewhere").origin)
    world.accept("c2", meanings=(moved,))
    assert subjects(world.touched()) == []


def test_what_waits_is_left_alone(world: Any, make: SimpleNamespace, ca: str) -> None:
    """A suspended subject, and one without CSR, cost nothing until Git says otherwise."""
    suspended = make.service("a", suspended=True)
    pending = make.service("b")
    world.accept("c1", meanings=(suspended,), pending=(pending.subject,))
    assert subjects(world.touched()) == []
    world.accept("c2", meanings=(make.service("a"), pending))
    assert subjects(world.touched()) == [suspended.subject, pending.subject]


def test_a_lost_csr_retires_nothing(world: Any, make: SimpleNamespace, ca: str) -> None:
    """The certificate goes on, renewals included."""
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    world.issue(meaning, issuer=ca)
    world.accept("c2", pending=(meaning.subject,))
    assert subjects(world.touched()) == []
    world.later(days=70)
    [subject] = world.touched().subjects
    assert (subject.pending, subject.declared, subject.applied) == (True, None, meaning)
    assert [due.work for due in subject.due] == [DueWork.RENEW]


def test_withdrawn_until_retired(world: Any, make: SimpleNamespace, ca: str) -> None:
    """A deleted service is looked at once; after that no clock renews it."""
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    world.issue(meaning, issuer=ca)
    world.accept("c2", withdrawn=(meaning.subject,))
    [subject] = world.touched().subjects
    assert (subject.declared, subject.retired) == (None, False)
    world.append(records.SubjectRetired(subject=meaning.subject, commit="c2"))
    assert subjects(world.touched()) == []
    world.later(days=80)
    assert subjects(world.touched()) == []


def test_withdrawn_before_it_was_issued_is_nothing(world: Any, make: SimpleNamespace) -> None:
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    world.accept("c2", withdrawn=(meaning.subject,))
    assert quiet(world)


def test_declared_again_after_retirement(world: Any, make: SimpleNamespace, ca: str) -> None:
    """The same meaning under a living certificate needs no new one, and renews again."""
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    world.issue(meaning, issuer=ca)
    world.accept("c2", withdrawn=(meaning.subject,))
    world.append(records.SubjectRetired(subject=meaning.subject, commit="c2"))
    world.accept("c3", meanings=(meaning,))
    [subject] = world.touched().subjects
    assert subject.retired
    world.append(records.MeaningAdopted(meaning=meaning, commit="c3"))
    assert subjects(world.touched()) == []
    world.later(days=70)
    assert subjects(world.touched()) == [meaning.subject]


def test_a_withdrawn_generation_brings_its_successor(world: Any, make: SimpleNamespace) -> None:
    """Whether a CA may go depends on whether another generation is declared."""
    root = world.authority("root")
    old = make.authority("issuing", parent="root")
    world.accept("c1", meanings=(old,))
    world.issue(old, issuer=root)
    new = make.authority("issuing", parent="root", generation=2)
    world.accept("c2", meanings=(new,))
    world.issue(new, issuer=root)
    world.accept("c3", withdrawn=(old.subject,))
    assert subjects(world.touched()) == [old.subject, new.subject]


def test_objects_are_counted(world: Any, make: SimpleNamespace) -> None:
    """Declared objects, each once, whatever happens to them; subjects are not among them."""
    a, b = make.facts("Service", "a", tenant="vcc"), make.facts("Service", "b", tenant="vcc")
    world.accept("c1", objects=(a, b), meanings=(make.service("a"),))
    assert world.touched().declared_objects == 2
    world.accept("c2", objects=(b,))
    assert world.touched().declared_objects == 2
    world.accept("c3", removed=(a.identity,))
    assert world.touched().declared_objects == 1
    world.accept("c4", objects=(a,), removed=(b.identity,))
    assert world.touched().declared_objects == 1


# The clock


def test_renewal_is_spread_but_certain(world: Any, make: SimpleNamespace, ca: str) -> None:
    """Due between 30 and 33 days before the end, at another instant for each."""
    meanings = [make.service(f"s{i}") for i in range(50)]
    world.accept("c1", meanings=tuple(meanings))
    world.issue(*meanings, issuer=ca)
    end = world.now + timedelta(days=90)
    found = [s.due[0].at for s in world.ledger.reader.subjects() if s.identity.tenant == "vcc"]
    assert len(set(found)) > 40
    assert all(end - timedelta(days=33) < at <= end - timedelta(days=30) for at in found)


def test_exactly_the_due_are_touched(world: Any, make: SimpleNamespace, ca: str) -> None:
    """At any instant: those whose renewal is due by then, no others."""
    meanings = [make.service(f"s{i}") for i in range(30)]
    world.accept("c1", meanings=tuple(meanings))
    world.issue(*meanings, issuer=ca)
    instants = {s.identity: s.due[0].at for s in world.ledger.reader.subjects() if s.due}
    for day in (56, 57, 58, 59, 60):
        now = world.now + timedelta(days=day)
        touched = world.ledger.reader.touched(now)
        assert subjects(touched) == sorted(i for i, at in instants.items() if at <= now)
        assert all(due.at <= now for s in touched.subjects for due in s.due)


def test_a_suspended_subject_is_not_renewed(world: Any, make: SimpleNamespace, ca: str) -> None:
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    world.issue(meaning, issuer=ca)
    world.accept("c2", meanings=(make.replace(meaning, suspended=True),))
    world.later(days=80)
    assert subjects(world.touched()) == []


def test_crls_are_due_after_their_refresh(world: Any, ca: str) -> None:
    """A day after thisUpdate by the CA's applied settings; a new CA's first one at once."""
    assert world.touched().crls_due == ()
    world.later(days=1)
    assert set(world.touched().crls_due) == {ca, world.key_of("root/1")}
    world.crl(ca, 2)
    assert world.touched().crls_due == (world.key_of("root/1"),)


def test_a_new_generation_needs_a_crl(world: Any, make: SimpleNamespace, ca: str) -> None:
    meaning = make.authority("issuing", parent="root", generation=2)
    world.accept("c2", meanings=(meaning,))
    world.issue(meaning, issuer=world.key_of("root/1"))
    assert world.touched().crls_due == (world.key_of("issuing/2"),)


def test_expired_certificates_end_once(world: Any, make: SimpleNamespace, ca: str) -> None:
    """NotAfter itself is still valid (RFC 5280 section 4.1.2.5); a second later it is not."""
    meaning = make.service("a", renew_before=0)
    world.accept("c1", meanings=(meaning,))
    [serial] = world.issue(meaning, issuer=ca)
    world.later(days=90)
    assert world.touched().expiring == ()
    world.later(seconds=1)
    touched = world.touched()
    assert [c.serial for c in touched.expiring] == [serial]
    assert serial not in {c.serial for c in touched.answers_due}
    world.append(records.CertificateExpired(issuer=ca, serial=f"{serial:x}"))
    touched = world.touched()
    assert touched.expiring == ()
    # What is still declared and has lost its certificate is certified again.
    assert subjects(touched) == [meaning.subject]


def test_next_due_wakes_the_loop(world: Any, make: SimpleNamespace, ca: str) -> None:
    reader = world.ledger.reader
    assert reader.next_due(after=world.now) == world.now + timedelta(days=1)


# Revocation


@pytest.fixture
def services(world: Any, make: SimpleNamespace, ca: str) -> dict[str, int]:
    """Serials of a/default, a/second, ab/default, and of tenant other's a/default."""
    second = make.service("a")
    second = make.replace(second, subject=Identity("Certificate", "vcc", "a/second"))
    meanings = {
        "a": make.service("a"),
        "a2": second,
        "ab": make.service("ab", template="other"),
        "other": make.service("a", tenant="other"),
    }
    world.accept("c1", meanings=tuple(meanings.values()))
    return dict(zip(meanings, world.issue(*meanings.values(), issuer=ca), strict=True))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"tenant": "vcc", "service": "a"}, {"a", "a2"}),
        ({"tenant": "vcc", "service": "a", "certificate": "second"}, {"a2"}),
        ({"tenant": "other", "service": "a"}, {"other"}),
        ({"template": "other"}, {"ab"}),
        ({"template": "service"}, {"a", "a2", "other"}),
        ({"tenant": "vcc", "service": "b"}, set()),
        ({}, set()),
    ],
)
def test_a_revocation_resolves_to_its_target(
    world: Any,
    make: SimpleNamespace,
    services: dict[str, int],
    target: dict[str, str],
    expected: set[str],
) -> None:
    """The service of that very name and tenant, the template: nothing that merely looks alike."""
    world.accept("c2", objects=(make.revocation("r", **target),))
    [opened] = world.touched().revocations
    assert opened.commit == "c2"
    assert {c.serial for c in opened.certificates} == {services[name] for name in expected}


def test_by_serial_key_and_authority(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    spki = world.ledger.reader.certificate(ca, services["ab"]).spki
    world.accept(
        "c2",
        objects=(
            make.revocation("r1", ca="issuing", serial=f"{services['a']:x}"),
            make.revocation("r2", key=spki),
            make.revocation("r3", authority="issuing"),
            make.revocation("r4", ca="root", serial=f"{services['a']:x}"),
        ),
    )
    found = {r.request.name: r.certificates for r in world.touched().revocations}
    assert [c.serial for c in found["r1"]] == [services["a"]]
    assert [c.serial for c in found["r2"]] == [services["ab"]]
    assert [c.subject for c in found["r3"]] == [authority_identity("issuing", 1)]
    assert found["r4"] == ()


def test_only_what_is_valid_now_is_revoked(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    world.revoke(ca, services["a"])
    world.accept("c2", objects=(make.revocation("r", tenant="vcc", service="a"),))
    [opened] = world.touched().revocations
    assert {c.serial for c in opened.certificates} == {services["a2"]}
    world.later(days=91)
    [opened] = world.touched().revocations
    assert opened.certificates == ()


def test_a_revocation_counts_though_its_file_is_gone(
    world: Any, make: SimpleNamespace, services: dict[str, int]
) -> None:
    """Polled before or after the file was removed: the same certificates end."""
    facts = make.revocation("r", tenant="vcc", service="a")
    world.accept("c2", objects=(facts,))
    world.accept("c3", removed=(facts.identity,))
    [opened] = world.touched().revocations
    assert (opened.request.name, opened.commit) == ("r", "c2")


def test_an_edited_revocation_counts_twice(
    world: Any, make: SimpleNamespace, services: dict[str, int]
) -> None:
    """What any accepted commit revokes is revoked, also if the next commit aims elsewhere."""
    world.accept("c2", objects=(make.revocation("r", tenant="vcc", service="a"),))
    world.accept("c3", objects=(make.revocation("r", tenant="vcc", service="ab"),))
    assert [r.commit for r in world.touched().revocations] == ["c2", "c3"]


def test_a_resolved_revocation_is_over(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    """Bringing the same file back does not revoke what was issued since."""
    facts = make.revocation("r", tenant="vcc", service="a")
    world.accept("c2", objects=(facts,))
    world.append(records.RevocationResolved(name="r", commit="c2", serials=()))
    assert world.touched().revocations == ()
    world.accept("c3", removed=(facts.identity,))
    world.accept("c4", objects=(facts,))
    assert world.touched().revocations == ()


def test_superseded_asks_for_a_new_certificate(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    """Its subject is dirty, its CRL and its answer are due now, and no clock renews it."""
    answer(world, *world.touched().answers_due)
    world.revoke(ca, services["a"])
    touched = world.touched()
    [subject] = touched.subjects
    assert subject.identity == make.service("a").subject
    assert subject.current.state == "revoked"
    assert touched.crls_due == (ca,)
    assert [c.serial for c in touched.answers_due] == [services["a"]]
    world.issue(make.service("a"), issuer=ca)
    assert subjects(world.touched()) == []


def test_other_reasons_hold_the_identity(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    """Neither certified nor renewed until the service names the revocation."""
    meaning = make.service("a")
    world.revoke(ca, services["a"], reason="cessationOfOperation")
    world.append(
        records.RevocationResolved(name="r", commit="c1", serials=(), suspended=(meaning.subject,))
    )
    assert subjects(world.touched()) == []
    assert world.ledger.reader.subject(meaning.subject).held_by == ("r",)
    world.accept("c2", meanings=(make.replace(meaning, resume_after=("r",)),))
    [subject] = world.touched().subjects
    assert subject.held_by == ()


@pytest.mark.parametrize(
    ("declared", "named", "suspended"), [("c2", "c3", False), ("c3", "c2", True)]
)
def test_resume_after_counts_if_it_came_after_the_revocation(
    world: Any,
    make: SimpleNamespace,
    services: dict[str, int],
    ca: str,
    declared: str,
    named: str,
    suspended: bool,
) -> None:
    """In history: both were accepted long before anybody carried the revocation out."""
    meaning = make.replace(make.service("a"), resume_after=("r",))
    facts = make.revocation("r", tenant="vcc", service="a", reason="cessationOfOperation")
    for commit in ("c2", "c3"):
        world.accept(
            commit,
            objects=(facts,) if commit == declared else (),
            meanings=(meaning,) if commit == named else (),
        )
    world.revoke(ca, services["a"], reason="cessationOfOperation")
    world.append(
        records.RevocationResolved(
            name="r", commit=declared, serials=(), suspended=(meaning.subject,)
        )
    )
    subject = world.ledger.reader.subject(meaning.subject)
    assert subject.held_by == (("r",) if suspended else ())


def test_a_name_stays_as_old_as_it_is(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    """Through other changes, a lost CSR and a removed file: none of them names it anew. Left out
    once, it does.
    """
    meaning = make.replace(make.service("a"), resume_after=("r",))
    other = make.replace(meaning, renew_before=DAY)
    facts = make.revocation("r", tenant="vcc", service="a", reason="cessationOfOperation")
    world.accept("c2", meanings=(meaning,))
    world.accept("c3", objects=(facts,))
    world.append(
        records.RevocationResolved(name="r", commit="c3", serials=(), suspended=(meaning.subject,))
    )
    world.accept("c4", meanings=(other,))
    world.accept("c5", pending=(meaning.subject,))
    world.accept("c6", withdrawn=(meaning.subject,))
    world.accept("c7", meanings=(meaning,))
    assert world.ledger.reader.subject(meaning.subject).held_by == ("r",)
    world.accept("c8", meanings=(make.service("a"),))
    world.accept("c9", meanings=(meaning,))
    assert world.ledger.reader.subject(meaning.subject).held_by == ()


def declare(world: Any, make: SimpleNamespace, commit: str, state: str, **more: Any) -> None:
    reason = more.pop("reason", "certificateHold")
    facts = make.revocation("r", tenant="vcc", service="a", state=state, reason=reason)
    world.accept(commit, objects=(facts,), **more)


def resolve(world: Any, make: SimpleNamespace, commit: str, state: str) -> None:
    suspended = () if state == "released" else (make.service("a").subject,)
    world.append(
        records.RevocationResolved(
            name="r", commit=commit, serials=(), suspended=suspended, state=state
        )
    )


def test_what_its_object_took_back_is_not_looked_at(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    """Held, released, held again and made final before anybody looked: only the last is open, and
    carrying it out closes all of them.
    """
    for n, state in enumerate(("held", "released", "held")):
        declare(world, make, f"c{n + 2}", state)
        [opened] = world.touched().revocations
        assert (opened.commit, opened.concludes) == (f"c{n + 2}", False)
    declare(world, make, "c5", "revoked", reason="keyCompromise")
    [opened] = world.touched().revocations
    assert (opened.commit, opened.concludes) == ("c5", False)
    resolve(world, make, "c5", "revoked")
    assert world.touched().revocations == ()


def test_what_is_on_hold_comes_with_its_holders(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    declare(world, make, "c2", "held")
    world.revoke(ca, services["a"], reason="certificateHold", by="r")
    world.revoke(ca, services["a"], reason="certificateHold", by="s")
    resolve(world, make, "c2", "held")
    declare(world, make, "c3", "released")
    [opened] = world.touched().revocations
    assert [(h.certificate.serial, h.by) for h in opened.on_hold] == [(services["a"], ("r", "s"))]
    assert (opened.concludes, opened.former) == (True, ())
    world.later(days=91)
    [opened] = world.touched().revocations
    assert opened.on_hold == ()


def test_a_hold_suspends_until_its_name_is_released(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    """Whatever the service names; and what falls due meanwhile stays due."""
    meaning = make.service("a")
    declare(world, make, "c2", "held")
    world.revoke(ca, services["a"], reason="certificateHold")
    resolve(world, make, "c2", "held")
    world.accept("c3", meanings=(make.replace(meaning, resume_after=("r",)),))
    subject = world.ledger.reader.subject(meaning.subject)
    assert (subject.held_by, subject.holds) == (("r",), ("r",))
    assert [d.work for d in subject.due] == ["renew"]
    declare(world, make, "c4", "released")
    world.release(ca, services["a"])
    resolve(world, make, "c4", "released")
    subject = world.ledger.reader.subject(meaning.subject)
    assert (subject.held_by, subject.current.state) == ((), "valid")
    assert [d.work for d in subject.due] == ["renew"]


def test_a_hold_made_final_suspends_until_it_is_named_after_that(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    meaning = make.replace(make.service("a"), resume_after=("r",))
    declare(world, make, "c2", "held")
    resolve(world, make, "c2", "held")
    declare(world, make, "c3", "revoked", reason="cessationOfOperation", meanings=(meaning,))
    resolve(world, make, "c3", "revoked")
    subject = world.ledger.reader.subject(meaning.subject)
    assert (subject.held_by, subject.holds) == (("r",), ())


def test_the_first_revocation_stands(world: Any, services: dict[str, int], ca: str) -> None:
    """A second one changes neither date nor reason, and is not counted."""
    world.revoke(ca, services["a"], reason="keyCompromise")
    first = world.ledger.reader.certificate(ca, services["a"])
    world.later(hours=1)
    world.revoke(ca, services["a"], reason="superseded")
    assert world.ledger.reader.certificate(ca, services["a"]) == first
    assert world.touched(repository=limit(world)).allowances[""].spent == 1


def test_keys_of_the_touched(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    """Blocked keys and owners are told for declared and applied keys of touched subjects."""
    import hashlib

    taken = hashlib.sha256(b"key of ab").hexdigest()
    blocked = hashlib.sha256(b"key of a").hexdigest()
    world.append(records.KeyBlocked(spki=blocked, revocation="r"))
    changed = make.service("a", profile={"spki": b"key of ab"})
    world.accept("c2", meanings=(changed,))
    touched = world.touched()
    assert touched.blocked == {blocked}
    assert touched.owners[taken] == make.service("ab").subject


# Limits


def limit(world: Any, revocations: int = 3) -> Allowance:
    from pki_schema.errors import Position

    return Allowance(
        scope="", revocations=revocations, spent=0, before=revocations, origin=Position("x.toml")
    )


def test_spent_within_a_day(
    world: Any, make: SimpleNamespace, services: dict[str, int], ca: str
) -> None:
    """Per tenant and for the repository; a day later it is forgotten."""
    world.accept("c2", objects=(make.facts("Tenant", "vcc", revocations_limit=5),))
    world.revoke(ca, services["a"], services["a2"])
    world.later(hours=1)
    world.revoke(ca, services["other"])
    allowances = world.touched(repository=limit(world)).allowances
    assert (allowances["vcc"].spent, allowances[""].spent) == (2, 3)
    assert allowances[""].revocations == 3
    world.later(hours=23)
    allowances = world.touched(repository=limit(world)).allowances
    assert (allowances["vcc"].spent, allowances[""].spent) == (0, 1)
    assert "" not in world.touched().allowances


def test_a_raised_limit_is_kept_apart_from_its_commit(world: Any, make: SimpleNamespace) -> None:
    """Loosening says from what and by whom; tightening counts at once, for that commit too."""

    def accept(commit: str, value: int) -> tuple[int, int, str]:
        world.accept(commit, objects=(make.facts("Tenant", "vcc", revocations_limit=value),))
        found = world.touched().allowances["vcc"]
        return found.revocations, found.before, found.raised_by

    assert accept("c1", 5) == (5, 5, "")
    assert accept("c2", 50) == (50, 5, "c2")
    assert accept("c3", 20) == (20, 5, "c2")
    assert accept("c4", 2) == (2, 2, "c2")
    world.accept("c5", removed=(Identity("Tenant", "", "vcc"),))
    assert accept("c6", 90) == (90, 2, "c6")


# How it is found


def test_every_query_uses_an_index(world: Any, make: SimpleNamespace, ca: str) -> None:
    """No table that grows with what exists is ever read from end to end."""
    now = world.now
    queries = {
        "due": touching.due_query(now),
        "dirty": touching.dirty_query(),
        "revocations": touching.revocations_query(),
        "spent": allowances.spent_query("", now),
        "subjects": subjects_of.subjects_query().where(touching.OBJECT.c.ref.in_(["a", "b"])),
    }
    for name, query in queries.items():
        plan = explain(world, query)
        assert plan, name
        assert all("USING" in step and "SCAN due" not in step for step in plan), (name, plan)
    assert any("object_dirty" in step for step in explain(world, queries["dirty"]))
    assert any("due_retry" in step for step in explain(world, retries.every_query()))


def test_a_quiet_cycle_runs_few_statements(world: Any, make: SimpleNamespace, ca: str) -> None:
    """However many services there are: a handful of queries when nothing is to be done."""
    meanings = [make.service(f"s{i}") for i in range(300)]
    world.accept("c1", meanings=tuple(meanings))
    world.issue(*meanings, issuer=ca)
    answer(world, *world.touched().answers_due)
    reader = world.ledger.reader
    statements: list[str] = []
    sa.event.listen(reader._connection, "before_cursor_execute", lambda *a: statements.append(a[2]))
    touched = reader.touched(world.now + timedelta(hours=1))
    assert quiet(world)
    assert touched.subjects == ()
    assert len(statements) <= 2 * 12, statements
    for statement in statements[: len(statements) // 2]:
        plan = reader._connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", _parameters(statement, to_epoch(world.now))
        )
        steps = [row[3] for row in plan if row[3].startswith(("SCAN", "SEARCH"))]
        assert all("USING" in step for step in steps), (statement, steps)


def _parameters(statement: str, value: int) -> tuple[int, ...]:
    return (value,) * statement.count("?")


def explain(world: Any, query: sa.Select[Any]) -> list[str]:
    connection = world.ledger.reader._connection
    text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    return [row[3] for row in rows if row[3].startswith(("SCAN", "SEARCH"))]
